/** Where the page may show a picture from: localloop itself. What lies elsewhere is a link; nobody else is asked. */

/** The same picture under an address of this page; null when it lies elsewhere. */
export function shownAt(url: string, baseUrl: string, here: string): string | null {
  let found: URL;
  try {
    found = new URL(url, here);
  } catch {
    return null;
  }
  if (found.origin !== new URL(here).origin && found.origin !== originOf(baseUrl)) return null;
  if (found.pathname.startsWith("/console/pictures/")) return found.pathname;
  return /^\/2010-04-01\/Accounts\/\w+\/Messages\/\w+\/Media\/\w+$/u.test(found.pathname) ? `/console/api/rest${found.pathname}` : null;
}

function originOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return "";
  }
}
