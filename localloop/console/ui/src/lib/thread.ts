/** What a phone holds: its texts in order, by whom they are with, and what the feed changes in them. Pure. */

import { isBad } from "./statuses";
import type { Message, PhoneMessage } from "./types";

export interface Thread {
  peer: string;
  texts: PhoneMessage[];
  last: PhoneMessage;
}

/** A text that failed never reached the phone, so it has no PM of its own: the message's SID stands for both. */
export const keyOf = (text: PhoneMessage): string => text.message_sid ?? text.sid;

const byTime = (a: PhoneMessage, b: PhoneMessage): number =>
  a.date_created < b.date_created ? -1 : a.date_created > b.date_created ? 1 : a.sid < b.sid ? -1 : 1;

const MAX_TEXTS = 2000;

export class Texts {
  #texts = new Map<string, PhoneMessage>();

  get size(): number {
    return this.#texts.size;
  }

  put(text: PhoneMessage): void {
    const known = this.#texts.get(keyOf(text));
    this.#texts.set(keyOf(text), { ...known, ...text });
    if (this.#texts.size > MAX_TEXTS) this.#forget();
  }

  #forget(): void {
    const oldest = [...this.#texts.values()].sort(byTime).slice(0, MAX_TEXTS / 10);
    for (const text of oldest) this.#texts.delete(keyOf(text));
  }

  /** What a message's new state says about this phone; true when something changed. */
  follow(number: string, message: Message): boolean {
    const { status, error_code, error_title } = message;
    const known = this.#texts.get(message.sid);
    if (known) {
      this.#texts.set(message.sid, { ...known, status, error_code, error_title, num_segments: message.num_segments });
      return true;
    }
    if (message.to !== number || message.direction === "inbound" || !isBad(status)) return false;
    this.put({
      sid: message.sid,
      number,
      direction: "received",
      peer: message.from ?? "",
      body: message.body,
      media: [],
      message_sid: message.sid,
      status,
      error_code,
      error_title,
      num_segments: message.num_segments,
      date_created: message.date_created,
    });
    return true;
  }

  threads(): Thread[] {
    const found = new Map<string, PhoneMessage[]>();
    for (const text of [...this.#texts.values()].sort(byTime)) {
      const thread = found.get(text.peer);
      if (thread) thread.push(text);
      else found.set(text.peer, [text]);
    }
    return [...found]
      .map(([peer, texts]) => ({ peer, texts, last: texts.at(-1) as PhoneMessage }))
      .sort((a, b) => byTime(b.last, a.last));
  }
}
