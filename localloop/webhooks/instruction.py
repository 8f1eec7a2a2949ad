"""Instructions: a document (TwiML) fetched from the application because something live waits for it.

They run at once, are never queued, and have 15 seconds; then the fallback URL is asked with what went wrong.
"""

from __future__ import annotations

import uuid

from msgspec import Struct, field
from msgspec.structs import replace

from localloop.payloads.fallback import Fallback
from localloop.payloads.signature import Params
from localloop.webhooks import failure
from localloop.webhooks.attempts import Attempt
from localloop.webhooks.cookies import EMPTY, Jar
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.outbound import Response
from localloop.webhooks.target import shown


class Instruction(Struct, frozen=True):
    """What to ask of which application. With a `resource_sid` its attempts are found with that resource."""

    url: str
    account_sid: str
    params: Params = {}
    method: str = "POST"
    fallback_url: str = ""
    fallback_method: str = "POST"
    world_sid: str = ""
    resource_sid: str | None = None
    jar: Jar = EMPTY
    voice: bool = False
    idempotency_token: str = field(default_factory=lambda: str(uuid.uuid4()))

    def fallback(self, code: int) -> Instruction | None:
        """The request to the fallback URL after this code; None when there is no such URL."""
        if not self.fallback_url:
            return None
        told = Fallback(error_code=str(code), error_url=shown(self.url))
        return replace(
            self,
            url=self.fallback_url,
            method=self.fallback_method,
            params={**self.params, **told.params()},
            fallback_url="",
            idempotency_token=str(uuid.uuid4()),
        )


class Document(Struct, frozen=True):
    """An answer to act on. Its body may be empty: nothing to do."""

    content_type: str  # as sent, "text/xml; charset=utf-8"; empty only when the body is
    body: bytes
    url: str  # where it came from in the end: relative URLs in it refer to this
    jar: Jar = EMPTY
    fallback_for: Failure | None = None  # why the first URL was given up


def document_of(attempts: list[Attempt]) -> Document | Failure:
    """What the last attempt brought."""
    last = attempts[-1]
    if last.failure is not None:
        return last.failure
    assert isinstance(last.outcome, Response)
    return _checked(last.outcome)


def _checked(response: Response) -> Document | Failure:
    content_type = response.headers.get("Content-Type", "")
    if response.truncated:
        return Failure(failure.BODY_TOO_LARGE, response.url, Stage.BODY)
    if not response.body:
        if "chunked" in response.headers.get("Transfer-Encoding", "").lower():
            return Failure(failure.BODY_EMPTY, response.url, Stage.BODY)
        return Document(content_type, b"", response.url, response.jar)
    if not content_type:
        return Failure(failure.CONTENT_TYPE_INVALID, f"{response.url} names no Content-Type", Stage.BODY)
    return Document(content_type, response.body, response.url, response.jar)
