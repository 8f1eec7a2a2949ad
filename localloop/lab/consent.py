"""What people want and what accounts may, over the lab's REST surface: Twilio shows and sets these in its Console."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct, structs

from localloop.carriers import phones
from localloop.core import e164, errors
from localloop.core.sids import is_sid
from localloop.products.messaging import Messaging, consent, permissions
from localloop.products.messaging.consent import Handled, Handling
from localloop.rest.request import Answer, Binding, Deleted, Item, Items, PageRequest, Request
from localloop.store import Database

GONE: Final = "30005"  # what a text to a number meets that nobody has any more
_PREFIX: Final = re.compile(r"\+?[1-9][0-9]{0,14}")
_MOST_KEYWORDS: Final = 500


class Rules(Struct, frozen=True):
    database: Database
    messaging: Messaging


def bindings(rules: Rules) -> tuple[Binding, ...]:
    def bound(
        operate: Callable[[Rules, Request], Awaitable[Answer]],
    ) -> Callable[[Request], Awaitable[Answer]]:
        return lambda request: operate(rules, request)

    return (
        Binding(resource="lab.v1.Consent", operations={"ListConsent": bound(list_consents)}),
        Binding(resource="lab.v1.Contact", operations={"ListContact": bound(list_contacts)}),
        Binding(
            resource="lab.v1.OptOutHandling",
            operations={
                "ListOptOutHandling": bound(list_handlings),
                "FetchOptOutHandling": bound(fetch_handling),
                "UpdateOptOutHandling": bound(handle),
                "DeleteOptOutHandling": bound(handle_as_usual),
            },
        ),
        Binding(
            resource="lab.v1.BlockedPrefix",
            operations={
                "ListBlockedPrefix": bound(list_prefixes),
                "CreateBlockedPrefix": bound(block),
                "DeleteBlockedPrefix": bound(unblock),
            },
        ),
        Binding(resource="lab.v1.Deactivation", operations={"CreateDeactivation": bound(deactivate)}),
    )


# Consents ----------------------------------------------------------------------------------------------------


async def list_consents(rules: Rules, request: Request) -> Items:
    """What people want of the account's senders, by recipient and sender."""
    params, page = request.params, request.page or PageRequest()
    wanted = consent.Filters(
        recipient=params.get("Recipient") or None,
        sender=params.get("Sender") or None,
        status=params.get("Status") or None,
    )
    after = _pair(page.after)
    found = await consent.page(rules.database, request.account_sid, wanted, after, page.size + 1)
    kept = found[: page.size]
    last = f"{kept[-1].recipient}|{kept[-1].sender}" if kept else None
    return Items(items=[structs.asdict(each) for each in kept], more=len(found) > page.size, last_cursor=last)


async def list_contacts(rules: Rules, request: Request) -> Items:
    page = request.page or PageRequest()
    found = await consent.contacts(rules.database, request.account_sid, page.after or "", page.size + 1)
    kept = found[: page.size]
    last = str(kept[-1]["contact_id"]) if kept else None
    return Items(items=kept, more=len(found) > page.size, last_cursor=last)


def _pair(cursor: str | None) -> tuple[str, str]:
    recipient, _, sender = (cursor or "").partition("|")
    return recipient, sender


# Keywords ----------------------------------------------------------------------------------------------------


async def list_handlings(rules: Rules, request: Request) -> Items:
    """Services and senders that take keywords otherwise than usual."""
    page = request.page or PageRequest()
    found = await consent.handlings(rules.database, request.account_sid, page.after or "", page.size + 1)
    kept = found[: page.size]
    last = kept[-1].sender if kept else None
    return Items(items=[_handling(each) for each in kept], more=len(found) > page.size, last_cursor=last)


async def fetch_handling(rules: Rules, request: Request) -> Item:
    """Everybody takes keywords somehow, so there always is an answer."""
    sender = _sender(request.ids["Sender"])
    found = await consent.handling(rules.database, request.account_sid, sender)
    return Item(fields=_handling(found or Handled(sender=sender, handling=Handling())))


