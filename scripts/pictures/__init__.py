"""The pictures of the console in README and documentation, taken of the real page.

`python -m scripts.pictures` starts a localloop and a small shop behind it, plays a new user's first minute in a real
Chromium, and writes what it saw into docs/pictures/: stills, and a film of twenty seconds. The film's time is the
script's: every picture of it says how long it stands, so a slow machine makes the same film as a fast one.
"""
