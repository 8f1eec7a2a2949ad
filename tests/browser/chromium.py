"""How Chromium is started, for the tests and for the pictures of the documentation."""

WAIT_MS = 20_000
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # performance.memory to the byte, and collections on demand
    "--enable-precise-memory-info",
    "--js-flags=--expose-gc",
]
