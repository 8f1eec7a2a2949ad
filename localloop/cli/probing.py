"""Which of the documentation's paths a program on this machine answers, asked so that nothing happens there."""

from __future__ import annotations

import socket
from http.client import HTTPConnection, HTTPException
from threading import Event
from typing import Final

from localloop.cli.numbers import Addresses

SMS_PATHS: Final = ("/sms", "/message")
VOICE_PATHS: Final = ("/voice", "/answer")
_HOSTS: Final = ("127.0.0.1", "::1")  # some that are told localhost listen on the second alone
_EVERY_S: Final = 0.1
_ANSWER_S: Final = 5.0


class Probe:
    """One program, by its port; `over` is set when it has ended."""

    def __init__(self, port: int, over: Event) -> None:
        self._port, self._over = port, over
        self._host = ""

    def wait(self) -> bool:
        """Until it listens; False when it ended before."""
        while not self._over.is_set():
            for host in _HOSTS:
                try:
                    socket.create_connection((host, self._port), timeout=1).close()
                except OSError:
                    continue
                self._host = host
                return True
            self._over.wait(_EVERY_S)
        return False

    def addresses(self) -> Addresses:
        return Addresses(self._first_of(SMS_PATHS), self._first_of(VOICE_PATHS))

    def _first_of(self, paths: tuple[str, ...]) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return next((f"http://{host}:{self._port}{path}" for path in paths if self._is_there(path)), "")

    def _is_there(self, path: str) -> bool:
        """OPTIONS asks for no action (RFC 9110 §9.3.7): a route that knows POST alone says 200, 204, 403 or 405."""
        connection = HTTPConnection(self._host, self._port, timeout=_ANSWER_S)
        try:
            connection.request("OPTIONS", path)
            return connection.getresponse().status not in (400, 404, 410, 501)
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
