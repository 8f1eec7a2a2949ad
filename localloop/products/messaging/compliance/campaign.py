"""`…/Compliance/Usa2p`: what a service's long codes are registered for in the United States."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from localloop.core import errors, sids
from localloop.jobs import enqueue
from localloop.products.messaging.compliance import brand, judging, refusals
from localloop.products.messaging.service.settings import KIND as SERVICE
from localloop.products.numbers import Needs
from localloop.rest.request import Binding, Deleted, Item, Request
from localloop.store.plain import Record

KIND: Final = "messaging/UsAppToPerson"
MOST_OF_BRAND: Final = {brand.STANDARD: 50, brand.SOLE_PROPRIETOR: 1}  # campaigns (21732)
# Code → name, what it is for, and whether carriers approve it one by one.
USECASES: Final[Mapping[str, tuple[str, str, bool]]] = {
    "2FA": ("Two-Factor authentication (2FA)", "Codes that prove who somebody is", False),
    "ACCOUNT_NOTIFICATION": ("Account Notification", "Reminders, alerts and other news of an account", False),
    "AGENTS_FRANCHISES": ("Agents and Franchises", "Local numbers of a brand's agents and offices", True),
    "CHARITY": ("Charity", "Organisations that are exempt from taxes as charities", False),
    "PROXY": ("Proxy", "People who write to each other without showing their numbers", True),
    "CUSTOMER_CARE": ("Customer Care", "Support, and the care of accounts", False),
    "DELIVERY_NOTIFICATION": ("Delivery Notification", "Where a product or service is on its way", False),
    "EMERGENCY": ("Emergency", "Public safety and health in emergencies", True),
    "FRAUD_ALERT": ("Fraud Alert Messaging", "Warnings of fraud", False),
    "HIGHER_EDUCATION": ("Higher Education", "Colleges, universities and school districts", False),
    "K12_EDUCATION": ("K-12 Education", "Schools before college", True),
    "LOW_VOLUME": ("Low Volume Mixed", "Anything, and little of it", False),
    "MARKETING": ("Marketing", "Whatever promotes something", False),
    "MIXED": ("Mixed", "Several of the others", False),
    "POLITICAL": ("Political", "Efforts to influence decisions of groups", False),
    "POLLING_VOTING": ("Polling and voting", "Polls and votes", False),
    "PUBLIC_SERVICE_ANNOUNCEMENT": ("Public Service Announcement", "What the public should know", False),
    "SECURITY_ALERT": ("Security Alert", "Warnings that something is compromised", False),
    "SOCIAL": ("Social", "Talk within communities", True),
    "SWEEPSTAKE": ("Sweepstake", "Sweepstakes", True),
}
SOLE_PROPRIETOR: Final = ("Sole Proprietor", "Whatever a sole proprietor sends", False)
_LENGTHS: Final = {
    "Description": (40, 4096),
    "MessageFlow": (40, 2048),
    "OptInMessage": (20, 320),
    "OptOutMessage": (20, 320),
    "HelpMessage": (20, 320),
}
_NEEDED: Final = ("Description", "MessageFlow", "MessageSamples")
_SAMPLES: Final = (2, 5)
_SAMPLE: Final = (20, 1024)
_KEYWORDS: Final = {
    "OptInKeywords": "opt_in_keywords",
    "OptOutKeywords": "opt_out_keywords",
    "HelpKeywords": "help_keywords",
}
_FLAGS: Final = {
    "SubscriberOptIn": "subscriber_opt_in",
    "AgeGated": "age_gated",
    "DirectLending": "direct_lending",
}
_LONGEST_KEYWORDS: Final = 255
_CAMPAIGNS: Final = f"""
select count(*) from resources where account_sid = $1 and kind = '{KIND}' and data ->> 'brand_registration_sid' = $2"""
_OF_SERVICE: Final = f"""
select exists (select from resources where account_sid = $1 and kind = '{KIND}' and parent_sid = $2)"""


async def create(needs: Needs, request: Request) -> Item:
    """Raises 404, 409, 21717, 21720, 21727, 21728, 21729, 21731, 21732, 21737."""
    await _check_service(needs, request)
    owner = await _brand(needs, request)
    _check(request.params)
    usecase = request.params["UsAppToPersonUsecase"]
    if usecase not in usecases_of(owner):
        raise refusals.use_case_invalid()
    await _check_room(needs, request, owner)
    is_mock = bool(owner.data.get("mock"))
    item = await needs.plain.create(request, fields={"mock": is_mock, **_defaults(request.params)})
    if is_mock:
        async with needs.database.unit() as unit:
            await enqueue(unit, [judging.job_of(request, str(item.fields["sid"]))])
    return item


async def update(needs: Needs, request: Request) -> Item:
    """A failed campaign is registered again. Raises 404, 409, 21727, 21728, 21729."""
    record = await needs.plain.find(request)
    if record is None:
        raise errors.not_found(request.address)
    if record.data["campaign_status"] == "SUSPENDED":
        raise refusals.campaign_suspended()
    if record.data["campaign_status"] != "FAILED":
        raise errors.conflict("Only a failed campaign is registered again.")
    _check(request.params)
    return await needs.plain.update(request, {"campaign_status": "PENDING", "errors": []})


async def delete(needs: Needs, request: Request) -> Deleted:
    deleted = await needs.plain.delete(request)
    async with needs.database.unit() as unit:
        await judging.register(
            unit, request.account_sid, request.ids["MessagingServiceSid"], is_registered=False
        )
        needs.directory.changed(unit)
    return deleted


async def usecases(needs: Needs, request: Request) -> Item:
    """Those of a brand, or all but a sole proprietor's. Raises 404 for a service or brand that is none."""
    await _check_service(needs, request)
    owner = None
    if request.params.get("BrandRegistrationSid"):
        owner = await needs.records.get(
            request.account_sid, brand.KIND, request.params["BrandRegistrationSid"]
        )
        if owner is None:
            raise errors.not_found(request.address)
    return Item(
        fields={
            "us_app_to_person_usecases": [
                {
                    "code": code,
                    "name": name,
                    "description": description,
                    "post_approval_required": is_approved_later,
                }
                for code, (name, description, is_approved_later) in usecases_of(owner).items()
            ]
        }
    )


