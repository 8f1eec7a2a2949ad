"""`/v1/Services`: kept by the plain engine, with Twilio's defaults and rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from localloop.core import errors
from localloop.products.messaging.service import pool
from localloop.products.messaging.service.settings import MAX_VALIDITY, Service
from localloop.products.numbers import Needs
from localloop.rest.request import Binding, Deleted, Item, Request
from localloop.store import plain as records

# What a service may say it is for, with what Twilio shows people who choose.
USECASES: Final[Mapping[str, tuple[str, str]]] = {
    "notifications": ("Notify my users", "Texts that tell users of something that concerns them"),
    "marketing": ("Market my services", "Texts that promote products and services"),
    "verification": ("Verify users", "Texts with a code that proves who somebody is"),
    "discussion": ("Engage in a discussion", "Conversations with people, in both directions"),
    "poll": ("Poll my audience", "Questions to many, and the counting of their answers"),
}
UNDECLARED: Final = "undeclared"
_URLS: Final = {
    "InboundRequestUrl": "inbound_request_url",
    "FallbackUrl": "fallback_url",
    "StatusCallback": "status_callback",
}
_METHODS: Final = {"InboundMethod": "inbound_method", "FallbackMethod": "fallback_method"}
_DEFAULTS: Final[Mapping[str, Any]] = {
    "inbound_request_url": None,
    "inbound_method": "POST",
    "fallback_url": None,
    "fallback_method": "POST",
    "status_callback": None,
    "sticky_sender": True,
    "mms_converter": True,
    "smart_encoding": True,
    "scan_message_content": "inherit",
    "fallback_to_long_code": True,
    "area_code_geomatch": True,
    "synchronous_validation": False,
    "validity_period": MAX_VALIDITY,
    "usecase": UNDECLARED,
    "us_app_to_person_registered": False,
    "use_inbound_webhook_on_number": False,
}


async def create(needs: Needs, request: Request) -> Item:
    """Raises 20001, 21713."""
    if not request.params.get("FriendlyName"):
        raise errors.missing_parameter("FriendlyName")
    fields = {**_DEFAULTS, **_given(request), **_checked(request.params)}
    return await needs.plain.create(request, fields=fields)


async def update(needs: Needs, request: Request) -> Item:
    """What is on its way is sent by the new settings. Raises 404, 20001, 21713."""
    if request.params.get("FriendlyName") == "":
        raise errors.missing_parameter("FriendlyName")
    item = await needs.plain.update(request, _checked(request.params))
    async with needs.database.unit() as unit:
        needs.directory.changed(unit)
    return item


async def delete(needs: Needs, request: Request) -> Deleted:
    """Its pool is dissolved, and its senders may join another."""
    record = await needs.plain.find(request)
    if record is None:
        raise errors.not_found(request.address)
    async with needs.database.unit() as unit:
        await records.remove(unit, record.key)
        await pool.dissolve(unit, record.account_sid, record.sid)
        needs.directory.changed(unit)
    return Deleted()


async def usecases(_: Request) -> Item:
    return Item(
        fields={
            "usecases": [
                {"usecase": name, "purpose": purpose, "description": description}
                for name, (purpose, description) in USECASES.items()
            ]
        }
    )


def _given(request: Request) -> dict[str, Any]:
    """What was sent, by the field that it sets."""
    return {
        param.field: request.params[param.name]
        for param in request.operation.params
        if param.field is not None and param.name in request.params
    }


def _checked(params: Mapping[str, Any]) -> dict[str, Any]:
    """An empty address is none, an empty method POST again. Raises 20001, 21713."""
    period = params.get("ValidityPeriod")
    if period is not None and not 1 <= period <= MAX_VALIDITY:
        raise errors.invalid_parameter("ValidityPeriod", f"It is between 1 and {MAX_VALIDITY}.")
    usecase = params.get("Usecase")
    if usecase and usecase not in (UNDECLARED, *USECASES):
        raise errors.messaging_service_use_case_invalid()
    cleared: dict[str, Any] = {field: None for name, field in _URLS.items() if params.get(name) == ""}
    cleared |= {field: "POST" for name, field in _METHODS.items() if params.get(name) == ""}
    return cleared


def bindings(needs: Needs) -> tuple[Binding, ...]:
    service = Binding(
        resource="messaging.v1.Service",
        operations={
            "CreateService": lambda request: create(needs, request),
            "UpdateService": lambda request: update(needs, request),
            "FetchService": needs.plain.fetch,
            "ListService": needs.plain.page,
            "DeleteService": lambda request: delete(needs, request),
        },
        record=Service,
    )
    choices = Binding(resource="messaging.v1.Usecase", operations={"FetchUsecase": usecases})
    return service, choices, *pool.bindings(needs)
