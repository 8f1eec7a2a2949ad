"""`/Applications`: webhooks under one name, for numbers, outgoing messages and calls. Kept by the plain engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct, convert

from localloop.core import errors
from localloop.products.numbers import webhook_rules
from localloop.products.numbers.needs import APPLICATION, Needs
from localloop.products.numbers.ownership import Owned, Webhook
from localloop.rest.request import Binding, Item, Request
from localloop.store import Database
from localloop.store.plain import PlainStore

LIMIT: Final = 1000
MAX_FRIENDLY_NAME: Final = 64
URLS: Final = {
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "voice_fallback_url",
    "StatusCallback": "status_callback",
    "SmsUrl": "sms_url",
    "SmsFallbackUrl": "sms_fallback_url",
    "SmsStatusCallback": "sms_status_callback",
    "MessageStatusCallback": "message_status_callback",
}
METHODS: Final = {
    "VoiceMethod": "voice_method",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallbackMethod": "status_callback_method",
    "SmsMethod": "sms_method",
    "SmsFallbackMethod": "sms_fallback_method",
}


_OWNER: Final = """
select r.account_sid from resources r join accounts a on a.sid = r.account_sid and a.world_sid = $1
where r.kind = $2 and r.sid = $3
"""


class Application(Struct, frozen=True, kw_only=True):
    """One application as its API shows it."""

    sid: str
    account_sid: str
    friendly_name: str
    api_version: str
    voice_url: str | None = None
    voice_method: str = "POST"
    voice_fallback_url: str | None = None
    voice_fallback_method: str = "POST"
    voice_caller_id_lookup: bool = False
    status_callback: str | None = None
    status_callback_method: str = "POST"
    sms_url: str | None = None
    sms_method: str = "POST"
    sms_fallback_url: str | None = None
    sms_fallback_method: str = "POST"
    sms_status_callback: str | None = None
    message_status_callback: str | None = None
    public_application_connect_enabled: bool = False
    date_created: datetime
    date_updated: datetime

    @property
    def sms(self) -> Webhook:
        return Webhook(
            url=self.sms_url or "",
            method="GET" if self.sms_method == "GET" else "POST",
            fallback_url=self.sms_fallback_url or "",
            fallback_method="GET" if self.sms_fallback_method == "GET" else "POST",
            status_callback=self.message_status_callback or self.sms_status_callback or "",
        )

    @property
    def voice(self) -> Webhook:
        return Webhook(
            url=self.voice_url or "",
            method="GET" if self.voice_method == "GET" else "POST",
            fallback_url=self.voice_fallback_url or "",
            fallback_method="GET" if self.voice_fallback_method == "GET" else "POST",
            status_callback=self.status_callback or "",
            status_callback_method="GET" if self.status_callback_method == "GET" else "POST",
        )


async def find(records: PlainStore, account_sid: str, sid: str) -> Application | None:
    """An account's application, for whoever sends or answers with its webhooks."""
    record = await records.get(account_sid, APPLICATION, sid, None)
    if record is None:
        return None
    own = {
        "sid": record.sid,
        "account_sid": record.account_sid,
        "date_created": record.date_created,
        "date_updated": record.date_updated,
    }
    return convert({**record.data, **own}, Application)


async def find_public(
    database: Database, records: PlainStore, world_sid: str, sid: str
) -> Application | None:
    """An application of any account of the world, if it takes calls of accounts that are not its own."""
    account_sid = await database.fetchval(_OWNER, world_sid, APPLICATION, sid)
    found = await find(records, account_sid, sid) if account_sid is not None else None
    return found if found is not None and found.public_application_connect_enabled else None


async def sms_webhook(records: PlainStore, owned: Owned) -> Webhook | None:
    """Whom a text to this number is reported to; None when the number names an application that is gone."""
    if not owned.sms_application_sid:
        return owned.sms
    application = await find(records, owned.account_sid, owned.sms_application_sid)
    return application.sms if application is not None else None


async def voice_webhook(records: PlainStore, owned: Owned) -> Webhook | None:
    """Whom a call to this number is reported to; None when the number names an application that is gone."""
    if not owned.voice_application_sid:
        return owned.voice
    application = await find(records, owned.account_sid, owned.voice_application_sid)
    return application.voice if application is not None else None


async def create(needs: Needs, request: Request) -> Item:
    """Raises 21301 at the limit, 21402, 21403, and for a long name."""
    count = await needs.database.fetchval(
        "select count(*) from resources where account_sid = $1 and kind = $2",
        request.account_sid,
        APPLICATION,
    )
    if count >= LIMIT:
        raise errors.application_limit_reached()
    sent = _checked(request.params)
    name = request.params.get("FriendlyName") or default_friendly_name(request.now)
    fields = {
        "api_version": request.params.get("ApiVersion") or "2010-04-01",
        "voice_caller_id_lookup": bool(request.params.get("VoiceCallerIdLookup")),
        "public_application_connect_enabled": bool(request.params.get("PublicApplicationConnectEnabled")),
        **dict.fromkeys(URLS.values()),
        **dict.fromkeys(METHODS.values(), "POST"),
        **sent,
        "friendly_name": name,
    }
    return await needs.plain.create(request, fields=fields)


async def update(needs: Needs, request: Request) -> Item:
    return await needs.plain.update(request, _checked(request.params))


def default_friendly_name(now: datetime) -> str:
    """As a subaccount's: `Application Created at 2014-10-03 09:48 am`."""
    return f"Application Created at {now:%Y-%m-%d %I:%M} {'am' if now.hour < 12 else 'pm'}"


def _checked(params: Mapping[str, Any]) -> dict[str, Any]:
    if len(params.get("FriendlyName") or "") > MAX_FRIENDLY_NAME:
        raise errors.invalid_friendly_name()
    return webhook_rules.check(params, URLS, METHODS)


def binding(needs: Needs) -> Binding:
    return Binding(
        resource="api.v2010.Application",
        operations={
            "CreateApplication": lambda request: create(needs, request),
            "UpdateApplication": lambda request: update(needs, request),
            "FetchApplication": needs.plain.fetch,
            "ListApplication": needs.plain.page,
            "DeleteApplication": needs.plain.delete,
        },
        record=Application,
        errors=webhook_rules.refusals(URLS, METHODS),
    )
