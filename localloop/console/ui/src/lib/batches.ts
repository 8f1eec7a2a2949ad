/** Ticks of the feed put together, so that a frame is drawn once, whatever came. Pure. */

import type { Batch } from "./types";

/** More than this of each kind between two frames is counted, not kept: a hidden tab draws none for minutes. */
const MAX_WAITING = 1000;

const KINDS = ["messages", "deliveries", "phone_messages", "requests", "calls"] as const;
type Kind = (typeof KINDS)[number];
const each = <T>(make: () => T): Record<Kind, T> => Object.fromEntries(KINDS.map((kind) => [kind, make()])) as Record<Kind, T>;

export class Waiting {
  #rows = each(() => new Map<string, { sid: string }>());
  #skipped = each(() => 0);
  #gone = new Set<string>();

  add(batch: Partial<Batch>): void {
    for (const kind of KINDS) {
      const rows = this.#rows[kind];
      for (const row of batch[kind] ?? []) {
        rows.delete(row.sid);
        rows.set(row.sid, row);
      }
      this.#skipped[kind] += batch.skipped?.[kind] ?? 0;
      for (const sid of rows.keys()) {
        if (rows.size <= MAX_WAITING) break;
        rows.delete(sid);
        this.#skipped[kind] += 1;
      }
    }
    for (const sid of batch.gone ?? []) {
      this.#rows.messages.delete(sid);
      this.#rows.calls.delete(sid);
      this.#gone.add(sid);
    }
  }

  take(): Batch {
    const batch = {
      messages: [...this.#rows.messages.values()],
      deliveries: [...this.#rows.deliveries.values()],
      phone_messages: [...this.#rows.phone_messages.values()],
      requests: [...this.#rows.requests.values()],
      calls: [...this.#rows.calls.values()],
      gone: [...this.#gone],
      skipped: { ...this.#skipped },
    } as Batch;
    this.#gone.clear();
    for (const kind of KINDS) {
      this.#rows[kind].clear();
      this.#skipped[kind] = 0;
    }
    return batch;
  }
}
