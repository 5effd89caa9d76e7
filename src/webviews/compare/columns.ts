/** A map narrower or lower than this shows nothing (CSS pixels); lower ones scroll. */
export const leastPanel = { width: 240, height: 220 };
const mostColumns = 3;

/**
 * The number of columns, 1 to 3, in which `count` panels are largest in a place of so many CSS pixels; where that makes no
 * difference, those with which least must be scrolled, and few rather than many.
 */
export function columnsFor(count: number, width: number, height: number): number {
  let best = { columns: 1, side: 0, fits: 0 };
  for (let columns = 1; columns <= Math.min(mostColumns, count); columns++) {
    if (columns > 1 && width / columns < leastPanel.width) break;
    const share = height / Math.ceil(count / columns);
    const side = Math.min(width / columns, Math.max(leastPanel.height, share));
    const fits = Math.min(leastPanel.height, share);
    if (side > best.side || (side === best.side && fits > best.fits)) best = { columns, side, fits };
  }
  return best.columns;
}
