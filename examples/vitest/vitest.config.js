import { defineConfig } from "vitest/config";

export default defineConfig({ test: { globalSetup: "./localloop.setup.js", testTimeout: 30_000 } });
