/** A searched list that lives: its pages, what is being fetched, and the rows that the feed brings. */

import { Paged, type Keyed } from "./paged";

export interface Found<T> {
  rows: T[];
  next: string | null;
}

export type Load<T> = (query: string, before: string | null, signal: AbortSignal) => Promise<Found<T>>;
export type Test<T> = (row: T) => boolean;

/** After a tick that left rows out, the newest page is read again: soon, and not for every tick of a flood. */
const CATCH_UP_MS = 1500;
const MAX_COUNTED = 999;

const lists = new Map<string, unknown>();

/** The list of this name, as it was left: while the reader looks at one of its rows it is kept, with its place. */
export function kept<T extends Keyed>(name: string, make: () => Listing<T>): Listing<T> {
  const list = (lists.get(name) as Listing<T> | undefined) ?? make();
  lists.set(name, list);
  return list;
}

/** Somebody else may come now. */
export function forget(): void {
  lists.clear();
}

export class Listing<T extends Keyed> {
  #load: Load<T>;
  #testFor: (query: string) => Test<T>;
  #test: Test<T> = () => true;
  #paged = new Paged<T>();
  #abort = new AbortController();
  #fetching = new Set<string>();
  #unseen = new Set<string>();
  #catchUp: ReturnType<typeof setTimeout> | undefined;
  #version = $state(0);
  query = $state("");
  loading = $state(false);
  error = $state.raw<unknown>(null);
  /** Rows that came while the reader was looking elsewhere in the list. */
  unseen = $state(0);
  /** While the reader is further down, or has chosen a row, nothing may move under the eye. */
  held = false;
  /** Where the reader is, from the top: kept with the list. */
  top = 0;
  /** The row that was opened by a key, to come back to. */
  opened: number | null = null;

  constructor(load: Load<T>, testFor: (query: string) => Test<T>) {
    this.#load = load;
    this.#testFor = testFor;
  }

  get length(): number {
    void this.#version;
    return this.#paged.length;
  }

  get loaded(): boolean {
    void this.#version;
    return this.#paged.loaded;
  }

  get more(): boolean {
    void this.#version;
    return this.#paged.next !== null;
  }

  view(first: number, count: number): { rows: (T | undefined)[]; missing: string[] } {
    void this.#version;
    return this.#paged.view(first, count);
  }

  async search(query: string): Promise<void> {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#fetching.clear();
    this.query = query;
    this.#test = this.#testFor(query);
    this.loading = true;
    const { signal } = this.#abort;
    try {
      const found = await this.#load(query, null, signal);
      if (signal.aborted) return;
      this.#paged.reset(found.rows, found.next);
      this.#seen();
      this.error = null;
    } catch (error) {
      if (signal.aborted) return;
      this.error = error;
    }
    this.loading = false;
    this.#version += 1;
  }

  reload(): Promise<void> {
    return this.search(this.query);
  }

  /** After a time without the feed: what is in view is read again, and what is new comes, or is counted where the
   *  reader is further down. */
  async resume(query: string, first: number, count: number): Promise<void> {
    if (!this.#paged.loaded || query !== this.query) this.top = 0;
    if (!this.top || !this.#paged.loaded) return this.search(query);
    const { signal } = this.#abort;
    this.held = true;
    try {
      for (const key of [null, ...this.#paged.keys(first, count)]) {
        const found = await this.#load(this.query, key, signal);
        if (signal.aborted) return;
        this.take(key ? found.rows.filter((row) => this.#paged.get(row.sid)) : found.rows, 0);
      }
      this.error = null;
    } catch (error) {
      if (!signal.aborted) this.error = error;
    }
  }

  #seen(): void {
    this.#unseen.clear();
    this.unseen = 0;
  }

  need(missing: string[], around: number): void {
    for (const key of missing) if (!this.#fetching.has(key)) void this.#fetch(key, around);
  }

  async #fetch(key: string, around: number): Promise<void> {
    const { signal } = this.#abort;
    this.#fetching.add(key);
    try {
      const found = await this.#load(this.query, key, signal);
      if (signal.aborted) return;
      this.#paged.fill(key, found.rows, found.next);
      this.#paged.trim(around);
      this.error = null;
      this.#fetching.delete(key);
    } catch (error) {
      if (signal.aborted) return;
      // The key stays among those being fetched, or the next frame would ask again: `reload` clears it.
      this.error = error;
    }
    this.#version += 1;
  }

  /** Rows of one tick, in any order. */
  take(rows: T[], skipped: number): void {
    let changed = false;
    for (const row of rows) {
      const belongs = this.#test(row);
      if (this.held && belongs && !this.#paged.get(row.sid)) this.#count(row.sid);
      else changed = this.#paged.take(row, belongs) !== "none" || changed;
    }
    if (changed) {
      this.#paged.trim(0);
      this.#version += 1;
    }
    if (skipped && !this.#catchUp) this.#catchUp = setTimeout(() => this.#catchUpNow(), CATCH_UP_MS);
  }

  /** Rows that are no more. */
  drop(sids: string[]): void {
    const removed = sids.map((sid) => this.#paged.get(sid)).filter((row) => row !== undefined);
    for (const row of removed) this.#paged.take(row, false);
    if (removed.length) this.#version += 1;
  }

  #count(sid: string): void {
    if (this.#unseen.size < MAX_COUNTED) this.#unseen.add(sid);
    this.unseen = this.#unseen.size;
  }

  #catchUpNow(): void {
    this.#catchUp = undefined;
    if (!this.held) void this.reload();
  }

  stop(): void {
    clearTimeout(this.#catchUp);
    this.#catchUp = undefined;
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#fetching.clear();
  }
}
