/** The live feed: one stream for the whole page, coalesced to one delivery per frame. */

import { Waiting } from "./batches";
import type { Batch } from "./types";

export type FeedState = "connecting" | "live" | "lost";

const RETRY_MS = 2000;

let state = $state<FeedState>("connecting");
let lostOnce = $state(0);
let missed = false;
let wanted = false;
const waiting = new Waiting();
const readers = new Set<(batch: Batch) => void>();
let source: EventSource | null = null;
let planned = false;
let whenRefused: () => void = () => {};
let retry: ReturnType<typeof setTimeout> | undefined;

export const feed = {
  get state(): FeedState {
    return state;
  },
  /** Grows whenever the stream was restored after a loss without a place to resume: lists read themselves anew. */
  get restored(): number {
    return lostOnce;
  },
  open,
  close,
  /** The server answered, but not with a stream: perhaps nobody is signed in any more. */
  onRefused(act: () => void): void {
    whenRefused = act;
  },
  /** Returns the way to stop listening; fit for `$effect`. */
  listen(reader: (batch: Batch) => void): () => void {
    readers.add(reader);
    return () => readers.delete(reader);
  },
};

function open(): void {
  wanted = true;
  if (source || document.hidden) return;
  source = new EventSource("/console/api/feed");
  source.addEventListener("open", () => {
    if (missed) lostOnce += 1;
    missed = false;
    state = "live";
  });
  source.addEventListener("batch", (event) => take(event as MessageEvent<string>));
  source.addEventListener("error", failed);
}

/** The browser reconnects by itself, unless the server refused: then we do. */
function failed(): void {
  missed = true;
  state = "lost";
  if (source?.readyState !== EventSource.CLOSED) return;
  stop();
  state = "lost";
  retry = setTimeout(open, RETRY_MS);
  whenRefused();
}

function stop(): void {
  missed = true;
  clearTimeout(retry);
  source?.close();
  source = null;
  state = "connecting";
}

function close(): void {
  wanted = false;
  stop();
}

// A browser opens six connections to a server, whatever the number of tabs: those that nobody sees must hold none, or
// the seventh tab would never load.
document.addEventListener("visibilitychange", () => {
  if (!wanted) return;
  if (document.hidden) stop();
  else open();
});

function take(event: MessageEvent<string>): void {
  state = "live";
  waiting.add(JSON.parse(event.data) as Partial<Batch>);
  if (planned) return;
  planned = true;
  requestAnimationFrame(hand);
}

function hand(): void {
  planned = false;
  const batch = waiting.take();
  for (const reader of readers) reader(batch);
}
