"""A messaging service as its API shows it, and what it says to its messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct, convert

from localloop.products.messaging.service.selection import Candidate, Policy
from localloop.products.numbers import Webhook

KIND: Final = "messaging/Service"
MAX_VALIDITY: Final = 36_000  # seconds


class Service(Struct, frozen=True, kw_only=True):
    """One service. The defaults are Twilio's."""

    sid: str
    account_sid: str
    friendly_name: str
    inbound_request_url: str | None = None
    inbound_method: str = "POST"
    fallback_url: str | None = None
    fallback_method: str = "POST"
    status_callback: str | None = None
    sticky_sender: bool = True
    mms_converter: bool = True
    smart_encoding: bool = True
    scan_message_content: str = "inherit"
    fallback_to_long_code: bool = True
    area_code_geomatch: bool = True
    synchronous_validation: bool = False
    validity_period: int = MAX_VALIDITY
    usecase: str = "undeclared"
    us_app_to_person_registered: bool = False
    use_inbound_webhook_on_number: bool = False
    date_created: datetime
    date_updated: datetime

    @property
    def policy(self) -> Policy:
        return Policy(
            area_code_geomatch=self.area_code_geomatch, fallback_to_long_code=self.fallback_to_long_code
        )

    @property
    def inbound(self) -> Webhook | None:
        """Whom texts to its senders are reported to; None when each sender says it for itself."""
        if self.use_inbound_webhook_on_number or not self.inbound_request_url:
            return None
        return Webhook(
            url=self.inbound_request_url,
            method="GET" if self.inbound_method == "GET" else "POST",
            fallback_url=self.fallback_url or "",
            fallback_method="GET" if self.fallback_method == "GET" else "POST",
        )


class Staffed(Struct, frozen=True):
    """A service with its pool."""

    service: Service
    pool: tuple[Candidate, ...] = ()

    def member(self, address: str) -> Candidate | None:
        """The sender of this address, if the pool has it."""
        return next((candidate for candidate in self.pool if candidate.address == address), None)


def service_of(row: Mapping[str, Any]) -> Service:
    """Of a row of the plain store; what was never set is Twilio's default."""
    own = {name: row[name] for name in ("sid", "account_sid", "date_created", "date_updated")}
    kept = {name: value for name, value in row["data"].items() if value is not None}
    return convert({**kept, **own}, Service)
