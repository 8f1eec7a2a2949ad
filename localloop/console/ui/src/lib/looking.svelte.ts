/** A page that reads something anew whenever something of it changes: what stands there, what went wrong, and when to look again. */

import { read } from "./api";
import { feed } from "./feed.svelte";
import type { Batch } from "./types";

const SOON_MS = 250;

export class Looking<T> {
  found = $state.raw<T | null>(null);
  error = $state.raw<unknown>(null);
  #planned: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  #shown = 0;
  #path: string;
  #concerns: (batch: Batch) => boolean;

  constructor(path: string, concerns: (batch: Batch) => boolean = ofCalls) {
    this.#path = path;
    this.#concerns = concerns;
  }

  /** Several may be under way: what comes after a later one's answer is old. */
  async load(): Promise<void> {
    const turn = ++this.#asked;
    let [found, error]: [T | null, unknown] = [null, null];
    try {
      found = await read<T>(this.#path);
    } catch (refused) {
      error = refused;
    }
    if (turn < this.#shown) return;
    this.#shown = turn;
    this.found = found ?? this.found;
    this.error = error;
  }

  /** Fit for `$effect`: looks now, and again when the feed brings what concerns it. */
  follow(): () => void {
    void feed.restored;
    void this.load();
    const stop = feed.listen((batch) => {
      if (this.#concerns(batch)) this.soon();
    });
    return () => {
      stop();
      clearTimeout(this.#planned);
      this.#planned = undefined;
    };
  }

  soon(): void {
    this.#planned ??= setTimeout(() => {
      this.#planned = undefined;
      void this.load();
    }, SOON_MS);
  }
}

/** Rooms and queues change with the calls in them, and by what the API is asked about them. */
export function ofCalls(batch: Batch): boolean {
  return batch.calls.length > 0 || batch.requests.some((one) => /\/(?:Conferences|Queues|Calls|Participants)/u.test(one.path));
}
