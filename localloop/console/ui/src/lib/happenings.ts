/** Messages and deliveries as one stream, newest first. Pure. */

import type { Delivery, Message } from "./types";

export type Happening = { sid: string; at: string } & ({ kind: "message"; row: Message } | { kind: "delivery"; row: Delivery });

/** The stream with these rows in it: changed in place when known, in their place by time when new. */
export function happenings(known: Happening[], messages: Message[], deliveries: Delivery[], limit: number): Happening[] {
  if (!messages.length && !deliveries.length) return known;
  const all = new Map(known.map((one) => [one.sid, one]));
  for (const row of messages) all.set(row.sid, { sid: row.sid, at: row.date_created, kind: "message", row });
  for (const row of deliveries) all.set(row.sid, { sid: row.sid, at: row.date_created, kind: "delivery", row });
  return [...all.values()].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).slice(0, limit);
}
