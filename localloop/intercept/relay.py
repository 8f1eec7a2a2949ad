"""Bytes passed on between two connections, untouched: as fast as the slower side takes them, until one side ends."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from localloop.intercept.head import MAX_HEAD, closing

_INTERIM: Final = (b" 100 ", b" 102 ", b" 103 ")


class Pipe(asyncio.Protocol):
    """One end. Both ends know each other; what one receives, the other writes."""

    __slots__ = ("__weakref__", "far", "half_closed_at", "loop", "transport")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.transport: asyncio.Transport = cast(Any, None)
        self.far: Pipe = cast(Any, None)
        self.half_closed_at: float | None = None

    def join(self, far: Pipe) -> None:
        self.far, far.far = far, self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self.far.transport.is_closing():
            self.far.transport.write(data)

    def eof_received(self) -> bool | None:
        """This side will send no more; the other may, for a while."""
        if not self.far.transport.can_write_eof() or self.far.half_closed_at is not None:
            return False
        self.half_closed_at = self.loop.time()
        self.far.transport.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        if self.far.transport is None or self.far.transport.is_closing():
            return
        if exc is None:
            self.far.transport.close()
        else:
            self.far.transport.abort()

    def pause_writing(self) -> None:
        if self.far.transport is not None and not self.far.transport.is_closing():
            self.far.transport.pause_reading()

    def resume_writing(self) -> None:
        if not self.far.transport.is_closing():
            self.far.transport.resume_reading()


class Answers(Pipe):
    """The origin's end of one forwarded request: the client is told that its connection ends with the answer."""

    __slots__ = ("_head", "_is_past_head")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._head = b""
        self._is_past_head = False

    def data_received(self, data: bytes) -> None:
        if self._is_past_head:
            super().data_received(data)
            return
        self._head += data
        while (end := self._head.find(b"\r\n\r\n")) >= 0:
            head, self._head = self._head[: end + 4], self._head[end + 4 :]
            if any(code in head[:14] for code in _INTERIM):
                super().data_received(head)
                continue
            self._is_past_head = True
            super().data_received(closing(head) + self._head)
            return
        if len(self._head) > MAX_HEAD:
            self.transport.abort()
            self.far.transport.close()
