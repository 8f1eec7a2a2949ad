"""Parameters of requests: which are seen, what is missing, and what is refused, on real operations."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest

from localloop import contract
from localloop.contract import Operation, Param
from localloop.core import errors
from localloop.core.errors import ApiError
from localloop.rest.decode import Decoder

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MULTIPART = "multipart/form-data; boundary=XX"


def operation(operation_id: str) -> Operation:
    return contract.load().operation(operation_id)[3]


def made(*params: Param, method: str = "POST", body: str = "form") -> Operation:
    return Operation(id="made.Create", method=method, verb="create", params=params, body=body)  # type: ignore[arg-type]


def refusal(decoder: Decoder, query: bytes = b"", content_type: str = FORM, body: bytes = b"") -> ApiError:
    with pytest.raises(ApiError) as refused:
        decoder(query, content_type, body)
    return refused.value


@pytest.fixture(scope="module")
def create_message() -> Decoder:
    return Decoder(operation("api.v2010.CreateMessage"))


MESSAGE = {"To": "+15558675310", "From": "+15017122661", "Body": "50 % + 1 = ü 👋\nnext"}


def test_reads_a_form(create_message: Decoder) -> None:
    sent = {
        **MESSAGE,
        "ValidityPeriod": "600",
        "SmartEncoded": "True",
        "MaxPrice": "0.05",
        "StatusCallback": "https://example.com/status?id=1#rc=2",
    }

    params = create_message(b"", FORM, urlencode(sent).encode())

    assert params == {
        **MESSAGE,
        "ValidityPeriod": 600,
        "SmartEncoded": True,
        "MaxPrice": 0.05,
        "StatusCallback": "https://example.com/status?id=1#rc=2",
    }


def test_ignores_what_is_not_declared_and_names_in_another_case(create_message: Decoder) -> None:
    params = create_message(b"", FORM, urlencode({**MESSAGE, "body": "x", "Nonsense": "y"}).encode())

    assert params == MESSAGE


def test_a_repeated_key_is_an_array(create_message: Decoder) -> None:
    urls = [("MediaUrl", "https://a.example/1"), ("MediaUrl", "https://a.example/2")]

    params = create_message(b"", FORM, urlencode([*MESSAGE.items(), *urls]).encode())

    assert params["MediaUrl"] == ["https://a.example/1", "https://a.example/2"]


def test_a_post_takes_its_parameters_from_the_query_too_and_the_body_wins(create_message: Decoder) -> None:
    params = create_message(urlencode({**MESSAGE, "Body": "old"}).encode(), FORM, b"Body=new")

    assert params == {**MESSAGE, "Body": "new"}


def test_a_form_without_a_content_type_and_with_a_charset_is_a_form(create_message: Decoder) -> None:
    body = urlencode(MESSAGE).encode()

    assert create_message(b"", "", body) == MESSAGE
    assert create_message(b"", "Application/X-WWW-Form-Urlencoded; charset=UTF-8", body) == MESSAGE


def test_json_to_a_form_operation_is_not_seen(create_message: Decoder) -> None:
    error = refusal(create_message, content_type=JSON, body=b'{"To": "+15558675310"}')

    assert (error.status, error.code) == (400, 20001)
    assert error.message == "Missing required parameter To in the post body"


def test_a_required_parameter_must_not_be_empty(create_message: Decoder) -> None:
    error = refusal(create_message, body=b"To=&From=%2B15017122661&Body=x")

    assert error.message == "Missing required parameter To in the post body"


def test_of_alternatives_one_must_be_there(create_message: Decoder) -> None:
    error = refusal(create_message, body=b"To=%2B15558675310&Body=x&MessagingServiceSid=")

    assert error.message == "Missing required parameter From in the post body"


def test_a_missing_query_parameter_is_named_as_one() -> None:
    error = refusal(Decoder(operation("iam.v1.ListGetKeys")))

    assert error.message == "Missing required parameter AccountSid in the query string"


def test_a_product_gives_errors_of_its_own() -> None:
    decoder = Decoder(
        operation("api.v2010.CreateMessage"),
        {
            "To": lambda _: errors.to_required(),
            "Body": lambda _: errors.body_required(),
            "StatusCallback": errors.invalid_status_callback,
        },
    )

    missing_to = refusal(decoder, body=b"Body=x")
    missing_content = refusal(decoder, body=b"To=%2B15558675310&From=%2B15017122661")
    bad_callback = refusal(decoder, body=urlencode({**MESSAGE, "StatusCallback": "not a url"}).encode())

    assert missing_to.code == 21604
    assert missing_content.code == 21602
    assert bad_callback.code == 21609
    assert "not a url" in bad_callback.message


def test_empty_text_clears_strings_and_is_nothing_to_numbers_and_booleans() -> None:
    decoder = Decoder(operation("api.v2010.UpdateIncomingPhoneNumber"))

    params = decoder(b"", FORM, b"SmsUrl=&FriendlyName=&VoiceCallerIdLookup=&SmsMethod=")

    assert params == {"SmsUrl": "", "FriendlyName": "", "SmsMethod": ""}


def test_an_empty_array_is_empty_and_an_empty_filter_filters_nothing() -> None:
    update = made(Param(name="Tags", location="body", type="array"))
    listing = Decoder(operation("api.v2010.ListMessage"))

    assert Decoder(update)(b"", FORM, b"Tags=") == {"Tags": []}
    assert listing(b"To=&DateSent=&PageToken=", "", b"") == {}


@pytest.mark.parametrize(
    "query",
    [
        b"DateSent>=2009-07-06",
        b"DateSent%3E=2009-07-06",
        b"DateSent%3e=2009-07-06",
        b"DateSent%3E%3D=2009-07-06",
        b"D%61teSent%3E=2009-07-06",
    ],
)
def test_inequalities_are_part_of_the_name(query: bytes) -> None:
    params = Decoder(operation("api.v2010.ListMessage"))(query, "", b"")

    assert {name: str(value) for name, value in params.items()} == {"DateSent>": "2009-07-06"}


def test_an_unescaped_plus_before_a_number_survives() -> None:
    params = Decoder(operation("api.v2010.ListMessage"))(
        b"To=+15558675310&From=whatsapp:+15017122661", "", b""
    )

    assert params == {"To": "+15558675310", "From": "whatsapp:+15017122661"}


def test_a_prefixed_map_unfolds() -> None:
    decoder = Decoder(operation("lookups.v1.FetchPhoneNumber"))

    params = decoder(
        b"AddOns=whitepages&AddOns.whitepages.a.b=1&AddOns.whitepages.c=x%20y&AddOnsX.z=1", "", b""
    )

    assert params == {"AddOns": ["whitepages"], "AddOnsData": {"whitepages": {"a": {"b": "1"}, "c": "x y"}}}


def test_a_prefixed_map_does_not_nest_without_end() -> None:
    decoder = Decoder(operation("lookups.v1.FetchPhoneNumber"))

    level = decoder(b"AddOns." + b"a." * 5000 + b"b=1", "", b"")["AddOnsData"]

    depth = 0
    while isinstance(level, dict):
        depth, level = depth + 1, next(iter(level.values()))
    assert depth < 20


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"Body=%zz", "The request contains an invalid percent-encoding."),
        (b"Body=50%", "The request contains an invalid percent-encoding."),
        (b"Body=%4", "The request contains an invalid percent-encoding."),
        (b"Body=a%\nb%41", "The request contains an invalid percent-encoding."),
        (b"B%zzody=x", "The request contains an invalid percent-encoding."),
        (b"Other=%%41", "The request contains an invalid percent-encoding."),
        (b"Body=%ff", "The request is not valid UTF-8."),
        (b"Body=\xff", "The request is not valid UTF-8."),
        (b"B\xffdy=x", "The request is not valid UTF-8."),
        (b"Body=%ed%a0%80", "The request is not valid UTF-8."),
        (b"Body=a%00b", "The request contains a NUL character."),
        (b"Body=a\0b", "The request contains a NUL character."),
    ],
)
def test_broken_bytes_are_refused(create_message: Decoder, body: bytes, message: str) -> None:
    in_body = refusal(create_message, body=body)
    in_query = refusal(create_message, query=body)

    assert (in_body.status, in_body.code, in_body.message) == (400, 20001, message)
    assert in_query.message == message


def test_any_text_survives_form_encoding(create_message: Decoder) -> None:
    for text in ("a=b&c", "=", "%41", "==3D", "\r\n\t ", "ÿþ€😀", "+", "a%0Ab", "=\n="):
        for escaped in (quote(text, safe=""), quote(text, safe="=\r\n\t"), quote(text).lower()):
            params = create_message(b"", FORM, urlencode(MESSAGE).encode() + b"&Body=" + escaped.encode())
            assert params["Body"] in (text, text.lower())


def test_a_wrong_value_names_its_parameter_and_the_reason(create_message: Decoder) -> None:
    error = refusal(create_message, body=urlencode({**MESSAGE, "ContentRetention": "Retain"}).encode())

    assert (error.status, error.code) == (400, 20001)
    assert error.message == "Invalid ContentRetention. It must be one of retain, discard."


def test_reads_multipart(create_message: Decoder) -> None:
    body = part("To", "+15558675310") + part("From", "+15017122661") + part("Body", "1\r\n2 ü")
    body += part("MediaUrl", "https://a.example/1") + part("MediaUrl", "https://a.example/2") + b"--XX--\r\n"

    params = create_message(b"", MULTIPART, body)

    assert params == {
        "To": "+15558675310",
        "From": "+15017122661",
        "Body": "1\r\n2 ü",
        "MediaUrl": ["https://a.example/1", "https://a.example/2"],
    }


def test_a_file_stays_bytes_where_the_contract_wants_bytes() -> None:
    decoder = Decoder(
        made(Param(name="Content", location="body", format="binary"), Param(name="Note", location="body"))
    )
    body = (
        part("Content", "\0ÿ", filename="a.bin") + part("Note", "text", filename="note.txt") + b"--XX--\r\n"
    )

    assert decoder(b"", MULTIPART, body) == {"Content": "\0ÿ".encode(), "Note": "text"}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (MULTIPART, b"garbage"),
        (MULTIPART, b'--XX\r\nContent-Disposition: form-data; name="To"\r\n\r\n+15558675310\r\n--X'),
        (MULTIPART, b"--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--\r\n"),
        ("multipart/form-data", b"--XX--\r\n"),
        (MULTIPART, b'--XX\r\nContent-Disposition: form-data; name="Body"\r\n\r\n\xff\r\n--XX--\r\n'),
        (MULTIPART, b'--XX\r\nContent-Disposition: form-data; name="Body"\r\n\r\na\0b\r\n--XX--\r\n'),
    ],
)
def test_broken_multipart_is_refused(create_message: Decoder, content_type: str, body: bytes) -> None:
    error = refusal(create_message, content_type=content_type, body=body)

    assert (error.status, error.code) == (400, 20001)
    assert not error.message.startswith("Missing")


def part(name: str, content: str, filename: str = "") -> bytes:
    file = f'; filename="{filename}"' if filename else ""
    return f'--XX\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{content}\r\n'.encode()