async def import_external(needs: Needs, request: Request) -> Item:
    """A campaign that was registered elsewhere becomes the service's. Raises 404, 409."""
    service_sid = str(request.params["MessagingServiceSid"])
    if not await needs.records.get(request.account_sid, SERVICE, service_sid):
        raise errors.not_found(f"/Services/{service_sid}")
    if await needs.database.fetchval(_OF_SERVICE, request.account_sid, service_sid):
        raise errors.conflict("The messaging service has a campaign.")
    sid = sids.new("QE")
    data = {
        **dict.fromkeys(("brand_registration_sid", "description", "us_app_to_person_usecase"), None),
        **dict.fromkeys(("message_flow", "opt_in_message", "opt_out_message", "help_message"), None),
        **dict.fromkeys(("has_embedded_links", "has_embedded_phone", "subscriber_opt_in"), False),
        **dict.fromkeys(("age_gated", "direct_lending", "mock"), False),
        **{field: [] for field in ("message_samples", "opt_in_keywords", "opt_out_keywords")},
        **{field: [] for field in ("help_keywords", "errors")},
        "rate_limits": {},
        "messaging_service_sid": service_sid,
        "campaign_id": request.params["CampaignId"],
        "campaign_status": "PENDING",
        "is_externally_registered": True,
    }
    await needs.records.create(
        Record(
            account_sid=request.account_sid,
            kind=KIND,
            sid=sid,
            parent_sid=service_sid,
            parents=(service_sid,),
            position=sids.uuid_of(sid),
            data=data,
            date_created=request.now,
            date_updated=request.now,
        )
    )
    return Item(
        fields={
            "sid": sid,
            "account_sid": request.account_sid,
            "campaign_id": data["campaign_id"],
            "messaging_service_sid": service_sid,
            "date_created": request.now,
        }
    )


