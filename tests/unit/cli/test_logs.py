"""Which lines reach the log of a running server."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import orjson
import pytest
import structlog

from localloop.cli import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("localloop")
    handlers, levels = root.handlers, (root.level, ours.level)
    yield
    root.handlers = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    for name in ("localloop.products.x", "aiohttp.access"):
        log = logging.getLogger(name)
        log.debug("%s in detail", name)
        log.info("%s tells", name)
        log.warning("%s warns", name)
    return [orjson.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]


def test_our_notices_and_the_warnings_of_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    assert lines(capsys) == [
        "localloop.products.x tells",
        "localloop.products.x warns",
        "aiohttp.access warns",
    ]


def test_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", verbose=True)
    assert lines(capsys)[0] == "localloop.products.x in detail"
