/**
 * The search syntax of the lists, as the page needs it: its terms for hints and colour, and a test of rows that
 * arrive live. The server answers a search; this only decides whether a new row belongs to it.
 */

import type { Delivery, Message } from "./types";
import type { Call } from "./voice";

export interface Term {
  key: string;
  value: string;
  start: number;
  end: number;
  /** A key that the list does not know. */
  known: boolean;
}

export interface Hint {
  key: string;
  meaning: string;
  example: string;
  values?: string[];
}

export const MESSAGE_HINTS: Hint[] = [
  { key: "to", meaning: "whom it is for, from the start", example: "to:+1555" },
  { key: "from", meaning: "who sent it", example: "from:+1555123" },
  {
    key: "status",
    meaning: "where it stands",
    example: "status:failed",
    values: ["queued", "sending", "sent", "delivered", "undelivered", "failed", "received", "scheduled", "canceled"],
  },
  { key: "direction", meaning: "which way", example: "direction:inbound", values: ["inbound", "outbound", "outbound-api", "outbound-reply"] },
  { key: "since", meaning: "not older than", example: "since:1h" },
  { key: "until", meaning: "not newer than", example: "until:2026-01-31" },
  { key: "body", meaning: "words in the text", example: 'body:"your code"' },
  { key: "error", meaning: "an error code, any or none", example: "error:30003", values: ["any", "none"] },
  { key: "sid", meaning: "one message", example: "sid:SM…" },
  { key: "account", meaning: "a subaccount", example: "account:AC…" },
];

export const CALL_HINTS: Hint[] = [
  { key: "to", meaning: "who is called, from the start", example: "to:+1555" },
  { key: "from", meaning: "who calls", example: "from:+1555123" },
  {
    key: "status",
    meaning: "where it stands",
    example: "status:no-answer",
    values: ["queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"],
  },
  { key: "direction", meaning: "which way", example: "direction:inbound", values: ["inbound", "outbound", "outbound-api", "outbound-dial"] },
  { key: "since", meaning: "not older than", example: "since:1h" },
  { key: "until", meaning: "not newer than", example: "until:2026-01-31" },
  { key: "parent", meaning: "the call that dialled it", example: "parent:CA…" },
  { key: "sid", meaning: "one call", example: "sid:CA…" },
  { key: "account", meaning: "a subaccount", example: "account:AC…" },
];

export const DELIVERY_HINTS: Hint[] = [
  { key: "url", meaning: "part of the address", example: "url:/sms" },
  { key: "status", meaning: "failed, ok, 500 or 5xx", example: "status:failed", values: ["failed", "ok", "4xx", "5xx"] },
  { key: "kind", meaning: "what it told", example: "kind:notification", values: ["notification", "instruction"] },
  { key: "resource", meaning: "the message or call that it is about", example: "resource:SM…" },
  { key: "error", meaning: "an error code, any or none", example: "error:11200", values: ["any", "none"] },
  { key: "since", meaning: "not older than", example: "since:15m" },
  { key: "until", meaning: "not newer than", example: "until:2026-01-31" },
];

const TERM = /(?:([a-z_]+):(?!\/\/))?("(?:[^"\\]|\\.)*"?|\S+)/giu;

export function terms(query: string, hints: Hint[]): Term[] {
  const keys = new Set(hints.map((hint) => hint.key));
  return [...query.matchAll(TERM)].map((found) => {
    const key = (found[1] ?? "").toLowerCase();
    const value = (found[2] ?? "").replace(/^"|"$/gu, "").replace(/\\(.)/gu, "$1");
    return { key, value, start: found.index, end: found.index + found[0].length, known: !key || keys.has(key) };
  });
}

/** What of a query can be asked while it is still typed: not the term at its end that has no value yet. */
export function settled(query: string): string {
  const open = (query.replace(/\\./gu, "").split('"').length - 1) % 2 === 1;
  return (open ? query.slice(0, query.lastIndexOf('"')) : query).replace(/(?:^|\s)[a-z_]+:$/iu, "").trim();
}

/** The hints that continue what stands before the caret. */
export function suggest(query: string, caret: number, hints: Hint[]): { text: string; meaning: string }[] {
  const word = /\S*$/u.exec(query.slice(0, caret))?.[0] ?? "";
  const [key, value] = word.includes(":") ? [word.slice(0, word.indexOf(":")), word.slice(word.indexOf(":") + 1)] : [word, null];
  if (value === null)
    return hints
      .filter((hint) => hint.key.startsWith(key.toLowerCase()))
      .map((hint) => ({ text: `${hint.key}:`, meaning: `${hint.meaning}, as in ${hint.example}` }));
  const hint = hints.find((one) => one.key === key.toLowerCase());
  return (hint?.values ?? [])
    .filter((one) => one.startsWith(value.toLowerCase()) && one !== value)
    .map((one) => ({ text: `${key}:${one} `, meaning: "" }));
}

/** The query with the word before the caret replaced, and where the caret then stands. */
export function complete(query: string, caret: number, text: string): { query: string; caret: number } {
  const before = query.slice(0, caret).replace(/\S*$/u, "");
  return { query: before + text + query.slice(caret).replace(/^\S+/u, ""), caret: before.length + text.length };
}

