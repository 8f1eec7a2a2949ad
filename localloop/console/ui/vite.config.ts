// The console is served below /console/ by localloop itself. Nothing is inlined: the page's CSP allows no inline
// script, style or data: font.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/console/",
  plugins: [svelte({ compilerOptions: { runes: true } })],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  // `npm run dev` beside a running `localloop up`: the page from here, everything else from there.
  server: {
    proxy: {
      "/console/api": { target: process.env["LOCALLOOP_URL"] ?? "http://127.0.0.1:4010", changeOrigin: true },
      "/console/enter": { target: process.env["LOCALLOOP_URL"] ?? "http://127.0.0.1:4010", changeOrigin: true },
    },
  },
});
