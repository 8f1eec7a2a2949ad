/** The telephone half of a simulated phone: the call that it is on, what is heard there, and what its owner does. */

import { operate } from "./api";
import { lab } from "./lab.svelte";
import { session } from "./session.svelte";
import type { Batch } from "./types";
import { hasEnded, isSeenBy, type Call, type Line } from "./voice";

/** A call as the lab has it on a phone. */
export interface PhoneCall {
  sid: string;
  account_sid: string;
  direction: "received" | "made";
  peer: string;
  status: string;
  duration: string | null;
  date_created: string;
  lines: Line[];
}

export interface Manner {
  takes: string;
  after: number;
}

const SOON_MS = 60;

export class Telephone {
  #number: string;
  #soon: ReturnType<typeof setTimeout> | undefined;
  /** The call on the screen; one that is over stays until it is put away. */
  call = $state.raw<PhoneCall | null>(null);
  manner = $state.raw<Manner | null>(null);
  /** When it was answered by the reader's clock: a display counts from there. */
  answeredAt = $state(0);

  constructor(number: string) {
    this.#number = number;
  }

  get #path(): string {
    return `lab/v1/Phones/${encodeURIComponent(this.#number)}`;
  }

  get isOver(): boolean {
    return this.call !== null && hasEnded(this.call);
  }

  /** What lives on this phone already, and how it takes calls. */
  async load(): Promise<void> {
    const [calls, manner] = await Promise.all([this.#calls("Live=true&PageSize=5"), operate<Manner>("GET", `${this.#path}/Voice`)]);
    this.manner = manner;
    const live = calls.find((one) => ["ringing", "in-progress"].includes(one.status));
    if (live && (!this.call || this.isOver)) await this.look(live.sid);
  }

  async recent(): Promise<PhoneCall[]> {
    return this.#calls("PageSize=20");
  }

  /** A phone is the whole world's: a subaccount looks at its own calls there alone. */
  async #calls(query: string): Promise<PhoneCall[]> {
    const { calls } = await operate<{ calls: PhoneCall[] }>("GET", `${this.#path}/Calls?${query}`);
    return calls.filter((one) => isSeenBy(session.now, one));
  }

  /** The call with all that was heard on it by now. */
  async look(sid: string): Promise<void> {
    this.#show(await operate<PhoneCall>("GET", `${this.#path}/Calls/${sid}`));
  }

  #show(call: PhoneCall): void {
    if (call.status === "in-progress" && this.call?.status !== "in-progress") this.answeredAt = performance.now() - this.#lasted(call);
    this.call = call;
  }

  /** How long a call has gone on that the page finds here, in milliseconds: as far as the world's time is the reader's. */
  #lasted(call: PhoneCall): number {
    const first = call.lines[0];
    if (this.call?.sid === call.sid || !first || (lab.clock?.mode ?? "real") !== "real") return 0;
    return Math.max(0, Date.now() - Date.parse(first.at));
  }

  take(batch: Batch): void {
    for (const row of batch.calls) if (row.phone === this.#number) this.#follow(row);
  }

  #follow(row: Call): void {
    const isMine = this.call?.sid === row.sid;
    const isNew = !isMine && !hasEnded(row) && ["ringing", "in-progress"].includes(row.status) && (!this.call || this.isOver);
    if (!isMine && !isNew) return;
    // Whoever answered, said or pressed something by hand saw the answer already: this brings what came of it.
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.look(row.sid).catch(() => undefined), SOON_MS);
  }

  async dial(to: string): Promise<void> {
    const call = await operate<PhoneCall>("POST", `${this.#path}/Calls`, { To: to });
    this.call = { ...call, lines: call.lines ?? [] };
    await this.look(call.sid);
  }

  /** `Status`: in-progress answers, rejected and busy do not, completed hangs up; `Press`; `Say`. */
  async act(form: Record<string, string>): Promise<void> {
    if (!this.call) return;
    this.#show(await operate<PhoneCall>("POST", `${this.#path}/Calls/${this.call.sid}`, form));
  }

  putAway(): void {
    this.call = null;
  }

  async behave(form: Record<string, string>): Promise<void> {
    this.manner = await operate<Manner>("POST", `${this.#path}/Voice`, form);
  }

  stop(): void {
    clearTimeout(this.#soon);
  }
}
