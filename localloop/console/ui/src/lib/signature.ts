/** Why a signature does not match: what was signed, held against what a program says it checked. */

import { hmacSha1 } from "./sha1";

export type Pair = [string, string];

export interface Signed {
  url: string;
  token: string;
  pairs: Pair[];
}

/** The pairs of a form, decoded as servers do. */
export function form(text: string): Pair[] {
  return [...new URLSearchParams(text.trim())];
}

/** The text that is signed: the address, then names and values in the order of the names' bytes, without separators. */
export function signedText(url: string, pairs: Pair[]): string {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of pairs) values.set(name, (values.get(name) ?? new Set()).add(value));
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const parts = [...values].sort(([a], [b]) => order(a, b)).map(([name, all]) => [...all].sort(order).map((value) => name + value).join(""));
  return url + parts.join("");
}

export const signature = (signed: Signed): string => hmacSha1(signed.token, signedText(signed.url, signed.pairs));

/** Twilio's validators try an address without a port, and with its own or the standard one. */
function variants(url: string): string[] {
  const [, scheme = "", authority = "", rest = ""] = /^([a-z]+:\/\/)([^/?#]*)(.*)$/is.exec(url) ?? [];
  if (!scheme) return [url];
  const bare = authority.replace(/:\d+$/, "");
  const ported = bare === authority ? `${bare}:${scheme.toLowerCase() === "https://" ? 443 : 80}` : authority;
  return [scheme + bare + rest, scheme + ported + rest];
}

export const matches = (signed: Signed, header: string): boolean => variants(signed.url).some((url) => signature({ ...signed, url }) === header);

export interface Finding {
  what: string;
  advice: string;
}

/** Every difference between what was sent and what the program checked; none, and they match. */
export function explain(sent: Signed, checked: Signed, header: string): Finding[] {
  if (matches(checked, header)) return [];
  const found = [...aboutToken(sent, checked, header), ...aboutUrl(sent.url, checked.url), ...aboutForm(sent.pairs, checked.pairs)];
  if (found.length) return found;
  return [{ what: "Address, token and form are as they were sent, and still it does not match.", advice: "Then the header is another one: compare it, character by character, with the X-Twilio-Signature above." }];
}

function aboutToken(sent: Signed, checked: Signed, header: string): Finding[] {
  if (checked.token.trim() !== checked.token) return [{ what: "The token has blanks around it.", advice: "Trim what is read from the file or the environment." }];
  if (sent.token && checked.token !== sent.token) return [{ what: "The token is another one.", advice: "Requests are signed with the primary auth token of the account in AccountSid, a subaccount's with its own; never with an API key's secret." }];
  if (sent.token && !matches(sent, header)) return [{ what: "It was signed with another token than the account has now.", advice: "The token was changed since. Send it again, and it is signed with the present one." }];
  return [];
}

function aboutUrl(sent: string, checked: string): Finding[] {
  const [theirs, ours] = [parsed(checked), parsed(sent)];
  if (!theirs || !ours) return theirs ? [] : [{ what: "What is checked is no absolute address.", advice: "Use all of it: scheme, host, path and query." }];
  const found: Finding[] = [];
  const differ = (what: string, advice: string): void => void found.push({ what, advice });
  if (theirs.protocol !== ours.protocol) differ(`The scheme is ${theirs.protocol.slice(0, -1)}, and ${ours.protocol.slice(0, -1)} was signed.`, "A proxy before your program ends TLS, or a tunnel begins it: build the address from X-Forwarded-Proto, or from the address that you gave.");
  if (theirs.hostname !== ours.hostname) differ(`The host is ${theirs.hostname}, and ${ours.hostname} was signed.`, "A proxy passes another Host on: build the address from X-Forwarded-Host, or from the address that you gave.");
  else if (effectivePort(theirs) !== effectivePort(ours)) differ(`The port is ${effectivePort(theirs)}, and ${effectivePort(ours)} was signed.`, "Sign with the port of the address that you gave, not with the one that your program listens on.");
  if (theirs.pathname !== ours.pathname) differ(`The path is ${theirs.pathname}, and ${ours.pathname} was signed.`, pathAdvice(theirs.pathname, ours.pathname));
  if (theirs.search !== ours.search) differ(theirs.search ? `The query is ${theirs.search}, and ${ours.search || "none"} was signed.` : `The query ${ours.search} is missing.`, "The query belongs to the address as it stands: same order, same encoding.");
  if (!found.length && checked.includes("#")) differ("The address still has its fragment.", "What stands behind # is for the connection; it is neither sent nor signed.");
  if (!found.length && checked.split("#")[0] !== sent) differ("The address is written in another way.", "It is signed as it was given, percent signs included: do not decode it and encode it again.");
  return found;
}

function pathAdvice(theirs: string, ours: string): string {
  if (theirs.replace(/\/$/, "") === ours.replace(/\/$/, "")) return "A slash at the end counts: frameworks add or take it away.";
  if (ours.endsWith(theirs)) return "A proxy takes the first part of the path away: put it back before you check.";
  return "Check the path that came, before a router or a proxy rewrites it.";
}

function aboutForm(sent: Pair[], checked: Pair[]): Finding[] {
  const [ours, theirs] = [new Map(sent), new Map(checked)];
  const found: Finding[] = [];
  const missing = [...ours.keys()].filter((name) => !theirs.has(name));
  const extra = [...theirs.keys()].filter((name) => !ours.has(name));
  if (missing.length) {
    const empty = missing.every((name) => ours.get(name) === "");
    found.push({ what: `Missing from the form: ${missing.join(", ")}.`, advice: empty ? "Empty values count: tell your parser to keep them." : "All parameters are signed, also those that you do not know: pass the whole form on." });
  }
  if (extra.length) found.push({ what: `Not in the form that was sent: ${extra.join(", ")}.`, advice: "Of a POST only the body is checked as a form; the query belongs to the address." });
  for (const [name, value] of ours) {
    const other = theirs.get(name);
    if (other !== undefined && other !== value) found.push({ what: `${name} is ${JSON.stringify(other)}, and ${JSON.stringify(value)} was signed.`, advice: valueAdvice(other, value) });
  }
  return found;
}

function valueAdvice(theirs: string, ours: string): string {
  if (theirs === ours.trim()) return "Something trims the values; blanks at their ends are signed.";
  if (theirs === ours.replace(/\+/g, " ")) return "A plus was decoded twice.";
  if (safeDecoded(theirs) === ours) return "It is still encoded: check the decoded values.";
  return "Check the values as they came, before anything normalises them.";
}

function safeDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, " "));
  } catch {
    return text;
  }
}

function parsed(url: string): URL | null {
  try {
    return new URL(url.trim());
  } catch {
    return null;
  }
}

const effectivePort = (url: URL): string => url.port || (url.protocol === "https:" ? "443" : "80");
