"""A program's folder, file by file: each read in the way of its language."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from localloop.intercept.survey import addresses, chains, compiled, python, twiml, webhooks
from localloop.intercept.survey.chains import LANGUAGES
from localloop.intercept.survey.use import Use

_LARGEST: Final = 1024 * 1024
_MOST: Final = 20_000
_LEFT_OUT: Final = frozenset(
    "node_modules vendor venv env site-packages __pycache__ dist build target bin obj coverage site".split()
)
_LANGUAGE: Final = {
    ".js": "js",
    ".cjs": "js",
    ".mjs": "js",
    ".jsx": "js",
    ".ts": "js",
    ".tsx": "js",
    ".rb": "rb",
    ".php": "php",
}
_COMPILED: Final = {".java": compiled.java, ".kt": compiled.java, ".cs": compiled.csharp, ".go": compiled.go}
_TEXTS: Final = frozenset(
    ".xml .twiml .html .htm .erb .ejs .j2 .jinja .jinja2 .hbs .mustache .liquid .twig .blade .cshtml .jsp .tmpl "
    ".sh .bash .zsh .md .http .rest .env.example".split()
)
_READABLE: Final = frozenset({".py", *_LANGUAGE, *_COMPILED, *_TEXTS})
# What its authors wrote about it, and not it.
_DOCUMENTS: Final = frozenset({".md"})


class Unreadable(Exception):
    """Why there is nothing to look at; one line."""


def files_of(folder: Path) -> list[Path]:
    """Its sources and templates, without what others wrote. Raises Unreadable."""
    found: list[Path] = []
    for directory, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not name.startswith("."))
        for name in sorted(names):
            path = Path(directory, name)
            if path.suffix.lower() in _READABLE and path.stat().st_size <= _LARGEST:
                found.append(path)
        if len(found) > _MOST:
            raise Unreadable(f"{folder} has more than {_MOST} sources: name the application's own folder")
    return found


def uses_of(folder: Path) -> list[Use]:
    """What all of it uses. Raises Unreadable."""
    texts = {path.relative_to(folder).as_posix(): _text(path) for path in files_of(folder)}
    texts = {name: text for name, text in texts.items() if not name.endswith(tuple(_DOCUMENTS))}
    clients = {Path(name).stem: python.clients(text) for name, text in texts.items() if name.endswith(".py")}
    found = [use for name, text in texts.items() for use in uses_in(name, text, clients)]
    return [*found, *webhooks.asked_for(found)]


def uses_of_file(path: Path) -> list[Use]:
    """What one file uses, whatever its kind; `*.md` are documentation with examples to run."""
    found = list(uses_in(path.name, _text(path), {}))
    return [*found, *webhooks.asked_for(found)]


def uses_in(name: str, text: str, clients: Mapping[str, frozenset[str]]) -> Iterator[Use]:
    """What one text uses, but for the webhooks that it asks for."""
    suffix = Path(name).suffix.lower()
    if suffix == ".py":
        yield from python.uses(name, text, clients)
    elif suffix in _LANGUAGE:
        yield from chains.uses(name, text, LANGUAGES[_LANGUAGE[suffix]])
    elif suffix in _COMPILED:
        yield from _COMPILED[suffix](name, text)
    yield from twiml.documents(name, text)
    yield from addresses.uses(name, text)
    yield from webhooks.read(name, text)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
