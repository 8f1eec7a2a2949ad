"""The built page: its files as the browser wants them, and what stands there when nobody has built it."""

from __future__ import annotations

import mimetypes
from html import escape
from pathlib import Path, PurePosixPath
from typing import Final

from starlette.responses import HTMLResponse, Response

STATIC: Final = Path(__file__).with_name("static")
_HASHED: Final = "assets"  # the folder whose file names change with their content
_FOREVER: Final = "public, max-age=31536000, immutable"
_BRIEFLY: Final = "no-cache"
_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
_PLAIN: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width"></head><body><h1>{title}</h1>{text}</body></html>'
)
_NOT_BUILT: Final = """<p>The page of this console has not been built. In the folder of the source, with
<a href="https://nodejs.org/">Node.js</a> 20 or newer and npm installed:</p><pre>make setup</pre>
<p>Then load this page again. The API works without it.</p>"""
_NO_LINK: Final = """<p>This link was used, or is older than a day: each works once. For a new one:</p>
<pre>localloop console</pre>"""


def page(path: str, accepted: str, folder: Path = STATIC) -> Response:
    """The answer to GET for a path below `/console/`: the file of that name, else the page itself, which finds out
    what is meant. `accepted` is the request's Accept-Encoding."""
    found = _file(folder, path)
    if found is not None and found.name != "index.html":
        is_hashed = PurePosixPath(path).parts[0] == _HASHED
        return _sent(found, accepted, _FOREVER if is_hashed else _BRIEFLY)
    if path.startswith(f"{_HASHED}/"):
        return plain(404, "Not found", "<p>There is no such file; the page may have been built anew.</p>")
    index = folder / "index.html"
    if not index.is_file():
        return plain(503, "The console is not built", _NOT_BUILT)
    return _sent(index, accepted, "no-store")


def used_link() -> Response:
    return plain(410, "This link is spent", _NO_LINK)


def plain(status: int, title: str, text: str) -> Response:
    """A page of its own words; `text` is HTML."""
    body = _PLAIN.format(title=escape(title), text=text)
    return HTMLResponse(body, status, {"cache-control": "no-store"})


def _file(folder: Path, path: str) -> Path | None:
    """The file that a path names, and never one outside the folder."""
    parts = PurePosixPath(path).parts
    if not parts or any(part in ("..", ".", "/") or "\0" in part or "\\" in part for part in parts):
        return None
    found = folder.joinpath(*parts)
    try:
        return found if found.is_file() and found.resolve().is_relative_to(folder.resolve()) else None
    except OSError:  # a name that no file can have
        return None


def _sent(found: Path, accepted: str, cached: str) -> Response:
    headers = {"cache-control": cached}
    compressed = found.with_name(f"{found.name}.gz")
    if compressed.is_file():
        headers["vary"] = "accept-encoding"
        if "gzip" in accepted:
            headers["content-encoding"] = "gzip"
            return Response(compressed.read_bytes(), headers=headers, media_type=_type(found))
    return Response(found.read_bytes(), headers=headers, media_type=_type(found))


def _type(found: Path) -> str:
    if found.suffix == ".html":
        return "text/html; charset=utf-8"
    return _TYPES.get(found.suffix) or mimetypes.guess_type(found.name)[0] or "application/octet-stream"
