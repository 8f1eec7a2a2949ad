/** Messages, calls, deliveries and refused requests as one stream, newest first. Pure. */

import type { ApiRequest, Batch, Delivery, Message } from "./types";
import type { Call } from "./voice";

export type Happening = { sid: string; at: string } & (
  | { kind: "message"; row: Message }
  | { kind: "call"; row: Call }
  | { kind: "delivery"; row: Delivery }
  | { kind: "request"; row: ApiRequest }
);

type News = Pick<Batch, "messages" | "calls" | "deliveries" | "requests" | "gone">;

/** The stream with these rows in it: changed in place when known, in their place by time when new, out when gone. */
export function happenings(known: Happening[], news: News, limit: number): Happening[] {
  const refused = news.requests.filter((one) => one.status_code >= 400);
  if (!news.messages.length && !news.calls.length && !news.deliveries.length && !refused.length && !news.gone.length) return known;
  const all = new Map(known.map((one) => [one.sid, one]));
  for (const row of news.messages) all.set(row.sid, { sid: row.sid, at: row.date_created, kind: "message", row });
  for (const row of news.calls) all.set(row.sid, { sid: row.sid, at: row.date_created, kind: "call", row });
  for (const row of news.deliveries) all.set(row.sid, { sid: row.sid, at: row.date_created, kind: "delivery", row });
  for (const row of refused) all.set(row.sid, { sid: row.sid, at: row.date_created, kind: "request", row });
  for (const sid of news.gone) all.delete(sid);
  return [...all.values()].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).slice(0, limit);
}
