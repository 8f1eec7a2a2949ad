"""A film of a page: still pictures that say how long they stand, a cursor to be seen, and hands that type.

Nothing here depends on how fast the machine is. A picture that equals the one before it lengthens that one.
"""

from __future__ import annotations

from math import hypot
from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, Page

from scripts.pictures.palette import Palette, opened

_TICK_MS: Final = 50  # twenty pictures a second where something moves
_KEY_MS: Final = (70, 95, 60, 110, 80, 65)  # a practised hand, and no metronome
_TURN_PX: Final = 55
_MOST_TURNS: Final = 60
_PAINTED: Final = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_SAMPLES: Final = 12

# The cursor lies over the page, in nobody's way. The page's policy allows no inline style: the object model is free.
_CURSOR: Final = """
() => {
  const space = "http://www.w3.org/2000/svg";
  const cursor = document.createElementNS(space, "svg");
  cursor.id = "film-cursor";
  cursor.setAttribute("viewBox", "0 0 24 24");
  const arrow = document.createElementNS(space, "path");
  arrow.setAttribute("d", "M4 2 L4 19 L8.6 15 L11.6 21.6 L14.6 20.2 L11.7 13.8 L17.8 13.4 Z");
  arrow.setAttribute("fill", "#111");
  arrow.setAttribute("stroke", "#fff");
  arrow.setAttribute("stroke-width", "1.6");
  cursor.append(arrow);
  Object.assign(cursor.style, { position: "fixed", left: "-4px", top: "-2px", width: "26px", height: "26px",
    zIndex: "2147483647", pointerEvents: "none", filter: "drop-shadow(0 1px 2px rgb(0 0 0 / .35))" });
  const caption = document.createElement("div");
  caption.id = "film-caption";
  Object.assign(caption.style, { position: "fixed", left: "478px", bottom: "18px", transform: "translateX(-50%)",
    padding: "9px 18px", borderRadius: "999px", background: "#16211f", color: "#fff", fontSize: "15px",
    fontWeight: "550", whiteSpace: "nowrap", zIndex: "2147483646", pointerEvents: "none",
    boxShadow: "0 4px 18px rgb(0 0 0 / .28)" });
  document.documentElement.append(caption, cursor);
}"""
_MOVE: Final = """([x, y, pressed]) => {
  document.getElementById("film-cursor").style.transform = `translate(${x}px, ${y}px) scale(${pressed ? 0.82 : 1})`;
}"""
_CAPTION: Final = """(text) => {
  const caption = document.getElementById("film-caption");
  caption.textContent = text;
  caption.style.display = text ? "block" : "none";
}"""


class Film:
    """What the page showed so far. A quick one has fewer pictures; what is done on the page is the same."""

    def __init__(self, page: Page, *, quick: bool = False) -> None:
        self.page = page
        self._quick = quick
        self._shots: list[bytes] = []
        self._times: list[int] = []
        self._at = (640.0, 560.0)
        size = page.viewport_size
        self._middle = (size["height"] if size else 0) / 2

    @property
    def length_ms(self) -> int:
        return sum(self._times)

    def begin(self) -> None:
        """Once the page is there."""
        self.page.evaluate(_CURSOR)
        self._put(pressed=False)
        self.say("")

    def say(self, caption: str) -> None:
        self.page.evaluate(_CAPTION, caption)

    def hold(self, ms: int) -> None:
        """The page as it is, for a while."""
        shot = self.page.screenshot(caret="initial")
        if self._shots and self._shots[-1] == shot:
            self._times[-1] += ms
        else:
            self._shots.append(shot)
            self._times.append(ms)

    def move_to(self, target: Locator) -> None:
        """In an arc of time, as an arm does: slow, fast, slow."""
        box = target.bounding_box()
        assert box is not None
        self._glide((box["x"] + min(box["width"] / 2, 90), box["y"] + box["height"] / 2))

    def point_at(self, target: Locator) -> None:
        """Beside it, so that it can be read."""
        box = target.bounding_box()
        assert box is not None
        self._glide((box["x"] + min(box["width"], 420) + 8, box["y"] + box["height"] + 4))

    def scroll_to(self, target: Locator) -> None:
        """By the wheel, until it stands in the middle of the page or the page ends."""
        for _ in range(_MOST_TURNS):
            box = target.bounding_box()
            assert box is not None
            left = box["y"] - self._middle
            turn = max(-_TURN_PX, min(_TURN_PX, left))
            if abs(left) < 2 or not self._wheel(target, turn if not self._quick else left):
                return

    def _wheel(self, target: Locator, turn: float) -> bool:
        """One turn of it; False at the end of the page."""
        before = target.bounding_box()
        self.page.mouse.wheel(0, turn)
        self.page.evaluate(_PAINTED)
        self.hold(_TICK_MS)
        return target.bounding_box() != before

    def _glide(self, goal: tuple[float, float]) -> None:
        start = self._at
        way = hypot(goal[0] - start[0], goal[1] - start[1])
        steps = 1 if self._quick else max(4, min(12, round(way / 50)))
        for step in range(1, steps + 1):
            part = (step / steps) ** 2 * (3 - 2 * step / steps)
            self._at = (start[0] + (goal[0] - start[0]) * part, start[1] + (goal[1] - start[1]) * part)
            self.page.mouse.move(*self._at)
            self._put(pressed=False)
            self.hold(_TICK_MS)

    def click(self, target: Locator) -> None:
        self.move_to(target)
        self.hold(180)
        self._put(pressed=True)
        self.hold(90)
        self.page.mouse.click(*self._at)
        self._put(pressed=False)

    def type(self, text: str) -> None:
        """Into whatever has the focus."""
        for index, letter in enumerate(text):
            self.page.keyboard.type(letter)
            if not self._quick or index == len(text) - 1:
                self.hold(_KEY_MS[index % len(_KEY_MS)])

    def _put(self, *, pressed: bool) -> None:
        self.page.evaluate(_MOVE, [*self._at, pressed])

    def save(self, path: Path) -> None:
        """As a WebP in which only what changes is kept: no loss but of rare colours, the same for all of it."""
        samples = self._shots[:: max(1, len(self._shots) // _SAMPLES)]
        palette = Palette([opened(shot) for shot in samples])
        pictures = [palette.paint(opened(shot)) for shot in self._shots]
        pictures[0].save(
            path,
            save_all=True,
            append_images=pictures[1:],
            duration=self._times,
            loop=0,
            lossless=True,
            quality=60,
            method=4,
            kmin=0,
            kmax=0,
        )
