/** The keyboard of the whole page: single keys, and `g` followed by a letter. Pure: what to do is the caller's. */

export type Command = { kind: "go"; page: string } | { kind: "search" } | { kind: "help" } | { kind: "leave" } | { kind: "move"; step: number };

export const PAGES: [string, string, string][] = [
  ["h", "", "Start"],
  ["p", "phones", "Phones"],
  ["m", "messages", "Messages"],
  ["c", "calls", "Calls"],
  ["d", "deliveries", "Deliveries"],
  ["s", "messaging", "Messaging"],
  ["a", "account", "Account"],
  ["e", "explorer", "Explorer"],
  ["l", "lab", "Lab"],
];

const SINGLE: Record<string, Command> = {
  "/": { kind: "search" },
  "?": { kind: "help" },
  Escape: { kind: "leave" },
  j: { kind: "move", step: 1 },
  k: { kind: "move", step: -1 },
};

const CHORD_MS = 1500;

export class Keyboard {
  #chord = -Infinity;

  /** What a key means at this moment (milliseconds of any clock); null when it is nobody's. */
  press(key: string, at: number): Command | null {
    if (at - this.#chord < CHORD_MS) {
      this.#chord = -Infinity;
      const page = PAGES.find(([letter]) => letter === key);
      return page ? { kind: "go", page: page[1] } : null;
    }
    if (key === "g") {
      this.#chord = at;
      return null;
    }
    return SINGLE[key] ?? null;
  }
}

/** Keys typed into a field are text, not commands. */
export function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/u.test(target.tagName));
}
