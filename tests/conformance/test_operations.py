"""Every operation of the contract, on the served API and a real database, a group of products at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
import structlog
from serving import served

from localloop.contract import load
from localloop.store import Database
from tests.conformance import special
from tests.conformance.examine import Examination
from tests.conformance.exceptions import EXCEPTIONS, UNDESCRIBED, UNJUDGED, operations_showing
from tests.conformance.filters import PAGING
from tests.conformance.seeds import Seeds
from tests.conformance.walk import Place, Walk

FILLED = 0.85  # of the fields that every example of Twilio's fills
MOST_EXCEPTIONS = 0.03
ORDER = ("create", "fetch", "list", "update", "delete")
PRODUCTS = sorted({api.product for api in load().apis})
GROUPS = [frozenset(PRODUCTS[first::6]) for first in range(6)]
# Filters of what this walk's records leave empty; what serves them has tests of its own.
UNTRIED = (
    *("api.v2010.ListMessage.DateSent", "api.v2010.ListMessage.DateSent<", "api.v2010.ListMessage.DateSent>"),
    *(f"api.v2010.ListCall.{time}{end}" for time in ("StartTime", "EndTime") for end in ("", "<", ">")),
    "api.v2010.ListCall.ParentCallSid",
    "api.v2010.ListRecording.ConferenceSid",
    *(
        f"insights.v1.ListCallSummaries.{name}"
        for name in (
            "AnsweredBy",
            "AnsweredByAnnotation",
            "CallScoreAnnotation",
            "ConnectivityIssueAnnotation",
            "FromCarrier",
            "QualityIssueAnnotation",
            "SpamAnnotation",
            "ToCarrier",
            "ToCountryCode",
        )
    ),
    *(f"insights.v1.ListConference.{name}" for name in ("DetectedIssues", "EndReason", "Tags")),
    "messaging.v1.ListTollfreeVerification.TrustProductSid",
    *(
        f"api.v2010.ListAvailablePhoneNumber{kind}.In{place}"
        for kind in ("MachineToMachine", "Mobile", "National", "SharedCost", "TollFree", "Voip")
        for place in ("Lata", "Locality", "PostalCode", "RateCenter", "Region")
    ),
)
# How often each judgement is passed at least, so that none falls silent unnoticed.
LEAST = {
    "addresses": 700,
    "kept": 400,
    "filters": 360,
    "bad requests": 880,
    "foreign ids": 1700,
    "other accounts": 1050,
}

_examined: dict[frozenset[str], tuple[dict[str, list[str]], Examination]] = {}


@pytest.fixture(autouse=True)
def _brief_logs() -> Iterator[None]:
    """A traceback with every variable, once per faulty request, would take longer than the whole walk."""
    before = structlog.get_config()["processors"]
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
    )
    yield
    structlog.configure(processors=before)


def places_of(products: frozenset[str]) -> list[Place]:
    """Creates first, deletes last."""
    places = [place for place in load().operations() if place[0].product in products]
    return sorted(places, key=lambda place: (place[3].id in special.LAST, ORDER.index(place[3].verb)))


async def examined(database: Database, products: frozenset[str]) -> tuple[dict[str, list[str]], Examination]:
    """The faults of these products' operations, by operation. Examined once per test process."""
    if products not in _examined:
        async with served(database) as client:
            seeds = Seeds(database, client.account_sid)
            account = (await client("POST", "/2010-04-01/Accounts.json")).json()
            stranger = client.acting_as(account["sid"], account["auth_token"])
            examination = Examination(Walk(client, seeds), stranger)
            found = {place[3].id: await examination.examine(place) for place in places_of(products)}
            await seeds.close()
        faults = {operation: lines for operation, lines in found.items() if lines}
        _examined[products] = faults, examination
    return _examined[products]


@pytest.mark.parametrize("products", GROUPS, ids=lambda products: "+".join(sorted(products)))
async def test_every_operation(database: Database, products: frozenset[str]) -> None:
    faults, examination = await examined(database, products)
    assert {operation: lines for operation, lines in faults.items() if operation not in EXCEPTIONS} == {}
    assert set(examination.untried) <= set(UNTRIED)


@pytest.mark.parametrize("products", GROUPS, ids=lambda products: "+".join(sorted(products)))
async def test_exceptions_are_none_that_pass(database: Database, products: frozenset[str]) -> None:
    faults, _ = await examined(database, products)
    judged = {place[3].id for place in places_of(products)}
    assert judged & set(EXCEPTIONS) <= set(faults)


async def everything(database: Database) -> list[Examination]:
    missing = frozenset(PRODUCTS).difference(*_examined)
    if missing:  # run alone
        await examined(database, missing)
    return [examination for _, examination in _examined.values()]


async def test_fields_that_twilio_always_fills_are_filled(database: Database) -> None:
    found = await everything(database)
    to_fill = sum(examination.to_fill for examination in found)
    assert to_fill > 5 * len(list(load().operations()))
    assert sum(examination.filled for examination in found) >= FILLED * to_fill


async def test_nothing_goes_unjudged(database: Database) -> None:
    judged = sum((examination.judged for examination in await everything(database)), Counter[str]())
    assert {what: judged[what] for what, least in LEAST.items() if judged[what] < least} == {}


def test_exceptions_are_few_and_real() -> None:
    known = {operation.id for *_, operation in load().operations()}
    shown = {template: operations_showing(template) for template in UNDESCRIBED}
    assert set(EXCEPTIONS) <= known
    assert all(shown.values())
    assert len(set(EXCEPTIONS).union(*shown.values())) < MOST_EXCEPTIONS * len(known)
    assert all(
        len(reason) > 10 for reason in (*EXCEPTIONS.values(), *UNDESCRIBED.values(), *UNJUDGED.values())
    )


def test_every_filter_sifts_or_is_named() -> None:
    """A parameter of a list is tied to the field that it sifts by, or stands in the list of those that sift nothing."""
    unnamed = [
        f"{operation.id}.{param.name}"
        for *_, operation in load().operations()
        if operation.verb == "list"
        for param in operation.params
        if param.location == "query" and not param.field and param.name not in {*PAGING, *UNJUDGED}
    ]
    assert unnamed == []
