"""The number of a program that runs here: owned before the program starts, with the program's addresses."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from msgspec import Struct

from localloop.cli.client import Client, Failed, Refused

_AREA_CODE: Final = "415"  # where a number comes from when none is named


class Addresses(Struct, frozen=True):
    """Where a number's texts and calls go; "" = as they are."""

    sms_url: str = ""
    voice_url: str = ""


class Number(Struct, frozen=True):
    sid: str
    phone_number: str


class Numbers(Struct, frozen=True):
    """The incoming numbers of one account."""

    client: Client

    def own(self, phone_number: str, *, configure: bool) -> Number:
        """This number, or without one the account's first; bought if it is not there. Raises Refused and Failed.

        One that only the environment names and that cannot be owned is left: another will do.
        """
        found = self._listed(phone_number)
        if found is not None:
            return found
        if phone_number:
            try:
                return self._bought({"PhoneNumber": phone_number})
            except Refused:
                if configure:
                    raise
                return self._listed("") or self._bought({"AreaCode": _AREA_CODE})
        return self._bought({"AreaCode": _AREA_CODE})

    def configure(self, number: Number, addresses: Addresses) -> None:
        params: dict[str, str] = {}
        if addresses.sms_url:
            params |= {"SmsUrl": addresses.sms_url, "SmsMethod": "POST", "SmsApplicationSid": ""}
        if addresses.voice_url:
            params |= {"VoiceUrl": addresses.voice_url, "VoiceMethod": "POST", "VoiceApplicationSid": ""}
        if params:
            self.client.post(f"{self._folder}/{number.sid}.json", params)

    @property
    def _folder(self) -> str:
        return f"/2010-04-01/Accounts/{self.client.account_sid}/IncomingPhoneNumbers"

    def _listed(self, phone_number: str) -> Number | None:
        """The oldest that it is: a program is not to change its number because somebody bought another."""
        query = {"PageSize": 1000} | ({"PhoneNumber": phone_number} if phone_number else {})
        page = self.client.get(f"{self._folder}.json?{urlencode(query)}")
        kept = [item for item in page["incoming_phone_numbers"] if phone_number in ("", item["phone_number"])]
        return Number(kept[-1]["sid"], kept[-1]["phone_number"]) if kept else None

    def _bought(self, what: dict[str, str]) -> Number:
        bought = self.client.post(f"{self._folder}.json", what)
        if not bought:
            raise Failed("no number can be had")
        return Number(bought["sid"], bought["phone_number"])
