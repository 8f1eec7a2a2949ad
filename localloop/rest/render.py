"""From a record's fields to the payload of an answer: which fields, in which style, with which addresses.

One `Renderer` is compiled per operation; the hot path is a loop over prepared (name, writer) pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from localloop.contract.model import Api, Field, Operation, Path, Resource
from localloop.rest.addresses import expand, instance_template, pieces, snake
from localloop.rest.request import Request

Writer: TypeAlias = Callable[[Any], Any]
_PATH_2010 = "/2010-04-01/"
_ACCOUNTS = "/2010-04-01/Accounts/"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def rfc2822(moment: datetime) -> str:
    """`Fri, 13 Aug 2010 01:16:24 +0000`, never "GMT": the 2010 API's dates. `moment` is in UTC."""
    day = f"{_DAYS[moment.weekday()]}, {moment.day:02d} {_MONTHS[moment.month]} {moment.year:04d}"
    return f"{day} {moment.hour:02d}:{moment.minute:02d}:{moment.second:02d} +0000"


def iso8601(moment: datetime) -> str:
    """`2015-07-30T20:00:00Z`: the SDKs parse no fractional seconds."""
    day = f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}"
    return f"{day}T{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}Z"


def _rfc2822_of(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc2822(value)
    if isinstance(value, str) and value[:4].isdigit():
        return rfc2822(datetime.fromisoformat(value))
    return value


def _iso_of(value: Any) -> Any:
    return iso8601(value) if isinstance(value, datetime) else value


def _day_of(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _text_of(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return iso8601(value)
    return value


def _writer(field: Field) -> Writer:
    if field.format == "date-time-rfc-2822":
        return _rfc2822_of
    if field.format == "date-time":
        return _iso_of
    if field.format == "date":
        return _day_of
    return _text_of


def _is_no_account(path: str) -> bool:
    """An event links to the account that acted; where a user did, there is no such address."""
    return path.startswith(_ACCOUNTS) and not path.startswith("AC", len(_ACCOUNTS))


class Renderer:
    """Writes records as one operation answers them."""

    def __init__(self, api: Api, resource: Resource, path: Path, operation: Operation) -> None:
        self._api = api
        self._is_2010 = api.style == "2010"
        own = next((field.source_name for field in operation.fields if field.source == "url"), "")
        self._template = own or instance_template(resource, path)
        self._fallback = instance_template(
            resource, path
        )  # where the record lacks what its own template asks for
        self._params = tuple(param for _, param in pieces(self._template) if param)
        named_by_own = self._template.endswith("}") and resource.id_source != "param"
        self._id_param = self._params[-1] if named_by_own else ""
        self._id_field = resource.id_field
        self._resource = resource
        self._plain: list[tuple[str, Any, Writer]] = []
        self._url: str | None = None
        self._links: Field | None = None
        for field in operation.fields:
            if field.source == "url":
                self._url = field.name
            elif field.source == "links":
                self._links = field
            else:
                self._plain.append((field.name, field.initial, _writer(field)))
        self._named = tuple((param, snake(param)) for param in self._all_params())

    def _all_params(self) -> frozenset[str]:
        templates = [template for _, template in self._links.links] if self._links else []
        return frozenset(param for template in templates for _, param in pieces(template) if param).union(
            self._params
        )

    def item(self, fields: Mapping[str, Any], request: Request) -> dict[str, Any]:
        """The payload of one record. `fields` may leave out what the contract gives an initial value."""
        get = fields.get
        payload = {}
        for name, initial, write in self._plain:
            value = get(name, initial)
            payload[name] = value if value is None or type(value) is str else write(value)
        if self._url is None and self._links is None:
            return payload
        values = self._values(fields, request)
        if self._url is not None:
            payload[self._url] = (
                get(self._url)
                or self._address(self._template, values, request)
                or self._address(self._fallback, values, request)
            )
        if self._links is not None:
            links = self._link_map(self._links, values, request)
            shown = get(self._links.name)  # the names of the links that this record has; None: all
            payload[self._links.name] = (
                links if shown is None else {name: link for name, link in links.items() if name in shown}
            )
        return payload

    def _values(self, fields: Mapping[str, Any], request: Request) -> dict[str, Any]:
        """Values for the parameters of this record's templates."""
        own = fields.get(self._id_field) if self._id_field else None
        values: dict[str, Any] = {**request.ids, "AccountSid": request.account_sid}
        for param, name in self._named:
            value = fields.get(name)
            if value is not None:
                values[param] = value
        if own is not None:
            values[f"{self._resource.name}Sid"] = own
            if "Sid" not in self._params[:-1]:  # there it names a parent: `/Flows/{Sid}/Revisions/{Revision}`
                values["Sid"] = own
            if self._id_param:
                values[self._id_param] = own
        return values

    def _address(self, template: str, values: Mapping[str, Any], request: Request) -> str | None:
        path = expand(template, values)
        if path is None or _is_no_account(path):
            return None
        if self._is_2010:
            return f"{path}.json"
        if path.startswith(_PATH_2010):
            return f"{request.urls.base('api')}{path}.json"
        return request.urls.base(self._api.product) + path

    def _link_map(self, field: Field, values: dict[str, Any], request: Request) -> dict[str, str | None]:
        links = {}
        for name, template in field.links:
            filled = self._own_in_link(template, values)
            links[name] = self._address(template, filled, request)
        return links

    def _own_in_link(self, template: str, values: dict[str, Any]) -> dict[str, Any]:
        """In a link below this record its id stands under the child's name for it (`{DocumentSid}`)."""
        own = values.get("Sid")
        at = len(self._params) - 1
        names = [param for _, param in pieces(template) if param]
        if (
            own is not None
            and self._params
            and len(names) > at
            and template.startswith(self._template[: self._template.rfind("{")])
        ):
            return {**values, names[at]: own}
        return values
