/** One simulated phone on the screen: what it holds, how it behaves, and what its owner does with it. */

import { operate, read } from "./api";
import { Texts, type Thread } from "./thread";
import type { Batch, Phone, PhoneMessage } from "./types";

const PAGE = 100;
const CATCH_UP_MS = 2000;

export class Handset {
  readonly number: string;
  #texts = new Texts();
  #before: string | null = null;
  #catchUp: ReturnType<typeof setTimeout> | undefined;
  phone = $state.raw<Phone | null>(null);
  threads = $state.raw<Thread[]>([]);
  loading = $state(true);
  more = $state(false);
  error = $state.raw<unknown>(null);

  constructor(number: string) {
    this.number = number;
  }

  get #address(): string {
    return encodeURIComponent(this.number);
  }

  async load(before: string | null = null): Promise<void> {
    try {
      const found = await read<{ phone: Phone; messages: PhoneMessage[]; before: string | null }>(
        `/phones/${this.#address}`,
        { before, limit: PAGE },
      );
      this.phone = found.phone;
      for (const text of found.messages) this.#texts.put(text);
      this.#before = found.before;
      this.more = found.before !== null;
      this.error = null;
      this.#show();
    } catch (error) {
      this.error = error;
    }
    this.loading = false;
  }

  older(): Promise<void> {
    return this.#before ? this.load(this.#before) : Promise.resolve();
  }

  #show(): void {
    this.threads = this.#texts.threads();
  }

  /** The texts that are new on this phone. */
  take(batch: Batch): PhoneMessage[] {
    const mine = batch.phone_messages.filter((text) => text.number === this.number);
    for (const text of mine) this.#texts.put(text);
    let changed = mine.length > 0;
    for (const message of batch.messages) changed = this.#texts.follow(this.number, message) || changed;
    if (changed) this.#show();
    if (batch.skipped.phone_messages) this.#catchUp ??= setTimeout(() => this.#catchUpNow(), CATCH_UP_MS);
    return mine;
  }

  /** After ticks that left texts out: once, not for every tick of a flood. */
  #catchUpNow(): void {
    this.#catchUp = undefined;
    void this.load();
  }

  stop(): void {
    clearTimeout(this.#catchUp);
  }

  async send(to: string, body: string, picture: string): Promise<void> {
    await operate("POST", `lab/v1/Phones/${this.#address}/Messages`, {
      To: to,
      Body: body || undefined,
      MediaUrl: picture || undefined,
    });
  }

  async behave(behavior: string, delayMs: number | null): Promise<void> {
    const form: Record<string, string> = { Behavior: behavior };
    if (delayMs !== null) form["Delay"] = String(delayMs);
    const set = await operate<{ behavior: string; delay: number }>("POST", `lab/v1/Phones/${this.#address}`, form);
    if (this.phone) this.phone = { ...this.phone, behavior: set.behavior, delay: set.delay };
  }
}