/** A filter button: sets `key:value`, or takes it away when it stands there. */
export function toggle(query: string, key: string, value: string): string {
  const without = query.replace(new RegExp(`(?:^|\\s)${key}:\\S*`, "giu"), " ").replace(/\s+/g, " ").trim();
  return has(query, key, value) ? without : `${without} ${key}:${value}`.trim();
}

export function has(query: string, key: string, value: string): boolean {
  return query.toLowerCase().split(/\s+/).includes(`${key}:${value}`);
}

const UNITS: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 604800e3 };

function momentOf(value: string, now: number): number | null {
  const ago = /^(\d+)([smhdw])$/u.exec(value);
  if (ago) return now - Number(ago[1]) * (UNITS[ago[2] ?? ""] ?? 0);
  const parsed = Date.parse(value);
  return Number.isNaN(parsed) ? null : parsed;
}

const within = (text: string | null, part: string): boolean => (text ?? "").toLowerCase().includes(part.toLowerCase());
const anyOf = (value: string, fits: (one: string) => boolean): boolean => value.toLowerCase().split(",").filter(Boolean).some(fits);

/** How a number begins (`+1555`, also behind `whatsapp:`), else any part of an address. */
function isAddress(address: string | null, value: string): boolean {
  const text = value.replace(/[\s().-]/gu, "") || value;
  if (!text.startsWith("+")) return within(address, text);
  return (address ?? "").startsWith(text) || within(address, `:${text}`);
}

function isError(code: number | null, value: string): boolean {
  return anyOf(value, (one) => (one === "any" ? code !== null : one === "none" ? code === null : String(code) === one));
}

function isOutcome(code: number | null, value: string): boolean {
  const good = code !== null && code >= 200 && code < 300;
  if (value === "ok" || value === "failed") return good === (value === "ok");
  if (/^[1-5]xx$/u.test(value)) return String(code)[0] === value[0] && code !== null;
  return String(code) === value;
}

type Test<T> = (row: T, value: string, now: number) => boolean;

const since: Test<{ date_created: string }> = (row, value, now) => Date.parse(row.date_created) >= (momentOf(value, now) ?? -Infinity);
const until: Test<{ date_created: string }> = (row, value, now) => Date.parse(row.date_created) < (momentOf(value, now) ?? Infinity);

const MESSAGE_TESTS: Record<string, Test<Message>> = {
  "": (row, value) => within(row.body, value) || isAddress(row.to, value) || isAddress(row.from, value) || row.sid === value,
  to: (row, value) => isAddress(row.to, value),
  from: (row, value) => isAddress(row.from, value),
  status: (row, value) => anyOf(value, (one) => one === row.status),
  direction: (row, value) => anyOf(value, (one) => row.direction.startsWith(one)),
  body: (row, value) => within(row.body, value),
  sid: (row, value) => row.sid.toLowerCase().startsWith(value.toLowerCase()),
  error: (row, value) => isError(row.error_code, value),
  account: (row, value) => row.account_sid === value,
  since,
  until,
};

const CALL_TESTS: Record<string, Test<Call>> = {
  "": (row, value) => isAddress(row.to, value) || isAddress(row.from, value) || row.sid === value,
  to: (row, value) => isAddress(row.to, value),
  from: (row, value) => isAddress(row.from, value),
  status: (row, value) => anyOf(value, (one) => one === row.status),
  direction: (row, value) => anyOf(value, (one) => row.direction.startsWith(one)),
  sid: (row, value) => row.sid.toLowerCase().startsWith(value.toLowerCase()),
  parent: (row, value) => row.parent_call_sid === value,
  account: (row, value) => row.account_sid === value,
  since,
  until,
};

const DELIVERY_TESTS: Record<string, Test<Delivery>> = {
  "": (row, value) => within(row.url, value) || within(row.error, value) || row.resource_sid === value || row.sid === value,
  url: (row, value) => within(row.url, value),
  status: (row, value) => anyOf(value, (one) => isOutcome(row.status_code, one)),
  kind: (row, value) => anyOf(value, (one) => one === row.kind),
  resource: (row, value) => (row.resource_sid ?? "").startsWith(value),
  error: (row, value) => isError(row.error_code, value),
  since,
  until,
};

function tester<T>(query: string, hints: Hint[], tests: Record<string, Test<T>>): (row: T) => boolean {
  const wanted = terms(settled(query), hints);
  return (row) => {
    const now = Date.now();
    return wanted.every((term) => tests[term.key]?.(row, term.value, now) ?? false);
  };
}

export const messageTest = (query: string): ((row: Message) => boolean) => tester(query, MESSAGE_HINTS, MESSAGE_TESTS);
export const callTest = (query: string): ((row: Call) => boolean) => tester(query, CALL_HINTS, CALL_TESTS);
export const deliveryTest = (query: string): ((row: Delivery) => boolean) => tester(query, DELIVERY_HINTS, DELIVERY_TESTS);
