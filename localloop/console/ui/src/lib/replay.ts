/** Sending deliveries again, and what came of the wish in a sentence. */

import { operate, type Form } from "./api";
import type { Replayed } from "./types";

export const replay = (form: Form): Promise<Replayed> => operate<Replayed>("POST", "lab/v1/DeliveryReplays", form);

export function told({ replayed, skipped, more }: Replayed): string {
  const left = Object.entries(skipped ?? {}).map(([why, count]) => ` ${count} cannot be: ${why}.`);
  const sent = replayed === 0 ? "Nothing is left to be sent again." : replayed === 1 ? "One is being sent again." : `${replayed} are being sent again.`;
  return sent + left.join("") + (more ? " There are more: ask again." : "");
}

/** The moment so many minutes ago, as the API wants it. */
export const since = (minutes: number, now: number): string => new Date(now - minutes * 60_000).toISOString();
