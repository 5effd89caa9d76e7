// How large and how opaque points are, by how many there are and how far the view is zoomed in.

/** Diameter of a point in CSS pixels: what fills the view when there are few, dots when there are many. */
export function pointSizeFor(count: number, magnified: number): number {
  const base = Math.max(1.4, Math.min(7, 600 / Math.sqrt(Math.max(1, count)) + 1));
  return Math.min(14, base * Math.max(1, magnified) ** 0.4);
}

/** Many points must let the ones below shine through; zoomed in there are few again. */
export function opacityFor(count: number, magnified: number): number {
  const crowd = Math.max(0.25, Math.min(0.9, 220 / Math.sqrt(Math.max(1, count))));
  return Math.min(0.95, crowd * Math.max(1, magnified) ** 0.3);
}

/** Size of a mark, from corner to corner, among points of a size: as much ink again, and never so small that its outline is all of it. */
export function markSizeFor(pointSize: number): number {
  return Math.max(7, 1.5 * pointSize + 2);
}

/** Width of a mark's outline in CSS pixels. */
export const markOutline = 1.25;
