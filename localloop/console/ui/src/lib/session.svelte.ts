/** Who is signed in, and the credentials that snippets hold. */

import * as api from "./api";
import { feed } from "./feed.svelte";
import type { Credentials } from "./shell";
import type { Session } from "./types";

export type SessionState = "asking" | "in" | "out" | "unreachable";

let state = $state<SessionState>("asking");
let current = $state.raw<Session | null>(null);

function enter(session: Session): void {
  current = session;
  api.begin(session);
  state = "in";
  feed.open();
}

function leave(): void {
  current = null;
  state = "out";
  feed.close();
}

async function recheck(): Promise<void> {
  try {
    if (!(await api.session())) leave();
  } catch {
    // Out of reach: the feed says so, and tries again.
  }
}

api.onSignedOut(leave);
feed.onRefused(() => void recheck());

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
};
