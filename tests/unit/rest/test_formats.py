"""XML and CSV answers of the 2010 API, and errors in each format, checked with parsers that are not ours."""

from __future__ import annotations

import csv
import io
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest

from localloop import contract
from localloop.core import errors
from localloop.core.errors import ApiError
from localloop.rest import formats

ACCOUNT = "/2010-04-01/Accounts/AC1"
MESSAGE: dict[str, Any] = {
    "body": 'a < b & "c" > d',
    "date_sent": None,
    "num_segments": "1",
    "error_code": 30003,
    "to": "+15558675310",
    "is_test": False,
    "sid": "SM1",
    "subresource_uris": {"media": f"{ACCOUNT}/Messages/SM1/Media.json"},
    "uri": f"{ACCOUNT}/Messages/SM1.json",
}
LISTING: dict[str, Any] = {
    "first_page_uri": f"{ACCOUNT}/Messages.xml?To=%2B1&PageSize=2&Page=0",
    "next_page_uri": f"{ACCOUNT}/Messages.xml?PageSize=2&Page=1&PageToken=PASM1",
    "previous_page_uri": None,
    "page": 0,
    "page_size": 2,
    "uri": f"{ACCOUNT}/Messages.xml?PageSize=2&Page=0",
    "start": 0,
    "end": 1,
    "messages": [MESSAGE, MESSAGE | {"sid": "SM2"}],
}


def xml(resource: str, operation_id: str, payload: dict[str, Any]) -> ElementTree.Element:
    operation = contract.load().operation(operation_id)[3]
    body, content_type = formats.represent("", resource, operation, payload)
    assert content_type == "application/xml"
    assert body.startswith(b"<?xml version='1.0' encoding='UTF-8'?><TwilioResponse>")
    return ElementTree.fromstring(body)


def test_a_record() -> None:
    document = xml("Message", "api.v2010.FetchMessage", MESSAGE)

    message = document.find("Message")
    assert message is not None
    assert [child.tag for child in message] == [
        "Body",
        "DateSent",
        "NumSegments",
        "ErrorCode",
        "To",
        "IsTest",
        "Sid",
        "SubresourceUris",
        "Uri",
    ]
    assert message.findtext("Body") == 'a < b & "c" > d'
    assert message.find("DateSent").text is None  # type: ignore[union-attr]
    assert message.findtext("ErrorCode") == "30003"
    assert message.findtext("IsTest") == "false"
    assert message.findtext("SubresourceUris/Media") == f"{ACCOUNT}/Messages/SM1/Media"
    assert message.findtext("Uri") == f"{ACCOUNT}/Messages/SM1"


def test_null_is_an_empty_element() -> None:
    assert formats.to_xml("Message", None, {"date_sent": None}).endswith(
        b"<TwilioResponse><Message><DateSent/></Message></TwilioResponse>"
    )


def test_a_page_has_attributes() -> None:
    messages = xml("Message", "api.v2010.ListMessage", LISTING).find("Messages")

    assert messages is not None
    assert messages.attrib == {
        "page": "0",
        "pagesize": "2",
        "uri": f"{ACCOUNT}/Messages?PageSize=2&Page=0",
        "firstpageuri": f"{ACCOUNT}/Messages?To=%2B1&PageSize=2&Page=0",
        "nextpageuri": f"{ACCOUNT}/Messages?PageSize=2&Page=1&PageToken=PASM1",
        "previouspageuri": "",
        "start": "0",
        "end": "1",
    }
    assert [child.findtext("Sid") for child in messages.findall("Message")] == ["SM1", "SM2"]


def test_every_list_of_the_2010_api_has_names_that_xml_allows() -> None:
    seen = set()
    for api, resource, _, operation in contract.load().operations():
        if api.style == "2010" and operation.verb == "list" and operation.list_key:
            row = {field.name: field.name for field in operation.fields}
            document = xml(resource.name, operation.id, {operation.list_key: [row]})
            assert [len(item) for item in document[0]] == [len(operation.fields)]
            seen.add((document[0].tag, document[0][0].tag))

    assert {
        ("AvailablePhoneNumbers", "AvailablePhoneNumber"),
        ("Countries", "Country"),
        ("IncomingPhoneNumbers", "IncomingPhoneNumber"),
        ("UsageRecords", "UsageRecord"),
        ("Domains", "Domain"),
        ("CredentialLists", "CredentialList"),
        ("IpAddresses", "IpAddress"),
        ("MediaList", "Media"),
        ("QueueMembers", "QueueMember"),
        ("Addresses", "Address"),
    } <= seen


