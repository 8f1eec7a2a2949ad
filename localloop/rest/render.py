"""From a record's fields to the payload of an answer: which fields, in which style, with which addresses.

One `Renderer` is compiled per operation; the hot path is a loop over prepared (name, writer) pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from math import floor
from typing import Any, TypeAlias

from localloop.contract.model import Api, Field, Operation, Path, Resource
from localloop.rest.addresses import Address, instance_template, quote_all, snake
from localloop.rest.request import Request

Writer: TypeAlias = Callable[[Any], Any]
_PATH_2010 = "/2010-04-01/"
_ACCOUNTS = "/2010-04-01/Accounts/"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def rfc2822(moment: datetime) -> str:
    """`Fri, 13 Aug 2010 01:16:24 +0000`, never "GMT": the 2010 API's dates."""
    return _rfc2822_second(floor(moment.timestamp()))


@lru_cache(maxsize=1024)
def _rfc2822_second(timestamp: int) -> str:
    moment = datetime.fromtimestamp(timestamp, UTC)
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
        at = instance_template(resource, path)
        own = next((field.source_name for field in operation.fields if field.source == "url"), "") or at
        self._own = Address(own)
        self._fallback = Address(at)  # where the record lacks what its own template asks for
        named_by_own = own.endswith("}") and resource.id_source != "param"
        self._id_param = self._own.params[-1] if named_by_own else ""
        self._id_field = resource.id_field
        self._resource = resource
        self._plain: list[tuple[str, Any, Writer]] = []
        self._url: str | None = None
        self._links = ""
        self._link_addresses: list[tuple[str, Address, str]] = []
        for field in operation.fields:
            if field.source == "url":
                self._url = field.name
            elif field.source == "links":
                self._links = field.name
                targets = [(name, Address(template)) for name, template in field.links]
                self._link_addresses = [(name, to, self._own_in_link(to)) for name, to in targets]
            else:
                self._plain.append((field.name, field.initial, _writer(field)))
        self._named = tuple((param, snake(param)) for param in self._all_params())

    def _all_params(self) -> frozenset[str]:
        addresses = (self._own, *(address for _, address, _ in self._link_addresses))
        return frozenset(param for address in addresses for param in address.params)

    def item(self, fields: Mapping[str, Any], request: Request) -> dict[str, Any]:
        """The payload of one record. `fields` may leave out what the contract gives an initial value."""
        get = fields.get
        payload = {}
        for name, initial, write in self._plain:
            value = get(name, initial)
            payload[name] = value if value is None or type(value) is str else write(value)
        if self._url is None and not self._links:
            return payload
        values = quote_all(self._values(fields, request))
        if self._url is not None:
            payload[self._url] = (
                get(self._url)
                or self._address(self._own, values, request)
                or self._address(self._fallback, values, request)
            )
        if self._links:
            payload[self._links] = self._shown_links(get(self._links), values, request)
        return payload

    def _shown_links(self, shown: Any, values: dict[str, str], request: Request) -> Mapping[str, Any]:
        """`shown` is the names of the links that a record has; None: all; by name, where they lead elsewhere."""
        if isinstance(shown, Mapping):
            return dict(shown)
        links = self._link_map(values, request)
        return links if shown is None else {name: link for name, link in links.items() if name in shown}

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
            if (
                "Sid" not in self._own.params[:-1]
            ):  # there it names a parent: `/Flows/{Sid}/Revisions/{Revision}`
                values["Sid"] = own
            if self._id_param:
                values[self._id_param] = own
        return values

    def _address(self, address: Address, values: Mapping[str, str], request: Request) -> str | None:
        path = address.filled(values)
        if path is None or _is_no_account(path):
            return None
        if self._is_2010:
            return f"{path}.json"
        if path.startswith(_PATH_2010):
            return f"{request.urls.base('api')}{path}.json"
        return request.urls.base(self._api.product) + path

    def _link_map(self, values: dict[str, str], request: Request) -> dict[str, str | None]:
        links = {}
        own = values.get("Sid")
        for name, address, child in self._link_addresses:
            filled = {**values, child: own} if child and own is not None else values
            links[name] = self._address(address, filled, request)
        return links

    def _own_in_link(self, link: Address) -> str:
        """The child's name (`DocumentSid`) for this record's id in a link below it, or ''."""
        own = self._own
        above = own.template[: own.template.rfind("{")]
        is_below = own.params and len(link.params) >= len(own.params) and link.template.startswith(above)
        return link.params[len(own.params) - 1] if is_below else ""
