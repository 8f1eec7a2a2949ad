"""`python -m scripts.pictures [FOLDER]`: the pictures of the console, in docs/pictures without a folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser

from scripts.pictures import album, story
from scripts.pictures.film import Film
from scripts.pictures.stage import Missing, chromium, stage

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"


def take(browser: Browser, folder: Path, *, quick: bool = False) -> None:
    """All of them. Quick: the same on the page, with fewer pictures in the film, and on any free port."""
    scale = 1 if quick else 2
    with stage(browser, known_ports=not quick) as here:
        album.take(here, album.BEFORE, {}, folder, scale=scale)
        with here.page(story.SIZE, device_scale_factor=1 if quick else story.SCALE) as page:
            film = Film(page, quick=quick)
            story.play(here, film)
            film.save(folder / "console.webp")
        album.take(here, album.AFTER, album.furnish(here), folder, scale=scale)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.pictures", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with chromium() as browser:
            take(browser, folder)
    except Missing as missing:
        sys.exit(f"pictures: {missing}")
    for path in sorted(folder.glob("*.webp")):
        print(f"{path.name:28}{path.stat().st_size / 1000:7.0f} kB")


if __name__ == "__main__":
    main()
