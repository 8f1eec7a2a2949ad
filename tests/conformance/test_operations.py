"""Every operation of the contract, on the served engine and a real database, a group of products at a time."""

from __future__ import annotations

import pytest
from serving import served

from localloop.contract import load
from localloop.store import Database
from tests.conformance import special
from tests.conformance.examine import Examination
from tests.conformance.exceptions import EXCEPTIONS
from tests.conformance.seeds import Seeds
from tests.conformance.walk import Place, Walk

FILLED = 0.85  # of the fields that every example of Twilio's fills
MOST_EXCEPTIONS = 0.03
ORDER = ("create", "fetch", "list", "update", "delete")
PRODUCTS = sorted({api.product for api in load().apis})
GROUPS = [frozenset(PRODUCTS[first::6]) for first in range(6)]


def places_of(products: frozenset[str]) -> list[Place]:
    """Creates first, deletes last."""
    places = [place for place in load().operations() if place[0].product in products]
    return sorted(places, key=lambda place: (place[3].id in special.LAST, ORDER.index(place[3].verb)))


async def examined(database: Database, products: frozenset[str]) -> tuple[dict[str, list[str]], Examination]:
    async with served(database) as client:
        seeds = Seeds(database, client.account_sid)
        account = (await client("POST", "/2010-04-01/Accounts.json")).json()
        stranger = client.acting_as(account["sid"], account["auth_token"])
        examination = Examination(Walk(client, seeds), stranger)
        found = {place[3].id: await examination.examine(place) for place in places_of(products)}
        await seeds.close()
    return {operation: faults for operation, faults in found.items() if faults}, examination


@pytest.mark.parametrize("products", GROUPS, ids=lambda products: "+".join(sorted(products)))
async def test_every_operation(database: Database, products: frozenset[str]) -> None:
    faults, _ = await examined(database, products)
    assert {operation: lines for operation, lines in faults.items() if operation not in EXCEPTIONS} == {}


async def test_fields_that_twilio_always_fills_are_filled(database: Database) -> None:
    _, examination = await examined(database, frozenset(PRODUCTS))
    assert examination.filled >= FILLED * examination.to_fill, examination.unfilled.most_common(20)


def test_exceptions_are_few_and_real() -> None:
    known = {operation.id for *_, operation in load().operations()}
    assert set(EXCEPTIONS) <= known
    assert len(EXCEPTIONS) < MOST_EXCEPTIONS * len(known)
    assert all(len(reason) > 10 for reason in EXCEPTIONS.values())
