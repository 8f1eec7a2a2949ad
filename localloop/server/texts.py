"""Messages that calls send: where the two products meet."""

from __future__ import annotations

from localloop.core.errors import ApiError
from localloop.products import voice
from localloop.products.messaging import Draft, Messaging, Origin, Wanted, notice_of
from localloop.store import Unit


class CallTexts:
    """Implements `voice.Texts`."""

    def __init__(self, messaging: Messaging) -> None:
        self._messaging = messaging

    async def prepare(self, text: voice.Text) -> voice.Ready:
        wanted = Wanted(
            to=text.to,
            from_=text.from_,
            body=text.body,
            media=text.media,
            status_callback=text.status_callback,
        )
        origin = Origin(
            account_sid=text.account_sid, world_sid=text.world_sid, now=text.at, direction="outbound-call"
        )
        try:
            return _Ready(self._messaging, await self._messaging.compose(wanted, origin))
        except ApiError as error:
            raise _refused(error) from error


class _Ready:
    def __init__(self, messaging: Messaging, draft: Draft) -> None:
        self._messaging = messaging
        self._draft = draft

    async def accept(self, unit: Unit) -> str:
        try:
            return (await self._messaging.accept(unit, self._draft)).sid
        except ApiError as error:
            raise _refused(error) from error


def _refused(error: ApiError) -> voice.Refused:
    return voice.Refused(notice_of(error.code), error.message)
