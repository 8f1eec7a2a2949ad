"""Phone numbers and other addresses as people and programs write them, read into one form.

A number is *possible* when its length fits its country and *valid* when its digits are assigned there;
+15558675310 of Twilio's documentation is only possible. On libphonenumber, with a fast path for complete
numbers of the United States and Canada, for which an area code decides everything.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

import phonenumbers
from msgspec import Struct
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult

from localloop.core import geo
from localloop.core.sids import is_sid

LineKind = Literal[
    "fixed-line",
    "mobile",
    "fixed-line-or-mobile",
    "toll-free",
    "premium",
    "shared-cost",
    "voip",
    "personal",
    "pager",
    "uan",
    "voicemail",
    "unknown",
]
AddressKind = Literal["number", "short-code", "alphanumeric", "channel", "sim", "invalid"]

_CACHE: Final = 16_384
_LONGEST: Final = 64
_E164: Final = re.compile(r"\+[1-9][0-9]{1,14}")
_WRITTEN: Final = re.compile(r"[+\uff0b]?[0-9\s().\-/\u00a0\u2010-\u2015]+")
_NANP: Final = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}")
_SHORT_CODE: Final = re.compile(r"[0-9]{3,6}")
_ALPHANUMERIC: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&\-]{1,11}")
_CHANNEL: Final = re.compile(r"(whatsapp|messenger|instagram|rcs|sms|client|sips?|sim):(.+)", re.DOTALL)
_NUMBER_CHANNELS: Final = frozenset({"whatsapp", "sms"})
MESSAGING_CHANNELS: Final = frozenset({"whatsapp", "messenger", "rcs"})
_KINDS: Final[dict[int, LineKind]] = {
    PhoneNumberType.FIXED_LINE: "fixed-line",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed-line-or-mobile",
    PhoneNumberType.TOLL_FREE: "toll-free",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "shared-cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
}


class Number(Struct, frozen=True):
    """A phone number with its country."""

    e164: str
    country: str  # ISO 3166; "" where a code belongs to no country (+800)
    is_possible: bool
    is_valid: bool
    kind: LineKind


class Address(Struct, frozen=True):
    """Where a message or call goes to or comes from.

    `value` is normalised: E.164 for a number, also behind `whatsapp:`; as written for the rest.
    """

    kind: AddressKind
    value: str
    channel: str = ""
    number: Number | None = None

    def __str__(self) -> str:
        return f"{self.channel}:{self.value}" if self.channel else self.value


@lru_cache(maxsize=_CACHE)
def parse(raw: str, default_country: str = "US") -> Number | None:
    """Read a number; None when the text is none at all.

    Formatting characters are dropped. A leading space stands for `+`, since that is what an unescaped `+` in
    a form becomes. Without `+` the number is one of the default country, in its national or dialled form.
    """
    if _NANP.fullmatch(raw):
        return _north_american(raw) or _read(raw, None)
    if len(raw) > _LONGEST:
        return None
    text = raw.strip()
    if not _WRITTEN.fullmatch(text):
        return None
    if raw[:1] == " " and text[0].isdigit():
        number = _read("+" + text, None)
        if number is not None and number.is_possible:
            return number
    return _read(text, default_country)


def _north_american(e164: str) -> Number | None:
    area = geo.area_codes().get(e164[2:5])
    if area is None or area.kind == "other":
        return None
    if area.kind == "toll-free":
        return Number(e164, "US", True, True, "toll-free")
    return Number(e164, area.country, True, True, "fixed-line-or-mobile")


def _read(text: str, default_country: str | None) -> Number | None:
    try:
        number = phonenumbers.parse(text, default_country)
    except phonenumbers.NumberParseException:
        return None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    kind = _KINDS.get(phonenumbers.number_type(number), "unknown")
    # IS_POSSIBLE_LOCAL_ONLY is a number without its area code, which no network carries.
    possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return Number(e164, _country(number, e164), possible, kind != "unknown", kind)


def _country(number: phonenumbers.PhoneNumber, e164: str) -> str:
    region = phonenumbers.region_code_for_number(number)
    if region is None:
        area = geo.area_code_of(e164)
        region = area.country if area is not None else None
    if not region:
        region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    return "" if region in ("ZZ", "001") else str(region)


def is_e164(text: str) -> bool:
    """Whether this is written in E.164 form; says nothing about the number."""
    return _E164.fullmatch(text) is not None


def mask(e164: str) -> str:
    """The number without its last four digits, as Twilio shows it in errors."""
    return e164[:-4] + "XXXX"


def is_short_code(text: str) -> bool:
    return _SHORT_CODE.fullmatch(text) is not None


def is_alphanumeric_sender(text: str) -> bool:
    """1 to 11 letters, digits, spaces and `+-_&`, at least one of them a letter."""
    return _ALPHANUMERIC.fullmatch(text) is not None and text.strip() != ""


@lru_cache(maxsize=_CACHE)
def address(raw: str, default_country: str = "US") -> Address:
    """Read what stands in To or From."""
    if _NANP.fullmatch(raw) and (number := _north_american(raw)):
        return Address("number", raw, "", number)
    if channel := _CHANNEL.fullmatch(raw):
        return _channel_address(channel[1], channel[2])
    text = raw.strip()
    if is_short_code(text):
        return Address("short-code", text)
    if is_sid(text, "DE", "HS"):
        return Address("sim", text)
    number = parse(raw, default_country)
    if number is not None and number.is_possible:
        return Address("number", number.e164, "", number)
    if is_alphanumeric_sender(text):
        return Address("alphanumeric", text)
    return Address("invalid", raw, "", number)


def _channel_address(channel: str, value: str) -> Address:
    # An RCS address is an agent's name or, of who has a phone, its number.
    if channel not in _NUMBER_CHANNELS and not (channel == "rcs" and value.lstrip()[:1] == "+"):
        return Address("channel", value, channel)
    number = parse(value)
    if number is None or not number.is_possible:
        return Address("invalid", value, channel, number)
    return Address("channel", number.e164, channel, number)


def channel_of(address: str) -> str:
    """The channel of an address as messages keep it: `whatsapp`, `messenger`, `rcs`; "" is the telephone network."""
    name, mark, _ = address.partition(":")
    return name if mark and name in MESSAGING_CHANNELS else ""


def handset(address: str) -> str:
    """The phone that an address reaches: `+1…` of `whatsapp:+1…`; a Messenger user is one by itself."""
    bare = address.partition(":")[2]
    return bare if bare[:1] == "+" and channel_of(address) else address


def national(e164: str) -> str:
    """The number as written at home: `(415) 555-0123`; unchanged when it is no number."""
    if len(e164) == 12 and e164.startswith("+1"):
        return f"({e164[2:5]}) {e164[5:8]}-{e164[8:]}"
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    return str(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL))


def calling_code(e164: str) -> str:
    """The country's code: `44` of +442071838750."""
    return "1" if e164.startswith("+1") else str(phonenumbers.parse(e164, None).country_code)


@lru_cache(maxsize=_CACHE)
def place(e164: str) -> geo.Place:
    """Where a number is from, for FromCity, FromState, FromZip and FromCountry."""
    area = geo.area_code_of(e164)
    if area is not None and area.kind == "geographic":
        return geo.Place(area.city, area.region, area.postal_code, area.country)
    number = parse(e164)
    return geo.Place(country=number.country) if number is not None else geo.Place()
