/** A list of the v1 APIs, page by page. */

import { operate } from "./api";

interface Page {
  meta: { key: string; next_page_url: string | null };
}

export class Collection<T> {
  rows = $state.raw<T[] | null>(null);
  error = $state.raw<unknown>(null);
  #next = $state<string | null>(null);

  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** The first page of what lies at this path. */
  async load(path: string): Promise<void> {
    await this.#read(path, []);
  }

  async more(): Promise<void> {
    if (this.#next) await this.#read(this.#next, this.rows ?? []);
  }

  /** Something that is done to it, and the list as it is then; a refusal is its error. */
  async change(act: () => Promise<T[]>): Promise<boolean> {
    try {
      this.rows = await act();
      this.error = null;
      return true;
    } catch (refused) {
      this.error = refused;
      return false;
    }
  }

  async #read(path: string, before: T[]): Promise<void> {
    await this.change(async () => {
      const page = await operate<Page & Record<string, T[]>>("GET", path);
      const next = page.meta.next_page_url && new URL(page.meta.next_page_url);
      this.#next = next ? next.pathname.slice(1) + next.search : null;
      return [...before, ...(page[page.meta.key] ?? [])];
    });
  }
}
