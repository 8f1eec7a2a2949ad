import { defineConfig } from "vitest/config";

// What is tested here is pure: no browser, no Svelte. The pages are tested in tests/browser, by a real one.
export default defineConfig({ test: { include: ["tests/**/*.test.ts"] } });
