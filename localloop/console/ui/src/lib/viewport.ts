/** Which rows of a long list are in view. Pure. */

/** Browsers draw no taller element; past it the scroll bar stands for more rows than it has pixels. */
const MAX_HEIGHT = 15_000_000;
const OVERSCAN = 6;

export interface Window {
  /** The height that the scroll bar sees. */
  height: number;
  first: number;
  count: number;
  /** Where the first row is drawn, from the top of the list. */
  offset: number;
}

export function visible(total: number, rowHeight: number, scrollTop: number, viewHeight: number): Window {
  const full = total * rowHeight;
  const height = Math.min(full, MAX_HEIGHT);
  const reach = Math.max(1, height - viewHeight);
  const virtualTop = full > height ? (Math.min(scrollTop, reach) / reach) * (full - viewHeight) : scrollTop;
  const first = Math.max(0, Math.floor(virtualTop / rowHeight) - OVERSCAN);
  const count = Math.min(total - first, Math.ceil(viewHeight / rowHeight) + 2 * OVERSCAN);
  return { height, first, count: Math.max(0, count), offset: scrollTop - (virtualTop - first * rowHeight) };
}

/** Where to scroll so that a row can be seen; unchanged when it is. */
export function reveal(index: number, total: number, rowHeight: number, scrollTop: number, viewHeight: number): number {
  const full = total * rowHeight;
  const height = Math.min(full, MAX_HEIGHT);
  const factor = full > height ? (height - viewHeight) / (full - viewHeight) : 1;
  const top = index * rowHeight * factor;
  const bottom = ((index + 1) * rowHeight - viewHeight) * factor;
  if (top < scrollTop) return top;
  return bottom > scrollTop ? bottom : scrollTop;
}
