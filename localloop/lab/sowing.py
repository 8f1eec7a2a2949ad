"""A seed file's account becomes what its world starts with: asked for over the API, as anybody would.

What is there already is brought up to date, so it may be done again. Nothing is taken away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import Struct

from localloop.lab.seeds import Account, SeedError, Sown

_SERVICES: Final = "/messaging/v1/Services"


class Answered(Struct, frozen=True):
    """What the API said."""

    status: int
    body: Mapping[str, Any]


# Asks the API as the account: method, path, form.
Ask = Callable[[str, str, Mapping[str, Any]], Awaitable[Answered]]


async def sow(account_sid: str, account: Account, ask: Ask) -> None:
    """Raises SeedError with the line of what the API refuses."""
    sower = _Sower(f"/2010-04-01/Accounts/{account_sid}", ask)
    numbers = {each.name: await sower.number(each) for each in account.numbers}
    for each in account.services:
        await sower.service(each, numbers)
    for each in account.phones:
        await sower.told(each, "POST", f"/lab/v1/Phones/{each.name}", each.params)
    if account.webhooks is not None and account.webhooks.params:
        await sower.told(account.webhooks, "POST", "/lab/v1/WebhookSettings", account.webhooks.params)


class _Sower:
    def __init__(self, own: str, ask: Ask) -> None:
        self._numbers = f"{own}/IncomingPhoneNumbers"
        self._ask = ask

    async def number(self, sown: Sown) -> str:
        """The number's SID."""
        query = urlencode({"PhoneNumber": sown.name})
        found = await self.told(sown, "GET", f"{self._numbers}.json?{query}", {})
        same = [each for each in found["incoming_phone_numbers"] if each["phone_number"] == sown.name]
        path = f"{self._numbers}/{same[0]['sid']}.json" if same else f"{self._numbers}.json"
        params = {name: value for name, value in sown.params.items() if not (same and name == "PhoneNumber")}
        return str((await self.told(sown, "POST", path, params))["sid"])

    async def service(self, sown: Sown, numbers: Mapping[str, str]) -> None:
        sid = await self._service_named(sown)
        made = await self.told(sown, "POST", f"{_SERVICES}/{sid}" if sid else _SERVICES, sown.params)
        pool = f"{_SERVICES}/{made['sid']}/PhoneNumbers"
        listed = await self.told(sown, "GET", f"{pool}?PageSize=1000", {})
        there = {each["sid"] for each in listed["phone_numbers"]}
        for number in sown.others.get("numbers", ()):
            if numbers[number] not in there:
                await self.told(sown, "POST", pool, {"PhoneNumberSid": numbers[number]})

    async def told(self, sown: Sown, method: str, path: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        answered = await self._ask(method, path, params)
        if answered.status >= 400:
            said = answered.body.get("message", answered.status)
            raise SeedError(f"line {sown.line}: {sown.name or 'webhooks'}: {said}")
        return answered.body

    async def _service_named(self, sown: Sown) -> str:
        page = f"{_SERVICES}?PageSize=1000"
        while page:
            listed = await self.told(sown, "GET", page, {})
            for each in listed["services"]:
                if each["friendly_name"] == sown.name:
                    return str(each["sid"])
            following = listed["meta"]["next_page_url"] or ""
            page = following[following.index("/messaging/") :] if following else ""
        return ""