async def handle(rules: Rules, request: Request) -> Item:
    """Keywords are a JSON array of {type, keywords, reply, country, language}; to give them is to want them."""
    sender = _sender(request.ids["Sender"])
    before = await consent.handling(rules.database, request.account_sid, sender)
    known = before.handling if before is not None else Handling()
    params = request.params
    entries = _entries(params["Keywords"]) if "Keywords" in params else known.entries
    mode = params.get("Mode") or ("advanced" if params.get("Keywords") else known.mode)
    async with rules.database.unit() as unit:
        changed = Handling(mode=mode, entries=entries)
        kept = await consent.keep_handling(unit, request.account_sid, sender, changed, request.now)
        rules.messaging.consent.books.changed(unit)
    return Item(fields=_handling(kept))


async def handle_as_usual(rules: Rules, request: Request) -> Deleted:
    async with rules.database.unit() as unit:
        await consent.drop_handling(unit, request.account_sid, _sender(request.ids["Sender"]))
        rules.messaging.consent.books.changed(unit)
    return Deleted()


def _entries(text: str) -> tuple[consent.Entry, ...]:
    if not text:
        return ()
    try:
        entries = msgspec.json.decode(text, type=tuple[consent.Entry, ...])
    except msgspec.DecodeError as error:
        raise errors.invalid_parameter("Keywords", str(error)) from None
    if sum(len(entry.keywords) for entry in entries) > _MOST_KEYWORDS:
        raise errors.invalid_parameter("Keywords", f"They are {_MOST_KEYWORDS} at most.")
    return entries


def _handling(handled: Handled) -> Mapping[str, Any]:
    return {
        "sender": handled.sender,
        "mode": handled.handling.mode,
        "keywords": msgspec.to_builtins(handled.handling.entries),
        "date_created": handled.date_created,
        "date_updated": handled.date_updated,
    }


def _sender(text: str) -> str:
    """A messaging service, or a number, short code or channel address as messages have it."""
    if is_sid(text, "MG"):
        return text
    address = e164.address(text)
    if address.kind in ("invalid", "sim"):
        raise errors.invalid_from(text)
    return str(address)


# Prefixes and deactivations ----------------------------------------------------------------------------------


async def list_prefixes(rules: Rules, request: Request) -> Items:
    page = request.page or PageRequest()
    found = await permissions.prefixes(rules.database, request.account_sid, page.after or "", page.size + 1)
    kept = found[: page.size]
    last = kept[-1].value if kept else None
    items = [{"prefix": each.value, "date_created": each.date_created} for each in kept]
    return Items(items=items, more=len(found) > page.size, last_cursor=last)


async def block(rules: Rules, request: Request) -> Item:
    """Numbers that begin so are taken for fraud (30450)."""
    prefix = _prefix(str(request.params["Prefix"]))
    async with rules.database.unit() as unit:
        kept = await permissions.block(unit, request.account_sid, prefix, request.now)
        rules.messaging.permissions.permits.changed(unit)
    return Item(fields={"prefix": kept.value, "date_created": kept.date_created})


async def unblock(rules: Rules, request: Request) -> Deleted:
    prefix = _prefix(request.ids["Prefix"])
    async with rules.database.unit() as unit:
        if not await permissions.unblock(unit, request.account_sid, prefix):
            raise errors.not_found(request.address)
        rules.messaging.permissions.permits.changed(unit)
    return Deleted()


def _prefix(text: str) -> str:
    text = text.strip()
    if not _PREFIX.fullmatch(text):
        raise errors.invalid_parameter("Prefix", "It is the beginning of a number, like +4478.")
    return "+" + text.removeprefix("+")


async def deactivate(rules: Rules, request: Request) -> Item:
    """The carrier took the number from whoever had it: it is on the day's list, and texts to it meet nobody."""
    number = e164.parse(str(request.params["PhoneNumber"]))
    if number is None or not number.is_possible:
        raise errors.invalid_phone_number(str(request.params["PhoneNumber"]))
    day = _day(request.params.get("Date"), request.now)
    async with rules.database.unit() as unit:
        await consent.deactivate(unit, request.world_sid, day, number.e164)
        await phones.set_phone(
            unit, request.world_sid, number.e164, phones.Setting(behavior=GONE), request.now
        )
        rules.messaging.phones_changed(unit)
    return Item(fields={"phone_number": number.e164, "date": day.isoformat()})


def _day(asked: Any, now: datetime) -> date:
    """Yesterday, whose list is the newest that there is."""
    if isinstance(asked, datetime):
        return asked.date()
    return asked if isinstance(asked, date) else now.date() - timedelta(days=1)
