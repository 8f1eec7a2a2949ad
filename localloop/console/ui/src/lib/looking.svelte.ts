/** A page that reads something anew whenever calls change: what stands there, what went wrong, and when to look again. */

import { read } from "./api";
import { feed } from "./feed.svelte";
import type { Batch } from "./types";

const SOON_MS = 250;

export class Looking<T> {
  found = $state.raw<T | null>(null);
  error = $state.raw<unknown>(null);
  #planned: ReturnType<typeof setTimeout> | undefined;
  #path: string;
  #concerns: (batch: Batch) => boolean;

  constructor(path: string, concerns: (batch: Batch) => boolean = ofCalls) {
    this.#path = path;
    this.#concerns = concerns;
  }

  async load(): Promise<void> {
    try {
      this.found = await read<T>(this.#path);
      this.error = null;
    } catch (refused) {
      this.error = refused;
    }
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
