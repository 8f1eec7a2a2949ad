"""A hundred documents that are wrong, hostile or huge: each has its code, the fallback is asked, nothing hangs."""

from __future__ import annotations

import gc

import pytest

from localloop.core.errors import catalogue
from localloop.twiml.document import MAX_BYTES
from localloop.twiml.interpreter import commands
from localloop.twiml.voice import grammar
from tests.support.interpreted import BASE, Talk
from tests.support.world_of_a_call import play_out

FALLBACK = f"{BASE}fallback"


def inside(text: str) -> bytes:
    return f"<Response>{text}</Response>".encode()


def noun(text: str) -> bytes:
    return inside(f"<Dial>{text}</Dial>")


NOT_TWIML: dict[str, tuple[bytes, str, int]] = {
    "nothing": (b"", "text/xml", 11770),
    "blanks": (b" \n\t ", "text/xml", 11770),
    "json": (b'{"say": "hello"}', "application/json", 12300),
    "an image": (b"\x89PNG\r\n", "image/png", 12300),
    "no type": (b"<Response/>", "", 12300),
    "json as xml": (b'{"say": "hello"}', "text/xml", 12100),
    "a web page": (b"<html><body>It works!</body></html>", "text/html", 12102),
    "html that is no xml": (b"<!DOCTYPE html><html><br></html>", "text/html", 12100),
    "a trace": (b"Traceback (most recent call last):", "text/xml", 12100),
    "open": (b"<Response><Say>", "text/xml", 12100),
    "crossed": (b"<Response><Say></Response></Say>", "text/xml", 12100),
    "two roots": (b"<Response/><Response/>", "text/xml", 12100),
    "small root": (b"<response/>", "text/xml", 12102),
    "another root": (b"<TwiML/>", "text/xml", 12102),
    "a prefix": (b"<a:Response xmlns:a='b'/>", "text/xml", 12102),
    "version 1.1": (b'<?xml version="1.1"?><Response/>', "text/xml", 12101),
    "version 2": (b'<?xml version="2.0"?><Response/>', "text/xml", 12101),
    "no encoding": (b'<?xml version="1.0" encoding="klingon"?><Response/>', "text/xml", 12100),
    "late declaration": (b' <?xml version="1.0"?><Response/>', "text/xml", 12100),
    "no utf-8": (b"<Response><Say>\xff\xfe</Say></Response>", "text/xml", 12100),
    "not the charset": (b"<Response><Say>\xe9</Say></Response>", "text/xml; charset=utf-8", 12100),
    "a control character": (b"<Response><Say>\x07</Say></Response>", "text/xml", 12100),
    "a NUL": (b"<Response>\x00</Response>", "text/xml", 12100),
    "an unknown entity": (inside("&nbsp;"), "text/xml", 12100),
    "a bare ampersand": (inside("<Say>you & me</Say>"), "text/xml", 12100),
    "an attribute twice": (inside("<Say loop='1' loop='2'>a</Say>"), "text/xml", 12100),
    "no quotes": (inside("<Say loop=1>a</Say>"), "text/xml", 12100),
    "a doctype": (b"<!DOCTYPE Response><Response/>", "text/xml", 12100),
    "a laugh": (
        b'<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><Response>&b;</Response>',
        "text/xml",
        12100,
    ),
    "a file": (b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><Response/>', "text/xml", 12100),
    "a foreign entity": (
        b'<!DOCTYPE r [<!ENTITY a SYSTEM "http://169.254.169.254/">]><Response>&a;</Response>',
        "text/xml",
        12100,
    ),
    "too large": (inside("a" * MAX_BYTES), "text/xml", 11750),
    "too large and plain": (b"a" * (MAX_BYTES + 1), "text/plain", 11750),
    "too deep": (inside("<a>" * 40 + "</a>" * 40), "text/xml", 12100),
    "far too deep": (inside("<a>" * 9000 + "</a>" * 9000), "text/xml", 12100),
    "utf-16 that ends": ("<Response/>".encode("utf-16")[:-1], "text/xml", 12100),
}
BROKEN: dict[str, tuple[bytes, int]] = {
    "play nothing real": (inside("<Play>javascript:alert(1)</Play>"), 11100),
    "play a file": (inside("<Play>file:///etc/passwd</Play>"), 11100),
    "redirect to data": (inside("<Redirect>data:text/xml,a</Redirect>"), 11100),
    "redirect with a newline": (inside("<Redirect>http://a\n.example/ b</Redirect>"), 11100),
    "redirect to a bad port": (inside("<Redirect>http://a.example:99999/</Redirect>"), 11100),
    "redirect to a bad address": (inside("<Redirect>http://[::1/</Redirect>"), 11100),
    "a very long url": (inside(f"<Gather action='/{'a' * 5000}'/>"), 11100),
    "gather": (inside("<Gather actionOnEmptyResult='1'/>"), 13338),
    "record events": (inside("<Record recordingStatusCallbackEvent='everything'/>"), 13621),
    "transcribe callback": (inside("<Record transcribeCallback='gopher://a'/>"), 13257),
    "recording track": (inside("<Dial recordingTrack='middle'>+12125550101</Dial>"), 13622),
    "conference and number": (noun("<Conference>a</Conference><Number>+12125550101</Number>"), 13000),
    "two conferences": (noun("<Conference>a</Conference><Conference>b</Conference>"), 13000),
    "conference end": (noun("<Conference endConferenceOnExit='maybe'>a</Conference>"), 13231),
    "conference trim": (noun("<Conference trim='all'>a</Conference>"), 13239),
    "conference coach": (noun("<Conference coach='CA1'>a</Conference>"), 13240),
    "conference label": (noun(f"<Conference participantLabel='{'a' * 129}'>a</Conference>"), 16023),
    "queue without a name": (noun("<Queue/>"), 14212),
    "queue with a long name": (noun(f"<Queue>{'q' * 65}</Queue>"), 14213),
    "queue whisper": (noun("<Queue url='mailto:a@b'>a</Queue>"), 14211),
    "queue method": (noun("<Queue method='DELETE'>a</Queue>"), 14210),
    "queue reservation": (noun("<Queue reservationSid='WR'/>"), 14215),
    "enqueue method": (inside("<Enqueue method='DELETE'>a</Enqueue>"), 14201),
    "enqueue wait": (inside("<Enqueue waitUrl='mailto:a@b'>a</Enqueue>"), 14202),
    "enqueue action": (inside("<Enqueue action='mailto:a@b'>a</Enqueue>"), 14203),
    "enqueue nowhere": (inside("<Enqueue/>"), 14204),
    "enqueue far": (inside(f"<Enqueue>{'q' * 65}</Enqueue>"), 14205),
    "enqueue wait method": (inside("<Enqueue waitUrlMethod='x'>a</Enqueue>"), 14206),
    "enqueue workflow": (inside("<Enqueue workflowSid='1'/>"), 14220),
    "enqueue task": (inside(f"<Enqueue workflowSid='WW{'0' * 32}'><Task>{{</Task></Enqueue>"), 14221),
    "deep task": (inside(f"<Enqueue workflowSid='WW{'0' * 32}'><Task>{'[' * 5000}</Task></Enqueue>"), 14221),
    "stream scheme": (inside("<Start><Stream url='ws://a'/></Start>"), 31922),
    "stream query": (inside("<Start><Stream url='wss://a?b'/></Start>"), 31923),
    "stream far away": (
        inside(f"<Start><Stream url='wss://{'a' * 60000} '/></Start>".replace(" '", " a'")),
        31923,
    ),
    "play far away": (inside(f"<Play>https://a.example/{'a' * 60000}</Play>"), 11100),
    "stream track": (inside("<Start><Stream url='wss://a' track='all'/></Start>"), 31941),
    "relay nowhere": (inside("<Connect><ConversationRelay/></Connect>"), 64102),
    "pay nothing": (inside("<Pay chargeAmount='-1'/>"), 64003),
    "pay nowhere": (inside("<Pay action='javascript:a'/>"), 64016),
    "refer by phone": (inside("<Refer><Sip>sip:a@b</Sip></Refer>"), 13801),
}
ODD: dict[str, tuple[bytes, int | None]] = {
    "an unknown verb": (inside("<Shout>a</Shout>"), 12200),
    "a small verb": (inside("<say>a</say>"), 12200),
    "an unknown attribute": (inside("<Pause Length='2'/>"), 12200),
    "a verb in a verb": (inside("<Gather><Dial>+12125550101</Dial></Gather>"), 13320),
    "a verb in dial": (noun("<Say>a</Say>"), 13215),
    "text between": (inside("hello"), 12200),
    "nobody": (noun("<Number>nobody</Number>"), 13223),
    "a number that is none": (inside("<Dial>+000000</Dial>"), 13223),
    "sip with control": (noun("<Sip>sip:a b@c</Sip>"), 13243),
    "sip headers": (noun("<Sip>sip:a@b?From=evil</Sip>"), 13252),
    "many headers": (noun(f"<Sip>sip:a@b?{'X-A=1&amp;' * 300}</Sip>"), 13253),
    "a crowd": (noun("<Client>a</Client>" * 3000), 13215),
    "a speech": (inside(f"<Say>{'long ' * 10000}</Say>"), 13521),
    "silence": (inside("<Say/>" * 5000), 13520),
    "a scream": (inside("<Say loop='99999999999999999999'>a</Say>"), 13510),
    "eternal pause": (inside("<Pause length='99999999999999999999999'/>"), 13910),
    "tones": (inside(f"<Play digits='{'1' * 5000}'/>"), 13430),
    "hints": (inside(f"<Gather hints='{'a,' * 501}'/>"), 13330),
    "negative time": (inside("<Gather timeout='-5'/>"), 13313),
    "fullwidth digits": (inside("<Gather numDigits='１'/>"), 13314),
    "not a number": (inside("<Record maxLength='NaN'/>"), 13612),
    "pauses": (inside("<Pause/>" * 2000), None),
    "right to left": (inside("<Say>\u202e\u0000</Say>".replace("\u0000", "a")), None),
    "emoji": (inside("<Say>☎️ 🎉</Say>"), None),
    "namespaces": (b"<Response xmlns='http://a' xmlns:b='c'><Say b:x='1'>a</Say></Response>", None),
    "cdata": (inside("<Say><![CDATA[<Response>]]></Say>"), None),
    "comments": (inside("<!-- <Say>a</Say> -->" * 2000), None),
    "instructions": (inside("<?php phpinfo(); ?>"), None),
    "utf-16": ("<Response><Say>a</Say></Response>".encode("utf-16"), None),
}


def test_there_are_a_hundred() -> None:
    assert len(NOT_TWIML) + len(BROKEN) + len(ODD) >= 100


@pytest.mark.parametrize("name", NOT_TWIML)
def test_what_is_no_document(name: str) -> None:
    body, content_type, code = NOT_TWIML[name]
    talk = Talk(answered=True, fallback_url=FALLBACK)
    talk.answers("", body=body, content_type=content_type)
    assert talk.warned() == [code]
    assert grammar.level(code) == "error"
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.parameters) == (FALLBACK, {"ErrorCode": str(code), "ErrorUrl": f"{BASE}start"})


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_run(name: str) -> None:
    body, code = BROKEN[name]
    talk = Talk(answered=True, fallback_url=FALLBACK)
    talk.answers("", body=body)
    assert talk.warned() == [code]
    assert catalogue()[code].title
    assert talk.one(commands.Fetch).parameters["ErrorCode"] == str(code)


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_runs_as_far_as_it_makes_sense(name: str) -> None:
    body, code = ODD[name]
    talk = Talk(answered=True)
    talk.answers("", body=body)
    assert len(talk.all) < 250
    assert set(talk.warned()) == ({code} if code else set())
    assert talk.state.ended or play_out(talk, lambda owed: owed[0], 20) > 0


def test_reading_them_again_and_again_keeps_nothing() -> None:
    documents = [body for body, *_ in (*NOT_TWIML.values(), *BROKEN.values(), *ODD.values())][::3]

    def objects() -> int:
        for body in documents:
            Talk(answered=True).answers("", body=body)
        gc.collect()
        return len(gc.get_objects())

    objects()
    before = objects()
    assert objects() - before < len(documents) // 2
