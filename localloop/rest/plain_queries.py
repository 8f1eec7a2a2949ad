"""What a request to a plain resource names: an id, a version, names that must be unique, filters of a list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from localloop.contract.model import Field, Operation, Resource
from localloop.core import errors, sids
from localloop.core.errors import ApiError
from localloop.rest.request import Request
from localloop.rest.values import day_or_moment
from localloop.store.listing import Column
from localloop.store.plain import Filter, NameTaken

COLUMNS: dict[str, Column] = {"created": "date_created", "updated": "date_updated"}
_AGO = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
BAD_SYNC_REVISION = 54003
DATE_FORMATS = frozenset({"date", "date-time", "date-time-rfc-2822"})
# Twilio's codes for a name that is taken, by product and resource; 20409 elsewhere.
TAKEN = {
    ("sync", "SyncMapItem"): 54208,
    **dict.fromkeys([("sync", name) for name in ("Document", "SyncList", "SyncMap", "SyncStream")], 54301),
    ("conversations", "Conversation"): 50353,
    **dict.fromkeys([(product, "Channel") for product in ("chat", "ip-messaging")], 50307),
    **dict.fromkeys([(product, "Member") for product in ("chat", "ip-messaging")], 50404),
    ("conversations", "ConversationParticipant"): 50433,
    **dict.fromkeys([(product, "User") for product in ("chat", "conversations", "ip-messaging")], 50201),
}
VERSION_DIGITS = 9  # what any version's column holds; a longer number is a version that no record has
NO_VERSION = -1
SYNC_MISMATCH = {"Document": 54103, "SyncListItem": 54155, "SyncMapItem": 54205}


def new_id(resource: Resource, request: Request, data: Mapping[str, Any]) -> str:
    """The id of a new record: chosen by the client, in the path or in a parameter, or a fresh one."""
    if request.path.id_param and request.path.id_param in request.ids:
        return request.ids[request.path.id_param]
    if resource.id_source == "param":
        param = resource.id_param or ""
        chosen = request.params.get(param) or request.ids.get(param) or data.get(resource.id_field or "")
        if chosen:
            return str(chosen)
    prefix = resource.prefixes[0] if resource.prefixes else ""
    made = sids.new(prefix or "XX")
    return made if prefix else made[2:]


def attached_id(request: Request) -> str:
    """What a create names the record by that it attaches: its SID, or the phone number itself (proxy)."""
    named = request.params.get(request.resource.id_param or "") or request.params.get("PhoneNumber")
    return str(named) if named else new_id(request.resource, request, {})


def wanted_id(request: Request) -> str | None:
    """The id that an instance path names; some take it from the query or the body (safe list)."""
    for param in (request.path.id_param, request.resource.id_param):
        if param and param in request.ids:
            return request.ids[param]
    param = request.path.id_param
    if param is None:
        return None
    if not request.params.get(param):
        raise errors.missing_parameter(param)
    return str(request.params[param])


def position(record_id: str) -> UUID:
    return sids.uuid_of(record_id) if sids.is_sid(record_id) else sids.new_id()


def canonical(wanted: str) -> str:
    """SIDs are accepted with upper-case hex (Twilio's SID documentation)."""
    return wanted[:2] + wanted[2:].lower() if sids.is_sid(wanted) else wanted


def singleton_id(request: Request, parents: Sequence[str]) -> str:
    return parents[-1] if parents else request.path.kind


def names(resource: Resource, data: Mapping[str, Any]) -> dict[str, str]:
    """The fields that must be unique among siblings, as far as they are set."""
    return {name: str(data[name]) for name in resource.unique if data.get(name) not in (None, "")}


def name_taken(request: Request, taken: NameTaken) -> ApiError:
    """409 for a name, or an id chosen by the client, that another record has."""
    code = TAKEN.get((request.api.product, request.resource.name))
    if code is not None:
        return errors.of(code)
    what = request.resource.id_param or "Sid" if taken.field == "sid" else taken.field
    return errors.conflict(f"{what} {taken.name!r} is already taken.")


def expected_version(request: Request) -> int | None:
    """The version that `If-Match` names, with or without quotes; `*` is any. Raises 412 for what is no version."""
    if request.if_match is None or request.if_match.strip() in ("*", ""):
        return None
    text = request.if_match.strip().removeprefix("W/").strip('"')
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= VERSION_DIGITS else NO_VERSION
    if request.api.product == "sync":
        raise ApiError(400, BAD_SYNC_REVISION, "Invalid If-Match header: a revision is a number.")
    raise stale(request)


def stale(request: Request) -> ApiError:
    """`If-Match` named another version: 412, in Sync with a code of its own per kind of record."""
    code = SYNC_MISMATCH.get(request.resource.name) if request.api.product == "sync" else None
    return errors.of(code) if code else errors.precondition_failed()


def filters(request: Request) -> list[Filter]:
    """The conditions of a list, in the vocabulary of the store."""
    wanted = []
    for param in request.operation.params:
        if param.location != "query" or not param.field or param.name not in request.params:
            continue
        value = request.params[param.name]
        if value in ("", None):
            continue
        field = _field_named(request.operation, param.field)
        column = COLUMNS.get(field.source) if field else None
        if isinstance(value, str) and (column or (field and field.format in DATE_FORMATS)):
            value = _date(param.name, value, request.now)
        settable = column is not None and _is_settable(request, param.field)
        initial = field.initial if field and isinstance(field.initial, str | int | float) else None
        wanted.append(Filter(param.field, param.comparison, value, column, settable, initial))
    return wanted


def _is_settable(request: Request, field: str) -> bool:
    """Whether a client may give the date that a record shows (imported conversations)."""
    return any(
        param.field == field and param.location == "body"
        for path in request.resource.paths
        for operation in path.operations
        for param in operation.params
    )


def _date(name: str, text: str, now: datetime) -> date:
    """What a parameter that is declared as mere text says about a date: `4h` is four hours ago. Raises 400."""
    ago = _AGO.fullmatch(text)
    try:
        return now - int(ago[1]) * _UNITS[ago[2]] if ago else day_or_moment(text)
    except (ValueError, OverflowError) as problem:
        raise errors.invalid_parameter(name, str(problem)) from None


def not_found_path(request: Request) -> str:
    """What a 404 names: the whole path in the 2010 API, the path without its version elsewhere."""
    if request.api.style == "2010":
        return request.address
    return request.address.removeprefix(f"/{request.api.version}")


def _field_named(operation: Operation, name: str) -> Field | None:
    return next((field for field in operation.fields if field.name == name), None)
