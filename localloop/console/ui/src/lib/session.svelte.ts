/** Who is signed in, and the credentials that snippets hold. */

import * as api from "./api";
import { feed } from "./feed.svelte";
import { forget } from "./listing.svelte";
import type { Credentials } from "./shell";
import type { Session } from "./types";

/** "over": it ended while the page was open. What stands there stays, and waits for the same account. */
export type SessionState = "asking" | "in" | "over" | "out" | "unreachable";

let state = $state<SessionState>("asking");
let current = $state.raw<Session | null>(null);

function enter(session: Session): void {
  if (current && current.account.sid !== session.account.sid) return location.assign("/console/");
  current = session;
  api.begin(session);
  state = "in";
  feed.open();
}

function leave(): void {
  current = null;
  state = "out";
  feed.close();
  forget();
}

function end(): void {
  if (state !== "in") return;
  state = "over";
  feed.close();
}

/** Whether the session is still there, or another tab has opened one. */
async function recheck(): Promise<void> {
  try {
    const found = await api.session();
    if (found) enter(found);
    else end();
  } catch {
    // Out of reach: the feed says so, and tries again.
  }
}

api.onSignedOut(() => void recheck());
api.onDoubt(recheck);
feed.onRefused(() => void recheck());
addEventListener("focus", () => {
  if (state === "over") void recheck();
});

export const session = {
  get state(): SessionState {
    return state;
  },
  get now(): Session {
    if (!current) throw new Error("nobody is signed in");
    return current;
  },
  get credentials(): Credentials {
    const { account, base_url } = this.now;
    return { sid: account.sid, token: account.auth_token, baseUrl: base_url };
  },
  /** A path of the 2010 API below the account: "Messages.json". */
  accountPath(rest: string): string {
    return `2010-04-01/Accounts/${this.now.account.sid}/${rest}`;
  },
  async ask(): Promise<void> {
    try {
      const found = await api.session();
      if (found) enter(found);
      else leave();
    } catch {
      state = "unreachable";
    }
  },
  async signIn(names: Record<string, string>): Promise<void> {
    enter(await api.signIn(names));
  },
  async signOut(): Promise<void> {
    await api.signOut();
    leave();
  },
  leave,
};
