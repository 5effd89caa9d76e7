import { LatentError } from "../../protocol/errors";

// Names from files become option ids and keys of maps, never keys of plain objects: "__proto__" is a name like others.

/** The id of the answer "none" in choices whose other ids are names from files. */
export const none = "(none)";

/** Trimmed names made distinct, empty ones numbered: ["a", "a", ""] → ["a", "a (2)", "column 3"]. */
export function distinctNames(names: readonly string[], emptyName: (index: number) => string = index => `column ${index + 1}`): string[] {
  const taken = new Set([none]);
  const copies = new Map<string, number>();
  return names.map((name, index) => {
    const base = name.trim() || emptyName(index);
    let candidate = base;
    while (taken.has(candidate)) {
      const copy = (copies.get(base) ?? 1) + 1;
      copies.set(base, copy);
      candidate = `${base} (${copy})`;
    }
    taken.add(candidate);
    return candidate;
  });
}

/** The column of that name; `bad-request` when there is none. */
export function columnNamed<C extends { name: string }>(columns: readonly C[], name: string): C {
  const found = columns.find(column => column.name === name);
  if (!found) throw new LatentError("bad-request", `there is no column "${name}"`);
  return found;
}
