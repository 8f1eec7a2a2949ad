"""`/v1/a2p/BrandRegistrations` with their vettings: companies that want to text people in the United States."""

from __future__ import annotations

from typing import Final

from localloop.core import errors
from localloop.jobs import enqueue
from localloop.products.messaging.compliance import judging, refusals
from localloop.products.numbers import Needs
from localloop.rest.request import Binding, Item, Request
from localloop.store.plain import Record

KIND: Final = "messaging/BrandRegistrations"
VETTING: Final = "messaging/BrandVetting"
STANDARD: Final = "STANDARD"
SOLE_PROPRIETOR: Final = "SOLE_PROPRIETOR"
STARTER: Final = "STARTER"
MOST_UPDATES: Final = 3  # after the third a new registration is needed (21724)
_CAMPAIGN_VERIFY: Final = "campaign-verify"


async def create(needs: Needs, request: Request) -> Item:
    """Pending until the lab says otherwise; a mock brand is approved by itself. Raises 20001, 21726."""
    params = request.params
    brand_type = params.get("BrandType") or STANDARD
    if brand_type == STARTER:
        raise refusals.starter_brands_disabled()
    if brand_type not in (STANDARD, SOLE_PROPRIETOR):
        raise errors.invalid_parameter("BrandType")
    is_mock = bool(params.get("Mock"))
    item = await needs.plain.create(
        request,
        fields={
            "brand_type": brand_type,
            "mock": is_mock,
            "skip_automatic_sec_vet": bool(params.get("SkipAutomaticSecVet")),
        },
    )
    if is_mock:
        async with needs.database.unit() as unit:
            await enqueue(unit, [judging.job_of(request, str(item.fields["sid"]))])
    return item


async def update(needs: Needs, request: Request) -> Item:
    """A failed brand is registered again. Raises 404, 21724, 21725, 21731."""
    record = await _found(needs, request, request.ids["Sid"])
    if record.data["status"] == "SUSPENDED":
        raise refusals.brand_suspended()
    if record.data["status"] != "FAILED":
        raise refusals.brand_not_failed()
    if record.data.get("updates", 0) >= MOST_UPDATES:
        raise refusals.brand_updated_too_often()
    changes = {
        "status": "PENDING",
        "failure_reason": None,
        "errors": [],
        "updates": record.data.get("updates", 0) + 1,
    }
    return await needs.plain.update(request, changes)


async def send_otp(needs: Needs, request: Request) -> Item:
    """Twilio texts a link to the owner of a sole proprietor's brand. Which number that is lies in a bundle that is not
    read here: nothing is texted. Raises 404."""
    record = await _found(needs, request, request.ids["BrandRegistrationSid"])
    return Item(fields={"account_sid": record.account_sid, "brand_registration_sid": record.sid})


async def vet(needs: Needs, request: Request) -> Item:
    """Raises 404, 21721, 21722, 21723, 21731."""
    record = await _found(needs, request, request.ids["BrandSid"])
    if record.data["status"] == "SUSPENDED":
        raise refusals.brand_suspended()
    is_political = request.params["VettingProvider"] == _CAMPAIGN_VERIFY
    if is_political:
        await _check_token(needs, request, record)
    vetting_class = "POLITICAL" if is_political else STANDARD
    return await needs.plain.create(request, fields={"vetting_class": vetting_class})


async def _check_token(needs: Needs, request: Request, brand: Record) -> None:
    if brand.data["brand_type"] != STANDARD:
        raise refusals.token_incompatible()
    if not str(request.params.get("VettingId") or "").startswith("cv|"):
        raise refusals.token_invalid()
    waiting = await needs.database.fetchval(
        "select exists (select from resources where account_sid = $1 and kind = $2 and parent_sid = $3"
        " and data ->> 'vetting_provider' = $4 and data ->> 'vetting_status' = 'IN_PROGRESS')",
        brand.account_sid,
        VETTING,
        brand.sid,
        _CAMPAIGN_VERIFY,
    )
    if waiting:
        raise refusals.token_in_progress()


async def _found(needs: Needs, request: Request, sid: str) -> Record:
    record = await needs.records.get(request.account_sid, KIND, sid)
    if record is None:
        raise errors.not_found(request.address)
    return record


def bindings(needs: Needs) -> tuple[Binding, ...]:
    brand = Binding(
        resource="messaging.v1.BrandRegistrations",
        operations={
            "CreateBrandRegistrations": lambda request: create(needs, request),
            "UpdateBrandRegistrations": lambda request: update(needs, request),
            "FetchBrandRegistrations": needs.plain.fetch,
            "ListBrandRegistrations": needs.plain.page,
        },
    )
    vetting = Binding(
        resource="messaging.v1.BrandVetting",
        operations={
            "CreateBrandVetting": lambda request: vet(needs, request),
            "FetchBrandVetting": needs.plain.fetch,
            "ListBrandVetting": needs.plain.page,
        },
    )
    otp = Binding(
        resource="messaging.v1.BrandRegistrationOtp",
        operations={"CreateBrandRegistrationOtp": lambda request: send_otp(needs, request)},
    )
    return brand, vetting, otp
