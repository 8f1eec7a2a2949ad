/** What of the world is not as it would be outside: its time, and what goes wrong on purpose. */

import { operate } from "./api";

export type Mode = "real" | "frozen" | "offset" | "auto";

export interface Clock {
  mode: Mode;
  at: string;
  next_due: string | null;
}

export interface Fault {
  sid: string;
  kind: string;
  description: string;
  match: Record<string, string | string[]>;
  probability: number | null;
  count: number | null;
  applied: number;
  source: string;
}

const LOOK_MS = 10_000;

let clock = $state.raw<Clock | null>(null);
let faults = $state.raw<Fault[]>([]);

export const lab = {
  get clock(): Clock | null {
    return clock;
  },
  get faults(): Fault[] {
    return faults;
  },
  get isReal(): boolean {
    return (clock?.mode ?? "real") === "real" && faults.length === 0;
  },
  async look(): Promise<void> {
    const [time, rules] = await Promise.all([
      operate<Clock>("GET", "lab/v1/Clock"),
      operate<{ faults: Fault[] }>("GET", "lab/v1/Faults?PageSize=100"),
    ]);
    clock = time;
    faults = rules.faults;
  },
  async steer(wish: Record<string, string>): Promise<void> {
    clock = await operate<Clock>("POST", "lab/v1/Clock", wish);
  },
  async removeFault(sid: string): Promise<void> {
    await operate("DELETE", `lab/v1/Faults/${sid}`);
    await this.look();
  },
  /** Looks again and again while the page is seen: tests and the shell steer as well. */
  follow(): () => void {
    const again = (): void => {
      // Out of reach, or signed out: whoever asked for something says so.
      if (document.visibilityState === "visible") void this.look().catch(() => undefined);
    };
    again();
    const timer = setInterval(again, LOOK_MS);
    document.addEventListener("visibilitychange", again);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", again);
    };
  },
};
