"""Why a webhook got no usable answer, in Twilio's error codes."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from localloop.core import errors

INVALID_URL: Final = 11100
RETRIEVAL_FAILURE: Final = 11200
CONNECT_TIMEOUT: Final = 11201
CONNECTION_REFUSED: Final = 11202
TOTAL_TIMEOUT: Final = 11203
CONNECTION_FAILURE: Final = 11205
PROTOCOL_VIOLATION: Final = 11206
BAD_HOST_NAME: Final = 11210
TOO_MANY_REDIRECTS: Final = 11215
INVALID_REDIRECT: Final = 11216
TLS_HANDSHAKE: Final = 11220
CERTIFICATE_MISMATCH: Final = 11235
CERTIFICATE_EXPIRED: Final = 11236
CERTIFICATE_UNTRUSTED: Final = 11237
EDGE_INVALID: Final = 11240
EDGE_UNSUPPORTED: Final = 11241
INTERCONNECT_REFUSED: Final = 11242
RETRY_POLICY_INVALID: Final = 11243
BODY_TOO_LARGE: Final = 11750
BODY_EMPTY: Final = 11770
CONTENT_TYPE_INVALID: Final = 12300


_LOGIN: Final = re.compile(r"(?<=://)[^/?#\s@]*@")
_QUERY: Final = re.compile(r"(https?://[^\s?#]*)[?#]\S*")


class Stage(Enum):
    """How far a request came: what a retry policy (`rp`) asks about."""

    SETUP = "setup"  # nothing was sent and sending it again would change nothing
    CONNECT = "ct"  # TCP connection or TLS handshake
    READ = "rt"  # sent, and no byte of an answer came
    BODY = "body"  # part of an answer came: never retried
    TOTAL = "tt"  # no time is left


class Failure(Exception):
    """A request that brought no complete answer: raised by the client, kept in the record of an attempt.

    URLs in its text are without login and query: the parameters of a GET may be a text that shall be forgotten one day.
    """

    def __init__(self, code: int, detail: str, stage: Stage = Stage.SETUP) -> None:
        self.code = code
        detail = without_login(_QUERY.sub(r"\1", detail))
        self.message = f"{errors.title(code)}: {detail}" if detail else errors.title(code)
        self.stage = stage
        super().__init__(self.message)

    def __repr__(self) -> str:
        return f"Failure({self.code}, {self.message!r}, {self.stage})"


def without_login(text: str) -> str:
    """URLs in a text, without who logs in there."""
    return _LOGIN.sub("", text)
