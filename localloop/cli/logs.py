"""Log lines: readable on a terminal, one JSON object each everywhere else."""

from __future__ import annotations

import logging
import sys
from typing import Any

import orjson
import structlog

from localloop.core.settings import LogFormat


def configure(log_format: LogFormat, *, verbose: bool = False) -> None:
    """Sets up structlog and hands it what comes through `logging`: ours, and of libraries warnings and worse."""
    level = logging.DEBUG if verbose else logging.INFO
    as_text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S" if as_text else "iso", utc=not as_text)
    shared: list[Any] = [structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, stamp]
    renderers: list[Any]
    if as_text:
        renderers = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)]
    else:
        renderers = [structlog.processors.format_exc_info, _json]
    structlog.configure(
        processors=[*shared, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _adopt_library_logs()
    logging.getLogger("localloop").setLevel(level)


def _json(_logger: Any, _name: str, event: Any) -> str:
    return orjson.dumps(event, default=str).decode()


class _Forward(logging.Handler):
    """What is logged through `logging`, as structlog's lines."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info or None)


def _adopt_library_logs() -> None:
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(logging.WARNING)
