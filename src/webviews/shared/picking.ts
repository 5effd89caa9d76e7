import type { AreaEvent, PointEvent } from "./pointCloud/pointCloudElement";

/** The selection after a click: the row, or nothing where none is; with Ctrl or ⌘ the row is added or taken out. */
export function afterPick(selection: Int32Array, { row, additive }: PointEvent): Int32Array {
  if (row < 0) return new Int32Array(0);
  if (!additive) return Int32Array.of(row);
  const rest = selection.filter(other => other !== row);
  return rest.length < selection.length ? rest : Int32Array.of(...selection, row);
}

/** The selection after a box or a lasso, which with Ctrl or ⌘ adds to it; ascending. */
export function afterAreaPick(selection: Int32Array, { rows, additive }: AreaEvent): Int32Array {
  return additive ? Int32Array.from(new Set([...selection, ...rows])).sort() : rows;
}
