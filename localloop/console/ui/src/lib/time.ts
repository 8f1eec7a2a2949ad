/** Moments as people read them: in the reader's zone, with UTC kept for the hover. */

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const SHORT_CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const DAY_OF_YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

export function sameDay(a: Date, b: Date): boolean {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();
}

export function day(at: Date, now: Date): string {
  if (sameDay(at, now)) return "Today";
  if (sameDay(at, new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1))) return "Yesterday";
  return at.getFullYear() === now.getFullYear() ? DAY.format(at) : DAY_OF_YEAR.format(at);
}

/** "14:03:22" today, "3 Mar, 14:03" before. */
export function moment(at: Date, now: Date): string {
  return sameDay(at, now) ? CLOCK.format(at) : `${day(at, now)}, ${SHORT_CLOCK.format(at)}`;
}

export function clock(at: Date): string {
  return SHORT_CLOCK.format(at);
}

/** "14:03:22.417", for a time line whose steps are milliseconds apart. */
export function precise(at: Date): string {
  return `${CLOCK.format(at)}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

export function utc(at: Date): string {
  return at.toISOString().replace("T", " ").replace("Z", " UTC");
}

/** A length of time in the unit that suits it: "12 ms", "1.4 s", "3 min". */
export function span(ms: number): string {
  if (ms < 1) return "< 1 ms";
  if (ms < 1000) return `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}
