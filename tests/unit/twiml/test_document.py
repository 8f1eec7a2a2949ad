"""Only well-formed, bounded documents without a DTD become elements; everything else is a Debugger code."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localloop.twiml.document import MAX_BYTES, MAX_DEPTH, Content, Element, TwimlError, parse, read

XML = "text/xml"
REFUSALS = (11750, 12100, 12101, 12102, 12300)
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b"<Response><Message>&b;&b;</Message></Response>"
)


def _read_or_code(body: bytes, content_type: str | None) -> Content | int:
    try:
        return read(body, content_type)
    except TwimlError as error:
        return error.code


def _code(body: bytes, content_type: str | None = XML) -> int:
    with pytest.raises(TwimlError) as caught:
        read(body, content_type)
    return caught.value.code


def test_keeps_order_text_attributes_and_lines() -> None:
    root = parse(b'<Response>\n<Message to="+1" from="a&amp;b">one<Body>two</Body>three</Message></Response>')
    assert root == Element(
        "Response",
        {},
        (
            "\n",
            Element(
                "Message",
                {"to": "+1", "from": "a&b"},
                ("one", Element("Body", {}, ("two",), line=2), "three"),
                line=2,
            ),
        ),
        line=1,
    )
    message = next(root.elements())
    assert message.text == "onethree"
    assert [child.name for child in message.elements()] == ["Body"]


def test_text_is_whole_despite_entities_comments_and_cdata() -> None:
    root = parse(b"<Response><Body>a &lt; b<!-- no -->&#8364;<![CDATA[ <c> ]]></Body></Response>")
    assert next(root.elements()).text == "a < b€ <c> "


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<Response>", 12100),
        (b"<Response></response>", 12100),
        (b"<Response></Response><Response/>", 12100),
        (b"<Response>&nbsp;</Response>", 12100),
        (b'<Response a="1" a="2"/>', 12100),
        (b"<Response>\xff</Response>", 12100),
        (b"<Response>\x00</Response>", 12100),
        (b'\n<?xml version="1.0"?><Response/>', 12100),
        (b"Hello", 12100),
        (b"<html><body>It works!</body></html>", 12102),
        (b"<response/>", 12102),
        (b'<?xml version="1.1"?><Response/>', 12101),
        (b'<?xml version="1.0" encoding="klingon"?><Response/>', 12100),
        (BOMB, 12100),
        (b'<!DOCTYPE Response SYSTEM "file:///etc/passwd"><Response/>', 12100),
        (b"<!DOCTYPE html><Response/>", 12100),
    ],
)
def test_refused_documents(body: bytes, code: int) -> None:
    assert _code(body) == code


def test_a_refusal_says_where() -> None:
    with pytest.raises(
        TwimlError, match=r"12100 Document parse failure: mismatched tag \(line 2, column 3\)"
    ):
        read(b"<Response>\n</Respons>", XML)


def test_size_is_bounded() -> None:
    frame = len(b"<Response></Response>")
    assert parse(b"<Response>" + b"a" * (MAX_BYTES - frame) + b"</Response>").text.startswith("a")
    assert _code(b"<Response>" + b"a" * (MAX_BYTES - frame + 1) + b"</Response>") == 11750
    assert _code(b"a" * (MAX_BYTES + 1), "text/plain") == 11750


def test_depth_is_bounded() -> None:
    inner = MAX_DEPTH - 1
    parse(b"<Response>" + b"<a>" * inner + b"</a>" * inner + b"</Response>")
    assert _code(b"<Response>" + b"<a>" * (inner + 1) + b"</a>" * (inner + 1) + b"</Response>") == 12100


@pytest.mark.parametrize(
    "content_type", ["text/xml", "application/xml", "text/html", "Text/XML; Charset=UTF-8", "text/plain"]
)
def test_types_that_are_twiml(content_type: str) -> None:
    assert isinstance(read(b"<Response/>", content_type), Element)


@pytest.mark.parametrize(
    "content_type", [None, "", "application/json", "image/png", "text/xmlx", "audio/mpeg"]
)
def test_other_types_are_refused(content_type: str | None) -> None:
    assert _code(b"<Response/>", content_type) == 12300


@pytest.mark.parametrize("body", [b"", b" \r\n\t"])
@pytest.mark.parametrize("content_type", [XML, "application/json", None])
def test_nothing_is_nothing_whatever_its_type(body: bytes, content_type: str | None) -> None:
    assert read(body, content_type) is None


def test_a_document_cannot_be_nothing() -> None:
    with pytest.raises(TwimlError, match="11770"):
        parse(b"  ")


def test_plain_text_is_text() -> None:
    assert read("Grüße\n".encode(), "text/plain") == "Grüße\n"
    assert read("Grüße".encode("latin-1"), "text/plain; charset=iso-8859-1") == "Grüße"
    assert read(b"<Response>", "text/plain") == "<Response>"
    assert read(b"a\x00\xff", "text/plain") == "a\ufffd"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<Response>é</Response>".encode(), XML),
        ("\ufeff<Response>é</Response>".encode(), XML),
        ("\ufeff<Response>é</Response>".encode(), "text/xml; charset=utf-8"),
        ("<Response>é</Response>".encode("latin-1"), 'text/xml; charset="ISO-8859-1"'),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><Response>é</Response>'.encode("latin-1"), XML),
        ('<?xml version="1.0" encoding="UTF-16"?><Response>é</Response>'.encode("utf-16"), XML),
        # the transport knows better than the document (RFC 7303 §3.2)
        (
            '<?xml version="1.0" encoding="ISO-8859-1"?><Response>é</Response>'.encode(),
            "text/xml; charset=utf-8",
        ),
        ("<Response>é</Response>".encode(), "text/xml; charset=klingon"),
        ("<Response>é</Response>".encode(), "text/xml; charset=rot13"),
        # UTF-7 hides markup from whoever looks at the bytes
        ("<Response>é</Response>".encode(), "text/xml; charset=utf-7"),
    ],
)
def test_encodings(body: bytes, content_type: str) -> None:
    content = read(body, content_type)
    assert isinstance(content, Element)
    assert content.text == "é"


def test_a_body_that_breaks_its_charset_is_refused() -> None:
    assert _code(b"<Response>\xe9</Response>", "text/xml; charset=utf-8") == 12100


@settings(derandomize=True, database=None, max_examples=400, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([XML, "text/plain", "text/html;charset=utf-16", "x", None]))
def test_any_bytes_are_read_or_refused(body: bytes, content_type: str | None) -> None:
    found = _read_or_code(body, content_type)
    assert found is None or isinstance(found, str | Element) or found in REFUSALS


_MARKUP = st.lists(
    st.sampled_from(
        [
            "<Response>",
            "</Response>",
            "<Message>",
            "</Message>",
            "<?xml version='1.0'?>",
            "<!DOCTYPE a>",
            "<![CDATA[",
            "]]>",
            "&amp;",
            "&#0;",
            "&x;",
            "<!--",
            "-->",
            "a",
            " ",
            "é",
            "<a b='c'/>",
            "<?pi?>",
            "\x00",
            "<a:b/>",
        ]
    ),
    max_size=12,
).map("".join)


@settings(derandomize=True, database=None, max_examples=600, deadline=None)
@given(_MARKUP)
def test_any_markup_is_read_or_refused(markup: str) -> None:
    found = _read_or_code(markup.encode(), XML)
    assert found is None or found in REFUSALS or (isinstance(found, Element) and found.name == "Response")
