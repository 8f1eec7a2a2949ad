"""The pictures in README and documentation: all there, all shown, small, and said in words too."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from PIL import Image

from tests.house import tree

_FOLDER = "docs/pictures/"
_FILM = "docs/pictures/console.webp"
_MAX_PICTURE = 150_000
_MAX_FILM = 2_000_000
_SHOWN = re.compile(r'(?:\]\(|src="|srcset=")([^)"\s]*pictures/[\w-]+\.\w+)')
_WORDLESS = re.compile(r'!\[\s*\]\(|<img(?![^>]*alt="[^"])[^>]*>')


def _pages() -> list[str]:
    return [name for name in tree.files() if name == "README.md" or re.fullmatch(r"docs/.*\.md", name)]


def _pictures() -> set[str]:
    return {name for name in tree.files() if name.startswith(_FOLDER)}


def _shown() -> dict[str, str]:
    """Each picture that a page shows, and one page that does."""
    return {
        (tree.ROOT / PurePosixPath(page).parent / address).resolve().relative_to(tree.ROOT).as_posix(): page
        for page in _pages()
        for address in _SHOWN.findall(tree.text(page))
    }


def test_every_picture_is_there_and_is_shown() -> None:
    shown, there = _shown(), _pictures()
    tree.forbid(
        [f"{page}: there is no {name}" for name, page in shown.items() if name not in there]
        + [f"{name}: no page shows it" for name in there - set(shown)]
    )
    assert _FILM in shown


def test_pictures_are_said_in_words() -> None:
    tree.forbid(f"{page}: {found}" for page in _pages() for found in _WORDLESS.findall(tree.text(page)))


def test_pictures_are_small() -> None:
    sizes = {name: (tree.ROOT / name).stat().st_size for name in _pictures()}
    tree.forbid(
        f"{name}: {size} bytes"
        for name, size in sizes.items()
        if size > (_MAX_FILM if name == _FILM else _MAX_PICTURE)
    )


def test_the_film_takes_twenty_seconds() -> None:
    with Image.open(tree.ROOT / _FILM) as film:
        total = 0
        for index in range(getattr(film, "n_frames", 1)):
            film.seek(index)
            film.load()
            total += film.info["duration"]
    assert total == 20_000
