"""`/Consents/Bulk` and `/Contacts/Bulk`: what the application knows of people's wishes and whereabouts.

Each item is judged by itself: an answer of 201 may hold failures (30646, 30647).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from localloop.core import e164, errors
from localloop.core.sids import is_sid
from localloop.products.messaging.consent import queries
from localloop.products.messaging.consent.consent import Consent
from localloop.products.messaging.consent.queries import Consented
from localloop.products.messaging.permissions.countries import calling_codes
from localloop.rest.request import Binding, Item, Request
from localloop.store import Database

CONSENT_FAILED: Final = 30646
CONTACT_FAILED: Final = 30647
SOURCES: Final = ("website", "offline", "opt-in-message", "opt-out-message", "others")
_CORRELATION: Final = re.compile(r"[0-9A-Za-z]{32}")
_DATE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
_ZIP: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z \-]{0,9}")
_PUT_CONTACTS: Final = """
insert into contacts as c (account_sid, recipient, country_iso_code, zip_code, date_created, date_updated)
select $1, r, s, z, $5, $5 from unnest($2::text[], $3::text[], $4::text[]) as w (r, s, z)
on conflict (account_sid, recipient) do update set country_iso_code = excluded.country_iso_code,
  zip_code = excluded.zip_code, date_updated = excluded.date_updated
"""


class ConsentItem(Struct, frozen=True):
    contact_id: str = ""
    correlation_id: str = ""
    sender_id: str = ""
    status: str = ""
    source: str = ""
    date_of_consent: str | None = None


class ContactItem(Struct, frozen=True):
    contact_id: str = ""
    correlation_id: str = ""
    country_iso_code: str = ""
    zip_code: str = ""


class Bulk(Struct, frozen=True):
    database: Database
    consent: Consent

    async def keep_consents(self, request: Request) -> Item:
        items = _items(request, ConsentItem)
        faults = [_consent_faults(item) for item in items]
        good = [_consented(item, request) for item, fault in zip(items, faults, strict=True) if not fault]
        async with self.database.unit() as unit:
            await queries.keep(unit, good)
            self.consent.books.changed(unit)
        return _answer(items, faults, CONSENT_FAILED)

    async def keep_contacts(self, request: Request) -> Item:
        items = _items(request, ContactItem)
        faults = [_contact_faults(item) for item in items]
        last = {item.contact_id: item for item, fault in zip(items, faults, strict=True) if not fault}
        await self.database.execute(
            _PUT_CONTACTS,
            request.account_sid,
            list(last),
            [item.country_iso_code.upper() for item in last.values()],
            [item.zip_code for item in last.values()],
            request.now,
        )
        return _answer(items, faults, CONTACT_FAILED)


def _items(request: Request, kind: type[Any]) -> list[Any]:
    """Objects, or texts that hold one each, as SDKs write them."""
    try:
        return [
            msgspec.json.decode(item, type=kind) if isinstance(item, str) else msgspec.convert(item, kind)
            for item in request.params["Items"]
        ]
    except msgspec.DecodeError as error:
        raise errors.invalid_parameter("Items", str(error)) from None


def _consent_faults(item: ConsentItem) -> list[str]:
    faults = [] if _is_number(item.contact_id) else ["INVALID_CONTACT_ID"]
    if not _CORRELATION.fullmatch(item.correlation_id):
        faults.append("INVALID_CORRELATION_ID")
    if not _is_sender(item.sender_id):
        faults.append("INVALID_SENDER_ID")
    if item.status not in ("opt-in", "opt-out"):
        faults.append("INVALID_STATUS")
    if item.source not in SOURCES:
        faults.append("INVALID_SOURCE")
    if item.date_of_consent and _moment(item.date_of_consent) is None:
        faults.append("INVALID_DATE_OF_CONSENT")
    return faults


def _contact_faults(item: ContactItem) -> list[str]:
    faults = [] if _is_number(item.contact_id) else ["INVALID_CONTACT_ID"]
    if not _CORRELATION.fullmatch(item.correlation_id):
        faults.append("INVALID_CORRELATION_ID")
    if item.country_iso_code.upper() not in calling_codes():
        faults.append("INVALID_COUNTRY_ISO_CODE")
    if not _ZIP.fullmatch(item.zip_code):
        faults.append("INVALID_ZIP_CODE")
    return faults


def _is_number(text: str) -> bool:
    number = e164.parse(text) if e164.is_e164(text) else None
    return number is not None and number.is_possible


def _is_sender(text: str) -> bool:
    return is_sid(text, "MG") or e164.is_short_code(text) or _is_number(text)


def _moment(text: str) -> datetime | None:
    """A day alone is not enough."""
    if not _DATE_TIME.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _consented(item: ConsentItem, request: Request) -> Consented:
    return Consented(
        account_sid=request.account_sid,
        recipient=item.contact_id,
        sender=item.sender_id,
        status="opt-out" if item.status == "opt-out" else "opt-in",
        source=msgspec.convert(item.source, queries.Source),
        date_of_consent=_moment(item.date_of_consent or ""),
        at=request.now,
    )


def _answer(items: Sequence[Any], faults: Sequence[list[str]], code: int) -> Item:
    return Item(
        fields={
            "items": [
                {
                    "correlation_id": item.correlation_id,
                    "error_code": code if fault else 0,
                    "error_messages": fault,
                }
                for item, fault in zip(items, faults, strict=True)
            ]
        }
    )


def bindings(database: Database, consent: Consent) -> tuple[Binding, ...]:
    bulk = Bulk(database, consent)
    return (
        Binding(resource="accounts.v1.BulkConsents", operations={"CreateBulkConsents": bulk.keep_consents}),
        Binding(resource="accounts.v1.BulkContacts", operations={"CreateBulkContacts": bulk.keep_contacts}),
    )
