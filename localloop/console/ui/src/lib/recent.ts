/** The list of phones, brought up to date with texts that came. Pure. */

import type { Phone, PhoneMessage } from "./types";

/** A SID's hexadecimal digits begin with the time of its making, whatever it is a SID of. */
const made = (text: PhoneMessage | null | undefined): string => text?.sid.slice(2) ?? "";

export const isNewer = (one: PhoneMessage | null | undefined, other: PhoneMessage): boolean => made(one) > made(other);

/** The phones with their latest texts, the latest first, at most so many; a text that is told twice moves nothing. */
export function broughtUpToDate(phones: Phone[], texts: Iterable<PhoneMessage>, most: number): Phone[] {
  const listed = new Map(phones.map((phone) => [phone.number, phone]));
  for (const text of texts) {
    const known = listed.get(text.number) ?? { number: text.number, behavior: "deliver", delay: null, owned: false, last: null, last_call: null };
    if (!isNewer(known.last, text)) listed.set(text.number, { ...known, last: text });
  }
  return [...listed.values()].sort((one, other) => made(other.last).localeCompare(made(one.last))).slice(0, most);
}
