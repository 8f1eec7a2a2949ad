/** Addresses of the console's pages. Pure; `place.svelte.ts` holds where the reader is. */

export const BASE = "/console";

export type Page =
  | "start"
  | "phones"
  | "messages"
  | "message"
  | "calls"
  | "call"
  | "conferences"
  | "conference"
  | "queues"
  | "queue"
  | "deliveries"
  | "delivery"
  | "request"
  | "services"
  | "scheduled"
  | "opt-outs"
  | "templates"
  | "account"
  | "numbers"
  | "keys"
  | "explorer"
  | "lab"
  | "unknown";

export interface Place {
  page: Page;
  /** What follows the page's name in the path: a SID, phone numbers, an operation. */
  parts: string[];
  query: URLSearchParams;
}

const ONE = { calls: "call", conferences: "conference", queues: "queue" } as const;

export function parse(path: string, search = ""): Place {
  const query = asked(search);
  const parts = path.replace(BASE, "").split("/").filter(Boolean).map(decoded);
  const [first, ...rest] = parts;
  const place = (page: Page, left: string[] = []): Place => ({ page, parts: left, query });
  switch (first) {
    case undefined:
      return place("start");
    case "phones":
      return place("phones", rest.join("/").split(",").filter(Boolean));
    case "messages":
      return rest[0] ? place("message", rest) : place("messages");
    case "calls":
    case "conferences":
    case "queues":
      return rest[0] ? place(ONE[first], rest) : place(first);
    case "deliveries":
      return rest[0] ? place("delivery", rest) : place("deliveries");
    case "requests":
      return rest[0] ? place("request", rest) : place("unknown");
    case "messaging":
      if (rest[0] === undefined) return place("services");
      if (rest[0] === "scheduled" || rest[0] === "opt-outs" || rest[0] === "templates") return place(rest[0]);
      return place("unknown");
    case "account":
      if (rest[0] === "numbers") return place("numbers", rest.slice(1));
      if (rest[0] === "keys") return place("keys");
      return rest[0] ? place("unknown") : place("account");
    case "explorer":
      return place("explorer", rest);
    case "lab":
      return rest[0] ? place("unknown") : place("lab");
    default:
      return place("unknown");
  }
}

/** A plus is a plus here: `?q=to:+1555` means what it shows. */
function asked(search: string): URLSearchParams {
  return new URLSearchParams(search.replace(/\+/g, "%2B"));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a page; `+` and `,` stay readable, as in /console/phones/+15551230001,+15551230002. */
export function href(page: string, parts: string[] = [], query: Record<string, string> = {}): string {
  const path = [page, ...parts.map(readable)].filter(Boolean).join("/");
  const search = Object.entries(query)
    .filter(([, value]) => value)
    .map(([name, value]) => `${name}=${readable(value)}`)
    .join("&");
  return `${BASE}/${path}${search ? `?${search}` : ""}`;
}

const readable = (text: string): string =>
  encodeURIComponent(text).replace(/%(?:2B|2C|3A)/g, (code) => decodeURIComponent(code));

export function phonesHref(numbers: string[]): string {
  return href("phones", numbers.length ? [numbers.join(",")] : []);
}
