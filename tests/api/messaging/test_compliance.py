"""Registrations for the United States: what is refused, what follows what, and what carriers make of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from localloop.core import clock, errors
from localloop.products.messaging import Ruling
from localloop.rest.request import Caller
from tests.api.messaging.conftest import FROM, Phone, advance
from tests.api.messaging.test_services import make_service, refused, send

TO = "+13125550100"
TOLL_FREE = "+18885550100"
BUNDLES = {"CustomerProfileBundleSid": "BU" + "1" * 32, "A2PProfileBundleSid": "BU" + "2" * 32}
CAMPAIGN = {
    "Description": "Reminders of appointments for patients of a practice.",
    "MessageFlow": "Patients agree on a form at their first visit, in writing.",
    "MessageSamples": ["Your appointment is tomorrow at 9.", "Your appointment was moved to Friday."],
    "UsAppToPersonUsecase": "ACCOUNT_NOTIFICATION",
    "HasEmbeddedLinks": False,
    "HasEmbeddedPhone": False,
}
VERIFICATION = {
    "BusinessName": "Owl",
    "BusinessWebsite": "https://example.com",
    "NotificationEmail": "owl@example.com",
    "UseCaseCategories": ["TWO_FACTOR_AUTHENTICATION"],
    "UseCaseSummary": "codes",
    "ProductionMessageSample": "Your code is 123456",
    "OptInImageUrls": ["https://example.com/form.png"],
    "OptInType": "WEB_FORM",
    "MessageVolume": "10",
}


async def make_brand(phone: Phone, caller: Caller, **params: Any) -> dict[str, Any]:
    return await phone.ask.item("messaging.v1.CreateBrandRegistrations", caller, {**BUNDLES, **params})


async def judge(phone: Phone, caller: Caller, sid: str, verdict: Any, **more: Any) -> str:
    ruling = Ruling(sid=sid, verdict=verdict, **more)
    return (await phone.bench.judge(caller.account_sid, ruling, clock.now(caller.world_sid))).status


async def brand_of(phone: Phone, caller: Caller, sid: str) -> dict[str, Any]:
    return await phone.ask.item("messaging.v1.FetchBrandRegistrations", caller, Sid=sid)


async def approved_brand(phone: Phone, caller: Caller, **params: Any) -> str:
    sid = str((await make_brand(phone, caller, **params))["sid"])
    await judge(phone, caller, sid, "approve")
    return sid


async def make_campaign(phone: Phone, caller: Caller, service: str, brand: str, **params: Any) -> Any:
    asked = {**CAMPAIGN, "BrandRegistrationSid": brand, **params}
    return await phone.ask.item(
        "messaging.v1.CreateUsAppToPerson", caller, asked, MessagingServiceSid=service
    )


async def campaign_of(phone: Phone, caller: Caller, service: str, sid: str) -> dict[str, Any]:
    ids = {"MessagingServiceSid": service, "Sid": sid}
    return await phone.ask.item("messaging.v1.FetchUsAppToPerson", caller, **ids)


async def test_a_brand_waits_for_its_verdict(server: Phone, caller: Caller) -> None:
    made = await make_brand(server, caller)
    assert (made["status"], made["brand_type"], made["tcr_id"]) == ("PENDING", "STANDARD", None)
    assert await judge(server, caller, made["sid"], "review") == "IN_REVIEW"
    assert await refused(judge(server, caller, made["sid"], "review")) == 20409
    assert await judge(server, caller, made["sid"], "approve", score=75) == "APPROVED"
    brand = await brand_of(server, caller, made["sid"])
    assert (brand["identity_status"], brand["brand_score"], brand["tcr_id"][0]) == ("VERIFIED", 75, "B")
    assert await judge(server, caller, made["sid"], "suspend") == "SUSPENDED"
    vet = server.ask(
        "messaging.v1.CreateBrandVetting", caller, {"VettingProvider": "aegis"}, BrandSid=made["sid"]
    )
    assert await refused(vet) == 21731


async def test_a_failed_brand_comes_back(server: Phone, caller: Caller) -> None:
    sid = (await make_brand(server, caller))["sid"]

    async def update() -> dict[str, Any]:
        return await server.ask.item("messaging.v1.UpdateBrandRegistrations", caller, Sid=sid)

    assert await refused(update()) == 21725
    for _ in range(3):
        await judge(server, caller, sid, "reject", error_code=30795)
        brand = await brand_of(server, caller, sid)
        assert (brand["status"], brand["failure_reason"]) == ("FAILED", errors.title(30795))
        assert [fault["error_code"] for fault in brand["errors"]] == [30795]
        again = await update()
        assert (again["status"], again["failure_reason"], again["errors"]) == ("PENDING", None, [])
    await judge(server, caller, sid, "reject", reason="no such company")
    assert (await brand_of(server, caller, sid))["failure_reason"] == "no such company"
    assert await refused(update()) == 21724


async def test_brands_that_are_refused(server: Phone, caller: Caller, stranger: Caller) -> None:
    assert await refused(make_brand(server, caller, BrandType="STARTER")) == 21726
    assert await refused(make_brand(server, caller, BrandType="KINGDOM")) == 20001
    sid = (await make_brand(server, caller))["sid"]
    sent = await server.ask.item("messaging.v1.CreateBrandRegistrationOtp", caller, BrandRegistrationSid=sid)
    assert sent["brand_registration_sid"] == sid
    assert await refused(judge(server, stranger, sid, "approve")) == 20404


async def test_vettings(server: Phone, caller: Caller) -> None:
    brand = await approved_brand(server, caller)

    async def vet(sid: str, **params: str) -> dict[str, Any]:
        asked = {"VettingProvider": "campaign-verify", **params}
        return await server.ask.item("messaging.v1.CreateBrandVetting", caller, asked, BrandSid=sid)

    assert await refused(vet(brand)) == 21722
    made = await vet(brand, VettingId="cv|1.0|tcr|10dlc|token")
    assert (made["vetting_status"], made["vetting_class"]) == ("IN_PROGRESS", "POLITICAL")
    assert await refused(vet(brand, VettingId="cv|1.0|tcr|10dlc|other")) == 21723
    sole = await approved_brand(server, caller, BrandType="SOLE_PROPRIETOR")
    assert await refused(vet(sole, VettingId="cv|1.0|tcr|10dlc|token")) == 21721
    assert await judge(server, caller, made["brand_vetting_sid"], "approve", score=90) == "SUCCESS"
    vetted = await brand_of(server, caller, brand)
    assert (vetted["identity_status"], vetted["brand_score"]) == ("VETTED_VERIFIED", 90)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"UsAppToPersonUsecase": "SPAM"}, 21720),
        ({"UsAppToPersonUsecase": "SOLE_PROPRIETOR"}, 21720),
        ({"Description": ""}, 21727),
        ({"Description": "short"}, 21728),
        ({"MessageFlow": "x" * 2049}, 21728),
        ({"MessageSamples": ["only one, but long enough"]}, 21728),
        ({"MessageSamples": ["too short", "long enough to be one"]}, 21728),
        ({"HelpMessage": "help"}, 21728),
        ({"BrandRegistrationSid": "BN" + "0" * 32}, 21717),
    ],
)
async def test_campaigns_that_are_refused(
    server: Phone, caller: Caller, params: dict[str, Any], code: int
) -> None:
    service = await make_service(server, caller)
    brand = await approved_brand(server, caller)
    assert await refused(make_campaign(server, caller, service, brand, **params)) == code


async def test_brands_that_may_not_have_campaigns(server: Phone, caller: Caller) -> None:
    service = await make_service(server, caller)
    pending = (await make_brand(server, caller))["sid"]
    assert await refused(make_campaign(server, caller, service, pending)) == 21717
    brand = await approved_brand(server, caller)
    await judge(server, caller, brand, "suspend")
    assert await refused(make_campaign(server, caller, service, brand)) == 21731
    sole = await approved_brand(server, caller, BrandType="SOLE_PROPRIETOR")
    own = {"UsAppToPersonUsecase": "SOLE_PROPRIETOR"}
    await make_campaign(server, caller, service, sole, **own)
    assert await refused(make_campaign(server, caller, service, sole, **own)) == 20409
    other = await make_service(server, caller)
    assert await refused(make_campaign(server, caller, other, sole, **own)) == 21732


async def test_a_campaign_lives(server: Phone, caller: Caller) -> None:
    service = await make_service(server, caller)
    made = await make_campaign(server, caller, service, await approved_brand(server, caller))
    sid, ids = made["sid"], {"MessagingServiceSid": service, "Sid": made["sid"]}
    assert (made["campaign_status"], made["campaign_id"], made["opt_in_keywords"]) == ("PENDING", None, [])
    assert await judge(server, caller, sid, "reject", error_code=30909, reason="no opt-in") == "FAILED"
    failed = await campaign_of(server, caller, service, sid)
    assert [(fault["error_code"], fault["description"]) for fault in failed["errors"]] == [
        (30909, "no opt-in")
    ]
    changed = {**CAMPAIGN, "AgeGated": False, "DirectLending": False}
    del changed["UsAppToPersonUsecase"]
    again = await server.ask.item("messaging.v1.UpdateUsAppToPerson", caller, changed, **ids)
    assert (again["campaign_status"], again["errors"]) == ("PENDING", [])
    assert await judge(server, caller, sid, "review") == "IN_PROGRESS"
    assert await judge(server, caller, sid, "approve") == "VERIFIED"
    fetch = "messaging.v1.FetchService"
    assert (await server.ask.item(fetch, caller, Sid=service))["us_app_to_person_registered"] is True
    assert await refused(server.ask("messaging.v1.UpdateUsAppToPerson", caller, changed, **ids)) == 20409
    await judge(server, caller, sid, "suspend", error_code=30990)
    assert await refused(server.ask("messaging.v1.UpdateUsAppToPerson", caller, changed, **ids)) == 21729
    assert (await server.ask.item(fetch, caller, Sid=service))["us_app_to_person_registered"] is False
    await server.ask("messaging.v1.DeleteUsAppToPerson", caller, **ids)
    assert await refused(campaign_of(server, caller, service, sid)) == 20404


async def test_use_cases_of_brands(server: Phone, caller: Caller) -> None:
    service = await make_service(server, caller)
    sole = await approved_brand(server, caller, BrandType="SOLE_PROPRIETOR")

    async def codes(**params: str) -> list[str]:
        ids = {"MessagingServiceSid": service}
        found = await server.ask.item("messaging.v1.FetchUsAppToPersonUsecase", caller, params, **ids)
        return [usecase["code"] for usecase in found["us_app_to_person_usecases"]]

    assert await codes(BrandRegistrationSid=sole) == ["SOLE_PROPRIETOR"]
    assert {"2FA", "MARKETING", "LOW_VOLUME"} < set(await codes())


async def test_a_campaign_from_elsewhere(server: Phone, caller: Caller) -> None:
    service = await make_service(server, caller)
    asked = {"CampaignId": "CABC123", "MessagingServiceSid": service}
    made = await server.ask.item("messaging.v1.CreateExternalCampaign", caller, asked)
    campaign = await campaign_of(server, caller, service, made["sid"])
    assert (campaign["is_externally_registered"], campaign["campaign_id"]) == (True, "CABC123")
    assert await refused(server.ask("messaging.v1.CreateExternalCampaign", caller, asked)) == 20409
    assert await judge(server, caller, made["sid"], "approve") == "VERIFIED"
    assert (await campaign_of(server, caller, service, made["sid"]))["campaign_id"] == "CABC123"


async def test_what_is_a_mock_is_approved_by_itself(frozen: Phone, caller: Caller) -> None:
    service = await make_service(frozen, caller)
    brand = await make_brand(frozen, caller, Mock=True)
    await frozen.quiet()
    assert (await brand_of(frozen, caller, brand["sid"]))["status"] == "PENDING"
    await advance(frozen, caller, timedelta(seconds=5))
    assert (await brand_of(frozen, caller, brand["sid"]))["status"] == "APPROVED"
    made = await make_campaign(frozen, caller, service, brand["sid"])
    await advance(frozen, caller, timedelta(seconds=5))
    campaign = await campaign_of(frozen, caller, service, made["sid"])
    assert (campaign["campaign_status"], campaign["mock"]) == ("VERIFIED", True)


# Toll-free numbers and carriers --------------------------------------------------------------------------------


async def own_toll_free(phone: Phone, caller: Caller) -> str:
    await phone.own(caller, TOLL_FREE)
    async with phone.database.unit() as unit:
        await unit.execute("update phone_numbers set type = 'TollFree' where phone_number = $1", TOLL_FREE)
        phone.directory.changed(unit)
    owned = await phone.directory.find(caller.world_sid, TOLL_FREE)
    assert owned is not None
    return owned.sid


async def verify(phone: Phone, caller: Caller, number_sid: str) -> dict[str, Any]:
    asked = {**VERIFICATION, "TollfreePhoneNumberSid": number_sid}
    return await phone.ask.item("messaging.v1.CreateTollfreeVerification", caller, asked)


async def test_a_verification_is_rejected_and_edited(frozen: Phone, caller: Caller) -> None:
    number_sid = await own_toll_free(frozen, caller)
    await frozen.own(caller, FROM)
    other = await frozen.directory.find(caller.world_sid, FROM)
    assert other is not None
    assert await refused(verify(frozen, caller, other.sid)) == 30436
    made = await verify(frozen, caller, number_sid)
    assert (made["status"], made["tollfree_phone_number"]) == ("PENDING_REVIEW", TOLL_FREE)
    assert await refused(verify(frozen, caller, number_sid)) == 20409
    sid = made["sid"]
    update = "messaging.v1.UpdateTollfreeVerification"
    await judge(frozen, caller, sid, "review")
    assert await refused(frozen.ask(update, caller, {"UseCaseSummary": "more"}, Sid=sid)) == 20409
    assert await judge(frozen, caller, sid, "reject", error_code=30446) == "TWILIO_REJECTED"
    rejected = await frozen.ask.item("messaging.v1.FetchTollfreeVerification", caller, Sid=sid)
    assert (rejected["error_code"], rejected["edit_allowed"]) == (30446, True)
    assert rejected["rejection_reasons"] == [{"code": 30446, "reason": errors.title(30446)}]
    edited = await frozen.ask.item(update, caller, {"UseCaseSummary": "more"}, Sid=sid)
    assert (edited["status"], edited["use_case_summary"]) == ("PENDING_REVIEW", "more")
    assert (edited["rejection_reason"], edited["edit_expiration"]) == (None, None)
    await judge(frozen, caller, sid, "reject", error_code=30446)
    await advance(frozen, caller, timedelta(days=8))
    assert await refused(frozen.ask(update, caller, {"UseCaseSummary": "late"}, Sid=sid)) == 30437


async def _fate(phone: Phone, caller: Caller, **params: Any) -> tuple[str, int | None]:
    sent = await phone.send(caller, To=TO, **params)
    await phone.idle()
    done = await phone.fetch(caller, sent["sid"])
    return done["status"], done["error_code"]


async def test_carriers_take_registered_long_codes_only(working: Phone, caller: Caller) -> None:
    service = await make_service(working, caller, FROM)
    assert await _fate(working, caller) == ("delivered", None)  # nobody asks
    working.profiles[caller.world_sid] = "us-a2p"
    assert await _fate(working, caller) == ("undelivered", 30034)
    campaign = await make_campaign(working, caller, service, await approved_brand(working, caller))
    assert await _fate(working, caller) == ("undelivered", 30034)
    await judge(working, caller, campaign["sid"], "approve")
    assert await _fate(working, caller) == ("delivered", None)
    through = await send(working, caller, service, To=TO)
    await judge(working, caller, campaign["sid"], "suspend")
    assert await _fate(working, caller) == ("undelivered", 30033)
    assert (await working.fetch(caller, through["sid"]))["from"] == FROM


async def test_carriers_take_verified_toll_free_numbers_only(working: Phone, caller: Caller) -> None:
    number_sid = await own_toll_free(working, caller)
    working.profiles[caller.world_sid] = "us-a2p"
    assert await _fate(working, caller, From=TOLL_FREE) == ("undelivered", 30032)
    made = await verify(working, caller, number_sid)
    assert await _fate(working, caller, From=TOLL_FREE) == ("undelivered", 30032)
    await judge(working, caller, made["sid"], "approve")
    assert await _fate(working, caller, From=TOLL_FREE) == ("delivered", None)
