// Before the first paint, or a reader who chose dark would see a white flash. See src/lib/theme.svelte.ts.
try {
  const chosen = localStorage.getItem("localloop-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is forbidden here: the system's theme stands.
}
