/** The list of phones, brought up to date with texts and calls that came. Pure. */

import type { Phone, PhoneMessage } from "./types";
import type { Call } from "./voice";

/** A SID's hexadecimal digits begin with the time of its making, whatever it is a SID of. */
const made = (one: { sid: string } | null | undefined): string => one?.sid.slice(2) ?? "";

export const isNewer = (one: { sid: string } | null | undefined, other: { sid: string }): boolean => made(one) > made(other);

/** What happened last on a phone. */
const lastOf = (phone: Phone): string => (made(phone.last) > made(phone.last_call) ? made(phone.last) : made(phone.last_call));

export interface News {
  texts: Iterable<PhoneMessage>;
  calls?: Iterable<Call>;
}

/** The phones with the latest of each, the latest first, at most so many; what is told twice moves nothing. */
export function broughtUpToDate(phones: Phone[], news: News, most: number): Phone[] {
  const listed = new Map(phones.map((phone) => [phone.number, phone]));
  const of = (number: string): Phone => listed.get(number) ?? { number, behavior: "deliver", delay: null, owned: false, last: null, last_call: null };
  for (const text of news.texts) {
    const known = of(text.number);
    if (!isNewer(known.last, text)) listed.set(text.number, { ...known, last: text });
  }
  for (const call of news.calls ?? []) {
    const known = of(call.phone);
    if (!isNewer(known.last_call, call)) listed.set(call.phone, { ...known, last_call: call });
  }
  return [...listed.values()].sort((one, other) => lastOf(other).localeCompare(lastOf(one))).slice(0, most);
}
