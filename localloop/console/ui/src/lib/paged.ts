/**
 * A long list, newest first, of which only a window is kept: pages are fetched by key as the reader scrolls, rows far
 * from the view are let go and fetched again by the same key, and live rows slip in at their place. Pure: who fetches
 * is the caller. SIDs sort by the time at which they were made.
 */

export interface Keyed {
  sid: string;
}

interface Sheet {
  /** The key that fetches it: rows older than this SID. Null for the newest. */
  before: string | null;
  /** Null when it has been let go; `count` then keeps its height. */
  sids: string[] | null;
  count: number;
}

const PAGE_ROWS = 100;
const KEPT_ROWS = 5000;

const ageOf = (sid: string): string => sid.slice(2);

export class Paged<T extends Keyed> {
  #sheets: Sheet[] = [];
  #rows = new Map<string, T>();
  /** The key of the page after the last one; null when there is none. */
  #next: string | null = null;
  #loaded = false;

  get length(): number {
    return this.#sheets.reduce((sum, sheet) => sum + sheet.count, 0);
  }

  get kept(): number {
    return this.#rows.size;
  }

  get next(): string | null {
    return this.#next;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  get(sid: string): T | undefined {
    return this.#rows.get(sid);
  }

  /** Starts again with the newest page. */
  reset(rows: T[], next: string | null): void {
    this.#rows = new Map(rows.map((row) => [row.sid, row]));
    this.#sheets = [{ before: null, sids: rows.map((row) => row.sid), count: rows.length }];
    this.#next = next;
    this.#loaded = true;
  }

  /** Adds the page that `next` named, or refills the one that was fetched with this key. */
  fill(before: string, rows: T[], next: string | null): void {
    const sids = rows.map((row) => row.sid);
    for (const row of rows) this.#rows.set(row.sid, row);
    const index = this.#sheets.findIndex((one) => one.before === before);
    const after = this.#sheets[index + 1]?.before;
    if (index < 0) this.#sheets.push({ before, sids, count: sids.length });
    else if (after) return this.#refill(index, sids, after);
    else this.#sheets[index] = { before, sids, count: sids.length };
    this.#next = next;
  }

  /** A page that stands before another ends where that begins, however many rows came or went meanwhile. */
  #refill(index: number, found: string[], after: string): void {
    const sids = found.filter((sid) => ageOf(sid) >= ageOf(after));
    const before = this.#sheets[index]?.before ?? null;
    const rest = (this.#sheets[index]?.count ?? 0) - sids.length;
    for (const sid of found.slice(sids.length)) if (!this.#sheets[index + 1]?.sids?.includes(sid)) this.#rows.delete(sid);
    this.#sheets[index] = { before, sids, count: sids.length };
    const last = found.at(-1);
    if (last && sids.length === found.length && ageOf(last) > ageOf(after))
      this.#sheets.splice(index + 1, 0, { before: last, sids: null, count: Math.max(1, rest) });
  }

  /** The rows from `first` on, with undefined where a page has to be fetched, and the keys of those pages. */
  view(first: number, count: number): { rows: (T | undefined)[]; missing: string[] } {
    const rows: (T | undefined)[] = [];
    const missing: string[] = [];
    let start = 0;
    for (const sheet of this.#sheets) {
      const end = start + sheet.count;
      if (end > first && start < first + count) {
        if (!sheet.sids && sheet.before) missing.push(sheet.before);
        for (let at = Math.max(first, start); at < Math.min(end, first + count); at++) {
          const sid = sheet.sids?.[at - start];
          rows.push(sid ? this.#rows.get(sid) : undefined);
        }
      }
      start = end;
    }
    if (first + count > start && this.#next) missing.push(this.#next);
    return { rows, missing };
  }

  /** The keys of the pages that hold these rows, but for the newest page. */
  keys(first: number, count: number): string[] {
    const keys: string[] = [];
    let start = 0;
    for (const sheet of this.#sheets) {
      if (sheet.before && sheet.sids && start + sheet.count > first && start < first + count) keys.push(sheet.before);
      start += sheet.count;
    }
    return keys;
  }

  /** Takes a live row: changes it in place, lets it in where it belongs, or out when it no longer does. */
  take(row: T, belongs: boolean): "changed" | "added" | "removed" | "none" {
    if (this.#rows.has(row.sid)) {
      if (belongs) this.#rows.set(row.sid, row);
      else this.#remove(row.sid);
      return belongs ? "changed" : "removed";
    }
    if (!belongs || !this.#loaded) return "none";
    return this.#insert(row) ? "added" : "none";
  }

  #remove(sid: string): void {
    this.#rows.delete(sid);
    for (const sheet of this.#sheets) {
      const at = sheet.sids?.indexOf(sid) ?? -1;
      if (at < 0) continue;
      sheet.sids?.splice(at, 1);
      sheet.count -= 1;
      return;
    }
  }

  #insert(row: T): boolean {
    const age = ageOf(row.sid);
    // A page holds what is older than its key: the last page whose key is newer than the row.
    const index = this.#sheets.findLastIndex((sheet) => sheet.before === null || ageOf(sheet.before) > age);
    const sheet = this.#sheets[index];
    if (!sheet?.sids) return false;
    const at = sheet.sids.findIndex((sid) => ageOf(sid) < age);
    const place = at < 0 ? sheet.sids.length : at;
    const last = index === this.#sheets.length - 1;
    if (last && place === sheet.sids.length && this.#next) return false;
    sheet.sids.splice(place, 0, row.sid);
    sheet.count += 1;
    this.#rows.set(row.sid, row);
    if (sheet.count >= 2 * PAGE_ROWS) this.#split(index);
    return true;
  }

  #split(index: number): void {
    const sheet = this.#sheets[index];
    const kept = sheet?.sids?.slice(0, PAGE_ROWS);
    const key = kept?.at(-1);
    if (!sheet?.sids || !kept || !key) return;
    const rest = sheet.sids.slice(PAGE_ROWS);
    this.#sheets.splice(index, 1, { ...sheet, sids: kept, count: kept.length }, { before: key, sids: rest, count: rest.length });
  }

  /** Lets go of the pages farthest from the row that is in view. The newest page stays. */
  trim(around: number): void {
    while (this.#rows.size > KEPT_ROWS) {
      let start = 0;
      let farthest: Sheet | null = null;
      let distance = -1;
      for (const sheet of this.#sheets) {
        const away = Math.abs(start + sheet.count / 2 - around);
        if (sheet.before && sheet.sids && away > distance) [farthest, distance] = [sheet, away];
        start += sheet.count;
      }
      if (!farthest?.sids) return;
      for (const sid of farthest.sids) this.#rows.delete(sid);
      farthest.sids = null;
    }
  }
}
