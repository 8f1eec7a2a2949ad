"""The 2010 API's other formats, made from the payload that JSON would show, and errors in every format.

XML is what the 2010 API answers without a suffix: `<TwilioResponse>` around the record, CamelCase names, a list's
pages as attributes, no `.json` in addresses, null as an empty element.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

from localloop.contract.model import Operation
from localloop.core.errors import ApiError

JSON_TYPE: Final = "application/json"
XML_TYPE: Final = "application/xml"
CSV_TYPE: Final = "text/csv"
LINKS: Final = "subresource_uris"
_HEAD: Final = "<?xml version='1.0' encoding='UTF-8'?><TwilioResponse>"
_TAIL: Final = "</TwilioResponse>"
_SUFFIX: Final = re.compile(r"\.(?:json|xml|csv)(?=\?|$)")
# Everything outside the production Char of XML 1.0 §2.2, which no escape can carry.
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]")
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
_ESCAPED: Final = re.compile(r'[&<>"\r]')
_ATTRIBUTES: Final = (
    "page",
    "page_size",
    "uri",
    "first_page_uri",
    "next_page_uri",
    "previous_page_uri",
    "start",
    "end",
)
# Elements that are not called as their resource is in the contract.
_ELEMENTS: Final = {
    "AvailablePhoneNumberCountry": "Country",
    "CallEvent": "Event",
    "IncomingPhoneNumberAssignedAddOn": "AssignedAddOn",
    "IncomingPhoneNumberAssignedAddOnExtension": "Extension",
    "Member": "QueueMember",
    "RecordingAddOnResult": "AddOnResult",
    "RecordingAddOnResultPayload": "Payload",
    "RecordingAddOnResultPayloadData": "Data",
}
_ELEMENT_PREFIXES: Final = ("AvailablePhoneNumber", "IncomingPhoneNumber", "UsageRecord")
_DROPPED_PREFIX: Final = re.compile(r"^Sip(?:Auth(?:Calls|Registrations))?(?=[A-Z])")


def represent(
    suffix: str, resource_name: str, operation: Operation, payload: Mapping[str, Any]
) -> tuple[bytes, str]:
    """The body and content type of a 2010 answer with this suffix ("" is XML)."""
    if suffix == ".json":
        return orjson.dumps(payload), JSON_TYPE
    if suffix == ".csv":
        return to_csv(operation, payload), CSV_TYPE
    list_key = operation.list_key if operation.verb == "list" else None
    return to_xml(resource_name, list_key, payload), XML_TYPE


def error(suffix: str, refusal: ApiError) -> tuple[bytes, str]:
    """The body and content type of an error; suffix as in `represent`."""
    if suffix == ".json":
        return error_json(refusal), JSON_TYPE
    fields = {
        "Code": refusal.code,
        "Message": refusal.message,
        "MoreInfo": refusal.more_info,
        "Status": refusal.status,
    }
    if suffix == ".csv":
        return _csv(fields, [fields.values()]), CSV_TYPE
    children = "".join(f"<{name}>{escaped(str(value))}</{name}>" for name, value in fields.items())
    return f"{_HEAD}<RestException>{children}</RestException>{_TAIL}".encode(), XML_TYPE


def error_json(refusal: ApiError) -> bytes:
    """Keys in the alphabetical order that Twilio's errors have on the wire."""
    document: dict[str, Any] = {"code": refusal.code}
    if refusal.details is not None:
        document["details"] = refusal.details
    document["message"] = refusal.message
    document["more_info"] = refusal.more_info
    document["status"] = refusal.status
    return orjson.dumps(document)


# XML -------------------------------------------------------------------------------------------------------


def to_xml(resource_name: str, list_key: str | None, payload: Mapping[str, Any]) -> bytes:
    """One record, or, with `list_key`, a page of records."""
    element = element_of(resource_name)
    if list_key is None:
        inner = _element(element, payload)
    else:
        container = camel(list_key)
        attributes = "".join(
            f' {name.replace("_", "")}="{escaped(_address_of(payload[name]))}"'
            for name in _ATTRIBUTES
            if name in payload
        )
        rows = "".join(_element(element, row) for row in payload[list_key])
        inner = f"<{container}{attributes}>{rows}</{container}>"
    return f"{_HEAD}{inner}{_TAIL}".encode()


@lru_cache(maxsize=512)
def element_of(resource_name: str) -> str:
    """`Message`; `UsageRecord` of `UsageRecordDaily`; `Domain` of `SipDomain`."""
    if resource_name in _ELEMENTS:
        return _ELEMENTS[resource_name]
    for prefix in _ELEMENT_PREFIXES:
        if resource_name.startswith(prefix):
            return prefix
    return _DROPPED_PREFIX.sub("", resource_name)


@lru_cache(maxsize=4096)
def camel(name: str) -> str:
    """`date_created` → `DateCreated`, as an element may be called."""
    joined = "".join(part[:1].upper() + part[1:] for part in _NOT_NAME.sub("_", name).split("_"))
    return joined if joined[:1].isalpha() else f"_{joined}"


def escaped(text: str) -> str:
    """Text for an element or an attribute; U+FFFD stands in for what XML 1.0 cannot say."""
    text = _NOT_XML.sub("\ufffd", text)
    return _ESCAPED.sub(lambda found: _ESCAPES[found.group()], text)


def _element(tag: str, value: Any) -> str:
    if value is None or value in ("", {}, []):
        return f"<{tag}/>"
    return f"<{tag}>{_content(tag, value)}</{tag}>"


def _content(tag: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(_member(tag, name, member) for name, member in value.items())
    if isinstance(value, list):
        return "".join(_element(_singular(tag), member) for member in value)
    return escaped(_text(value))


def _member(parent: str, name: str, value: Any) -> str:
    if name == "uri" or name.endswith("_uri") or parent == "SubresourceUris":
        value = _address_of(value)
    return _element(camel(name), value)


def _address_of(value: Any) -> str:
    """Addresses stay in the format that they were found in: no suffix is XML."""
    return _SUFFIX.sub("", _text(value), count=1)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _singular(plural: str) -> str:
    if plural.endswith("ies"):
        return f"{plural[:-3]}y"
    return plural[:-1] if plural.endswith("s") else "Item"


# CSV -------------------------------------------------------------------------------------------------------


def to_csv(operation: Operation, payload: Mapping[str, Any]) -> bytes:
    """A header of CamelCase names and a row per record, without the addresses of subresources."""
    rows = payload[operation.list_key] if operation.verb == "list" and operation.list_key else [payload]
    names = list(rows[0]) if rows else [field.name for field in operation.fields]
    names = [name for name in names if name != LINKS]
    return _csv(map(camel, names), ([_cell(name, row.get(name)) for name in names] for row in rows))


def _csv(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(header)
    writer.writerows(rows)
    return sheet.getvalue().encode(errors="replace")


def _cell(name: str, value: Any) -> str:
    if isinstance(value, (Mapping, list)):
        return orjson.dumps(value).decode()
    return _address_of(value) if name == "uri" else _text(value)
