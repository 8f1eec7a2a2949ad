"""What messaging documents ask for, and what their mistakes are called."""

from __future__ import annotations

from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localloop.core.errors import catalogue
from localloop.twiml.document import TwimlError, parse, read
from localloop.twiml.messaging import MAX_MESSAGES, Message, Redirect, Script, run

BASE = "https://example.com/sms/inbound?x=1"


def _run(inside: str, **options: str) -> Script:
    return run(parse(f"<Response>{inside}</Response>".encode()), BASE, **options)


def _codes(script: Script) -> list[int]:
    return [notice.code for notice in script.notices]


def test_the_quickstart() -> None:
    assert _run("<Message>The Robots are coming! Head for the hills!</Message>") == Script(
        (Message("The Robots are coming! Head for the hills!"),)
    )


def test_body_and_media_nouns() -> None:
    script = _run(
        """
        <Message>
            <Body>Hello <![CDATA[<b>]]>  there
you</Body>
            <Media>https://demo.twilio.com/owl.png</Media>
            <Media> ../pictures/cat.png </Media>
        </Message>"""
    )
    assert script.notices == ()
    assert script.commands == (
        Message(
            "Hello <b>  there\nyou",
            ("https://demo.twilio.com/owl.png", "https://example.com/pictures/cat.png"),
        ),
    )


@pytest.mark.parametrize(
    ("inside", "body"),
    [
        ("<Message>\n   one\n   two  \n</Message>", "one\n   two"),
        ("<Message>text<Media>https://a.test/b.png</Media></Message>", "text"),
        ("<Message>\n<Media>https://a.test/b.png</Media>\n</Message>", ""),
        ("<Message><Body>\n  padded\n</Body></Message>", "padded"),
        ("<Message>a&amp;b &#128540;</Message>", "a&b 😜"),
    ],
)
def test_layout_is_no_part_of_the_body(inside: str, body: str) -> None:
    script = _run(inside)
    assert [message.body for message in script.messages] == [body]
    assert script.notices == ()


def test_all_attributes() -> None:
    script = _run(
        '<Message to="(415) 555-0123" from="MyBrand" action="/sent" method="get" statusCallback="status#rc=2">'
        "x</Message>"
    )
    assert script == Script(
        (
            Message(
                "x",
                to="+14155550123",
                from_="MyBrand",
                action="https://example.com/sent",
                status_callback="https://example.com/sms/status#rc=2",
                method="GET",
            ),
        )
    )


def test_numbers_without_plus_belong_to_the_country_of_the_number() -> None:
    script = _run('<Message to="07400 123456">x</Message>', default_country="GB")
    assert script.messages[0].to == "+447400123456"


def test_empty_attributes_are_not_given() -> None:
    assert _run('<Message to="" from="" action="" statusCallback="">x</Message>') == Script((Message("x"),))


def test_order_is_kept_and_nothing_follows_a_redirect() -> None:
    script = _run(
        "<Message>1</Message><Sms>2</Sms><Redirect method='GET'>next?a=1</Redirect><Message>3</Message>"
    )
    assert script.commands == (
        Message("1"),
        Message("2", legacy=True),
        Redirect("https://example.com/sms/next?a=1", "GET"),
    )
    assert script.redirect == script.commands[-1]
    assert len(script.messages) == 2


def test_an_empty_redirect_asks_again() -> None:
    assert _run("<Redirect/>").redirect == Redirect(BASE)


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_nothing_asks_for_nothing(content: str | None) -> None:
    assert run(content, BASE) == Script()


def test_an_empty_response_asks_for_nothing() -> None:
    assert _run(" <!-- quiet --> ") == Script()


def test_plain_text_is_the_reply() -> None:
    assert run(read(b"  Thanks!\n", "text/plain"), BASE) == Script((Message("Thanks!"),))


@pytest.mark.parametrize(
    ("inside", "codes"),
    [
        ('<Message to="nobody">x</Message>', [14101]),
        ('<Message to="+1415">x</Message>', [14101]),
        ('<Message from="Far too long a name">x</Message>', [14102]),
        ("<Message/>", [14103]),
        ("<Message><Body>  </Body></Message>", [14103]),
        ("<Sms> </Sms>", [14103]),
        (f"<Message>{'a' * 1601}</Message>", [14103]),
        ("<Say>Hello</Say>", [14110]),
        ("<Dial>+14155550123</Dial>", [14110]),
        ("<message>x</message>", [12200]),
        ("<Foo/>", [12200]),
        ("loose text", [12200]),
        ("<Redirect>ftp://example.com/</Redirect>", [11100]),
        ("<Redirect>http://a b/</Redirect>", [11100]),
    ],
)
def test_mistakes_that_leave_the_verb_out(inside: str, codes: list[int]) -> None:
    script = _run(inside + "<Message>still here</Message>")
    assert _codes(script) == codes
    assert script.commands == (Message("still here"),)


