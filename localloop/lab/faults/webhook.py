"""Faults of what leaves by HTTP: callbacks, requests for instructions, files of messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast
from urllib.parse import urlsplit

from localloop.lab.faults.book import Faults
from localloop.lab.faults.rule import DEFAULT_STATUS, Border, Happening
from localloop.lab.faults.things import Things, event_of
from localloop.webhooks import Disturbance, Going, Trick

_WEBHOOK: Final[Mapping[str, Trick]] = {
    "webhook-drop": "drop",
    "webhook-delay": "delay",
    "webhook-duplicate": "duplicate",
    "webhook-reorder": "reorder",
    "webhook-signature": "signature",
}
_MEDIA: Final[Mapping[str, Trick]] = {"media-error": "error", "media-slow": "delay", "media-drop": "drop"}


class WebhookFaults:
    """Whoever decides what goes wrong, for `webhooks`."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._things = Things(faults.database)

    def touches(self, world_sid: str) -> bool:
        return self._faults.touches(world_sid, "webhook") or self._faults.touches(world_sid, "media")

    async def decide(self, going: Going, tricks: frozenset[Trick]) -> Disturbance | None:
        border: Border = "media" if going.is_file else "webhook"
        if not self._faults.touches(going.world_sid, border):
            return None
        known = _MEDIA if going.is_file else _WEBHOOK
        thing = await self._things.of(going.account_sid, going.resource_sid, going.params)
        event = _event(going)
        rule = await self._faults.strike(
            Happening(
                border=border,
                kinds=frozenset(kind for kind, trick in known.items() if trick in tricks),
                world_sid=going.world_sid,
                account_sid=going.account_sid,
                resource_sid=going.resource_sid,
                thing=thing.name,
                event=event,
                attempt=going.attempt,
                fields={**thing.fields, **going.params, "Url": going.url, "Event": event},
            )
        )
        if rule is None:
            return None
        status = rule.status or DEFAULT_STATUS.get(rule.kind, 0)
        return Disturbance(known[rule.kind], rule.sid, rule.delay, status)


def _event(going: Going) -> str:
    path = urlsplit(going.url).path
    if going.is_file:
        return f"media {path}"
    if going.is_instruction:
        return f"instruction {path}"
    return event_of(cast(Mapping[str, object], going.params)) or f"callback {path}"