def test_nested_values() -> None:
    number = {
        "capabilities": {"voice": True, "SMS": False},
        "permissions": ["get-all", "post-all"],
        "none": [],
    }

    document = xml("IncomingPhoneNumber", "api.v2010.FetchIncomingPhoneNumber", number)[0]

    assert document.findtext("Capabilities/Voice") == "true"
    assert document.findtext("Capabilities/SMS") == "false"
    assert [child.text for child in document.findall("Permissions/Permission")] == ["get-all", "post-all"]
    assert len(document.find("None")) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("bell \x07, nothing \x00, \ufffe", "bell \ufffd, nothing \ufffd, \ufffd"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        ("tab\t line\n return\r", "tab\t line\n return\r"),
        ("]]> <!-- &amp; 👋 ü", "]]> <!-- &amp; 👋 ü"),
    ],
)
def test_any_text_gives_a_document(text: str, read: str) -> None:
    assert xml("Message", "api.v2010.FetchMessage", {"body": text}).findtext("Message/Body") == read


def test_any_key_gives_an_element() -> None:
    document = xml("Message", "api.v2010.FetchMessage", {"data": {"1 <x>": 1, "": 2, "-a": 3, "ü": 4}})

    assert [child.text for child in document[0][0]] == ["1", "2", "3", "4"]


def rows(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode(), newline="")))


def test_csv_has_a_header_and_a_row_per_record() -> None:
    operation = contract.load().operation("api.v2010.ListMessage")[3]

    body, content_type = formats.represent(".csv", "Message", operation, LISTING)

    assert content_type == "text/csv"
    header, first, second = rows(body)
    assert header == ["Body", "DateSent", "NumSegments", "ErrorCode", "To", "IsTest", "Sid", "Uri"]
    assert first == [
        'a < b & "c" > d',
        "",
        "1",
        "30003",
        "+15558675310",
        "false",
        "SM1",
        f"{ACCOUNT}/Messages/SM1",
    ]
    assert second[6] == "SM2"


def test_csv_of_nothing_has_its_header_and_csv_of_one_its_row() -> None:
    listing = contract.load().operation("api.v2010.ListMessage")[3]
    fetching = contract.load().operation("api.v2010.FetchMessage")[3]

    empty = rows(formats.to_csv(listing, {"messages": []}))
    one = rows(formats.to_csv(fetching, {"sid": "SM1", "body": "a,\nb", "data": {"x": 1}}))

    assert len(empty) == 1
    assert {"Sid", "DateCreated", "NumSegments"} <= set(empty[0])
    assert one == [["Sid", "Body", "Data"], ["SM1", "a,\nb", '{"x":1}']]


def test_errors_as_xml() -> None:
    body, content_type = formats.error("", ApiError(400, 21612, 'The <To> & "From"'))

    assert content_type == "application/xml"
    exception = ElementTree.fromstring(body).find("RestException")
    assert exception is not None
    assert [child.tag for child in exception] == ["Code", "Message", "MoreInfo", "Status"]
    assert exception.findtext("Code") == "21612"
    assert exception.findtext("Message") == 'The <To> & "From"'
    assert exception.findtext("MoreInfo") == "https://www.twilio.com/docs/errors/21612"
    assert exception.findtext("Status") == "400"


def test_errors_as_xml_to_the_letter() -> None:
    # As seen on Twilio's wire for 21612.
    body, _ = formats.error(".xml", ApiError(400, 21612, "m"))

    assert body == (
        b"<?xml version='1.0' encoding='UTF-8'?><TwilioResponse><RestException><Code>21612</Code>"
        b"<Message>m</Message><MoreInfo>https://www.twilio.com/docs/errors/21612</MoreInfo>"
        b"<Status>400</Status></RestException></TwilioResponse>"
    )


def test_errors_as_json_have_their_keys_in_alphabetical_order() -> None:
    body, content_type = formats.error(".json", errors.not_found("/v1/Services/IS1"))
    detailed = orjson.loads(formats.error_json(ApiError(400, 20001, "m", {"b": 1})))

    assert content_type == "application/json"
    assert body == (
        b'{"code":20404,"message":"The requested resource /Services/IS1 was not found",'
        b'"more_info":"https://www.twilio.com/docs/errors/20404","status":404}'
    )
    assert list(detailed) == ["code", "details", "message", "more_info", "status"]


def test_errors_as_csv() -> None:
    body, content_type = formats.error(".csv", ApiError(404, 20404, "a, b"))

    assert content_type == "text/csv"
    assert rows(body) == [
        ["Code", "Message", "MoreInfo", "Status"],
        ["20404", "a, b", "https://www.twilio.com/docs/errors/20404", "404"],
    ]