@pytest.mark.parametrize(
    ("inside", "codes", "message"),
    [
        ('<Message method="PATCH">x</Message>', [14104], Message("x")),
        ('<Message statusCallback="ftp://h/">x</Message>', [14105], Message("x")),
        ('<Message action="http://">x</Message>', [11100], Message("x")),
        ('<Message action="http://h:99999/">x</Message>', [11100], Message("x")),
        ('<Message To="+14155550123">x</Message>', [12200], Message("x")),
        ("<Message>x<Bold>y</Bold></Message>", [12200], Message("x")),
        ("<Message>x<Body>y</Body></Message>", [12200], Message("y")),
        ("<Message><Body>1</Body><Body>2</Body></Message>", [12200], Message("1")),
        ("<Message><Body>1<i>2</i></Body></Message>", [12200], Message("1")),
        ("<Message>x<Media>file:///etc/passwd</Media></Message>", [11100], Message("x")),
        ("<Message>x<Media/></Message>", [11100], Message("x")),
        ("<Sms>x<Media>https://a.test/</Media></Sms>", [12200], Message("x", legacy=True)),
    ],
)
def test_mistakes_that_take_the_default(inside: str, codes: list[int], message: Message) -> None:
    script = _run(inside)
    assert _codes(script) == codes
    assert script.commands == (message,)


def test_a_redirect_with_a_bad_method_is_posted() -> None:
    script = _run('<Redirect method="PUT">https://a.test/</Redirect>')
    assert (_codes(script), script.redirect) == ([14104], Redirect("https://a.test/"))


def test_namespace_machinery_is_no_mistake() -> None:
    root = parse(b'<Response xmlns:x="http://x.test/" x:schema="y"><Message>x</Message></Response>')
    assert run(root, BASE) == Script((Message("x"),))


def test_ten_messages_and_no_more() -> None:
    script = _run("<Message>x</Message>" * 12 + "<Redirect>/next</Redirect>")
    assert len(script.messages) == MAX_MESSAGES
    assert _codes(script) == [14109]
    assert script.redirect == Redirect("https://example.com/next")


def test_ten_media_and_no_more() -> None:
    script = _run("<Message>" + "<Media>https://a.test/b.png</Media>" * 11 + "</Message>")
    assert len(script.messages[0].media) == 10
    assert _codes(script) == [21623]


def test_a_relative_url_needs_something_to_be_relative_to() -> None:
    script = run(parse(b"<Response><Message statusCallback='/s'>x</Message></Response>"))
    assert (_codes(script), script.messages[0].status_callback) == ([14105], None)


def test_a_notice_says_where() -> None:
    notice = run(parse(b"<Response>\n\n<Say>x</Say></Response>"), BASE).notices[0]
    assert notice.line == 3
    assert str(notice) == "14110 Invalid Verb for SMS Reply: <Say> is a verb for calls"


def test_a_document_wrong_throughout_has_bounded_notices() -> None:
    assert len(_run("<Foo/>" * 5_000).notices) == 100


_NAMES = st.sampled_from(["Message", "Sms", "Redirect", "Body", "Media", "Say", "x"])
_TEXTS = st.one_of(
    st.text(max_size=20), st.sampled_from(["https://a.test/", "//[", "http://h:x/", "+14155550123"])
)
_ATTRIBUTES = st.dictionaries(
    st.sampled_from(["to", "from", "action", "method", "statusCallback", "other"]), _TEXTS, max_size=3
)


def _xml(name: str, attributes: dict[str, str], inside: str) -> str:
    pairs = "".join(f' {key}="{escape(value, {chr(34): "&quot;"})}"' for key, value in attributes.items())
    return f"<{name}{pairs}>{inside}</{name}>"


_TREES = st.recursive(
    _TEXTS.map(escape),
    lambda inner: st.builds(_xml, _NAMES, _ATTRIBUTES, st.lists(inner, max_size=4).map("".join)),
    max_leaves=15,
)


@settings(derandomize=True, database=None, max_examples=500, deadline=None)
@given(_TREES, st.sampled_from([BASE, "", "https://a.test"]))
def test_any_document_gives_bounded_commands_and_known_codes(inside: str, base: str) -> None:
    try:
        root = parse(f"<Response>{inside}</Response>".encode(errors="replace"))
    except TwimlError:
        return
    script = run(root, base)
    assert len(script.messages) <= MAX_MESSAGES
    assert all(notice.code in catalogue() for notice in script.notices)
    assert all(message.body or message.media for message in script.messages)
    assert all(len(message.body) <= 1600 for message in script.messages)
    redirects = [index for index, command in enumerate(script.commands) if isinstance(command, Redirect)]
    assert redirects in ([], [len(script.commands) - 1])
