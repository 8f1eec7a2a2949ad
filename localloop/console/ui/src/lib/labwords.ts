/** The lab in words. Pure. */

import type { Clock, Fault, Mode } from "./lab.svelte";

export const MODES: [Mode, string, string][] = [
  ["real", "Real", "Time is that of this machine."],
  ["frozen", "Standing", "Time stands until it is moved."],
  ["offset", "Running", "Time runs on from where it is."],
  ["auto", "Automatic", "Time leaps to what is due next while somebody waits and nothing happens."],
];

/** What of the time is not real; empty for a real one. */
export function timeWords(clock: Clock | null): string {
  if (!clock || clock.mode === "real") return "";
  const at = dated(clock.at);
  if (clock.mode === "frozen") return `Time stands: it is ${at}`;
  if (clock.mode === "auto") return `Time is automatic: it is ${at}`;
  return `Time is not real: it is ${at}`;
}

export function faultWords(faults: Fault[]): string {
  if (!faults.length) return "";
  return faults.length === 1 ? "1 rule makes things go wrong" : `${faults.length} rules make things go wrong`;
}

/** A moment in UTC: a world's time is nobody's time zone. */
export function dated(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;
}

/** `To=+1555, Body=~code` of a form, as the lab takes it. Throws for what has no name. */
export function matches(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const part of text.split(/,\s*(?=[A-Z]\w*=)/u)) {
    if (!part.trim()) continue;
    const at = part.indexOf("=");
    if (at < 1) throw new Error(`${part.trim()}: write Name=value`);
    found[`Match.${part.slice(0, at).trim()}`] = part.slice(at + 1).trim();
  }
  return found;
}

export function matchWords(match: Fault["match"]): string {
  return Object.entries(match)
    .map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(" or ") : value}`)
    .join(", ");
}

/** The same create, asked again and again. */
export interface Repeat {
  sid: string;
  operation: string;
  attempts: number;
  statuses: (number | null)[];
  resource_sids: string[];
  duplicates: number;
  storm: boolean;
  idempotency_key: string | null;
  date_began: string;
}

export function repeatWords(repeat: Repeat): string {
  const key = repeat.idempotency_key === null ? "without one Idempotency-Key for all" : `Idempotency-Key ${repeat.idempotency_key}`;
  return `asked ${repeat.attempts} times, ${key}`;
}

/** What came back each time, in order: `503, no answer, 201`. */
export function answerWords(repeat: Repeat): string {
  return repeat.statuses.map((status) => (status === null ? "no answer" : String(status))).join(", ");
}
