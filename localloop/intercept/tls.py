"""TLS on a connection that is open already, the server's side: OpenSSL without sockets between two protocols.

asyncio's own `start_tls` would do, but that it cannot be given the bytes that a client sent with its CONNECT,
and keeps a quarter of a megabyte for every connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import Any, Final, cast

_CHUNK: Final = 64 * 1024

OnFailure = Callable[[str], None]


class TlsServer(asyncio.Protocol):
    """Decrypts for `inside`, which sees an ordinary transport; `failed` hears why a handshake came to nothing."""

    __slots__ = ("_failed", "_inside", "_is_open", "_object", "_received", "_to_send", "outer", "reading")

    def __init__(self, context: ssl.SSLContext, inside: asyncio.Protocol, failed: OnFailure) -> None:
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._received, self._to_send, server_side=True)
        self._inside = inside
        self._failed = failed
        self._is_open = False  # the handshake is over
        self.reading = True
        self.outer: asyncio.Transport = cast(Any, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.outer = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received.write(data)
        if not self._is_open and not self._shake_hands():
            return
        self.read()

    def eof_received(self) -> bool | None:
        return False  # a TLS connection has no half that stays open

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_open:
            self._inside.connection_lost(exc)
        else:
            self._failed("the client hung up")

    def pause_writing(self) -> None:
        if self._is_open:
            self._inside.pause_writing()

    def resume_writing(self) -> None:
        if self._is_open:
            self._inside.resume_writing()

    @property
    def is_open(self) -> bool:
        return self._is_open

    def _shake_hands(self) -> bool:
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        except ssl.SSLError as error:
            self._flush()  # the alert
            self._failed(error.reason or str(error))
            self._failed = _heard
            self.outer.close()
            return False
        self._is_open = True
        self._flush()
        self._inside.connection_made(Inner(self))
        return True

    def read(self) -> None:
        """Hands over what there is, until the inside wants no more."""
        while self.reading and not self.outer.is_closing():
            try:
                data = self._object.read(_CHUNK)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError:  # nonsense, or the client's close_notify
                self.outer.close()
                return
            if not data:
                self.outer.close()
                return
            self._inside.data_received(data)
        self._flush()  # what TLS itself has to say

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[self._object.write(view) :]
        except ssl.SSLError:  # the other side broke the connection
            self.outer.abort()
        self._flush()

    def close(self) -> None:
        with contextlib.suppress(ssl.SSLError):  # the client's close_notify is not waited for
            self._object.unwrap()
        self._flush()
        self.outer.close()

    def _flush(self) -> None:
        if self._to_send.pending and not self.outer.is_closing():
            self.outer.write(self._to_send.read())


def _heard(_reason: str) -> None:
    """A failure is told once."""


class Inner(asyncio.Transport):
    """The transport that the inside of a TLS connection writes to."""

    def __init__(self, tls: TlsServer) -> None:
        super().__init__()
        self._tls = tls

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._tls.outer.get_extra_info(name, default)

    def write(self, data: Any) -> None:
        if not self._tls.outer.is_closing():
            self._tls.write(data)

    def close(self) -> None:
        if not self._tls.outer.is_closing():
            self._tls.close()

    def abort(self) -> None:
        self._tls.outer.abort()

    def is_closing(self) -> bool:
        return self._tls.outer.is_closing()

    def pause_reading(self) -> None:
        self._tls.reading = False
        self._tls.outer.pause_reading()

    def resume_reading(self) -> None:
        self._tls.reading = True
        self._tls.outer.resume_reading()
        asyncio.get_running_loop().call_soon(self._tls.read)

    def can_write_eof(self) -> bool:
        return False
