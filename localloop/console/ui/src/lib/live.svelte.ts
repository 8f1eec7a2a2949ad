/** What a screen reader is told in passing, and the short notices that everybody sees. */

import { untrack } from "svelte";

let spoken = $state("");

export const live = {
  get spoken(): string {
    return spoken;
  },
};

export function say(text: string): void {
  // The same words twice in a row would not be read: a no-break space makes them new.
  spoken = untrack(() => spoken) === text ? `${text}\u00a0` : text;
}