def usecases_of(owner: Record | None) -> Mapping[str, tuple[str, str, bool]]:
    if owner is not None and owner.data["brand_type"] == brand.SOLE_PROPRIETOR:
        return {"SOLE_PROPRIETOR": SOLE_PROPRIETOR}
    return USECASES


async def _check_service(needs: Needs, request: Request) -> None:
    if not await needs.records.get(request.account_sid, SERVICE, request.ids["MessagingServiceSid"]):
        raise errors.not_found(request.address)


async def _brand(needs: Needs, request: Request) -> Record:
    sid = str(request.params["BrandRegistrationSid"])
    owner = await needs.records.get(request.account_sid, brand.KIND, sid)
    if owner is not None and owner.data["status"] == "SUSPENDED":
        raise refusals.brand_suspended()
    if owner is None or owner.data["status"] != "APPROVED":
        raise refusals.brand_not_registered()
    return owner


async def _check_room(needs: Needs, request: Request, owner: Record) -> None:
    """A service has one campaign, and a brand so many."""
    service_sid = request.ids["MessagingServiceSid"]
    if await needs.database.fetchval(_OF_SERVICE, request.account_sid, service_sid):
        raise errors.conflict("The messaging service has a campaign.")
    count = await needs.database.fetchval(_CAMPAIGNS, request.account_sid, owner.sid)
    if count >= MOST_OF_BRAND[owner.data["brand_type"]]:
        raise refusals.too_many_campaigns_of_brand()


def _check(params: Mapping[str, Any]) -> None:
    """Raises 21727 for what is missing, 21728 for what is too short or too long."""
    if not all(params.get(name) for name in _NEEDED):
        raise refusals.campaign_incomplete()
    fit = [_fits(len(params[name]), bounds) for name, bounds in _LENGTHS.items() if params.get(name)]
    samples = params["MessageSamples"]
    fit += [_fits(len(samples), _SAMPLES), *(_fits(len(sample), _SAMPLE) for sample in samples)]
    fit += [sum(map(len, params.get(name) or ())) <= _LONGEST_KEYWORDS for name in _KEYWORDS]
    if not all(fit):
        raise refusals.campaign_lengths_wrong()


def _fits(length: int, bounds: tuple[int, int]) -> bool:
    return bounds[0] <= length <= bounds[1]


def _defaults(params: Mapping[str, Any]) -> dict[str, Any]:
    """What was not said."""
    unsaid: dict[str, Any] = {field: False for name, field in _FLAGS.items() if name not in params}
    return unsaid | {field: [] for name, field in _KEYWORDS.items() if name not in params}


def bindings(needs: Needs) -> tuple[Binding, ...]:
    campaign = Binding(
        resource="messaging.v1.UsAppToPerson",
        operations={
            "CreateUsAppToPerson": lambda request: create(needs, request),
            "UpdateUsAppToPerson": lambda request: update(needs, request),
            "FetchUsAppToPerson": needs.plain.fetch,
            "ListUsAppToPerson": needs.plain.page,
            "DeleteUsAppToPerson": lambda request: delete(needs, request),
        },
        errors={name: lambda _: refusals.campaign_incomplete() for name in _NEEDED},
    )
    choices = Binding(
        resource="messaging.v1.UsAppToPersonUsecase",
        operations={"FetchUsAppToPersonUsecase": lambda request: usecases(needs, request)},
    )
    external = Binding(
        resource="messaging.v1.ExternalCampaign",
        operations={"CreateExternalCampaign": lambda request: import_external(needs, request)},
    )
    return campaign, choices, external
