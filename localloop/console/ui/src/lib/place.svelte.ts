/** Where the reader is: the History API, behind one reactive value. */

import { BASE, parse, type Place } from "./router";

/** Where a list was last looked at, with its search: the way back from one of its rows. */
const lists: Record<string, string> = {};

let current = $state.raw<Place>(parse(location.pathname, location.search));

export const place = {
  get now(): Place {
    return current;
  },
  list(page: string): string {
    return lists[page] ?? `${BASE}/${page}`;
  },
};

function follow(): void {
  current = parse(location.pathname, location.search);
  lists[current.page] = location.pathname + location.search;
}

follow();

export function go(address: string, { replace = false } = {}): void {
  if (address === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  follow();
}

/** Clicks on our own links stay in the page; with a modifier or another target they are the browser's. */
function click(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = (event.target as Element).closest("a");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (!link.pathname.startsWith(`${BASE}/`)) return;
  event.preventDefault();
  go(link.pathname + link.search);
}

export function watch(): () => void {
  addEventListener("popstate", follow);
  document.addEventListener("click", click);
  return () => {
    removeEventListener("popstate", follow);
    document.removeEventListener("click", click);
  };
}
