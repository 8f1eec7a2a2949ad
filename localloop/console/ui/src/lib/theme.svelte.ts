/** Light, dark, or as the system has it. `public/theme.js` applies a kept choice before the first paint. */

export type Theme = "system" | "light" | "dark";
const KEY = "localloop-theme";

function kept(): Theme {
  const set = document.documentElement.dataset["theme"];
  return set === "light" || set === "dark" ? set : "system";
}

let chosen = $state<Theme>(kept());

export const theme = {
  get now(): Theme {
    return chosen;
  },
  next(): void {
    const order: Theme[] = ["system", "light", "dark"];
    choose(order[(order.indexOf(chosen) + 1) % order.length] ?? "system");
  },
};

function choose(wanted: Theme): void {
  chosen = wanted;
  if (wanted === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = wanted;
  try {
    if (wanted === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, wanted);
  } catch {
    // Storage is forbidden here: the choice lasts until the page is closed.
  }
}
