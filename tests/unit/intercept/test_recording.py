"""Recordings: what is taken out of them, and that what stays can be read again."""

from __future__ import annotations

import json
import stat
from base64 import b64encode
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from localloop.core import e164, segments
from localloop.intercept.recording import Answer, Damaged, Exchange, RecordingFile, Request, Scrubber, read

ACCOUNT = "AC" + "1" * 32
TOKEN = "a5b0c1d2e3f4a5b0c1d2e3f4a5b0c1d2"
BASIC = "Basic " + b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")
MESSAGES = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


def asked(body: str = "", url: str = MESSAGES, *headers: tuple[str, str]) -> Request:
    return Request(method="POST", url=url, headers=(("Authorization", BASIC), FORM, *headers), body=body)


def exchange(request: Request, answer: str = "{}", *headers: tuple[str, str]) -> Exchange:
    return Exchange(
        kind="request",
        at="2026-01-31T12:00:00+00:00",
        request=request,
        answer=Answer(status=200, headers=(JSON, *headers), body=answer),
    )


def scrubbed(request: Request, answer: str = "{}", *headers: tuple[str, str], **hides: bool) -> Exchange:
    return Scrubber(key=b"k", **hides).scrub(exchange(request, answer, *headers))


@pytest.mark.parametrize(
    "given",
    [
        exchange(asked()),
        exchange(asked("", f"https://{ACCOUNT}:{TOKEN}@api.twilio.com/x")),
        exchange(asked(f"Note={TOKEN}")),
        exchange(asked(f"Url=https%3A%2F%2Fme%3A{TOKEN}%40example.com")),
        exchange(asked("", MESSAGES, ("X-Twilio-Signature", TOKEN), ("Cookie", f"a={TOKEN}"))),
        exchange(asked("", MESSAGES, ("X-Api-Key", TOKEN), ("X-Echo", f"it was {TOKEN}"))),
        exchange(asked(f"Password={TOKEN}"), f'{{"echo":"{TOKEN}"}}'),
        exchange(asked(), f'{{"auth_token":"{TOKEN}","sid":"{ACCOUNT}"}}'),
        exchange(asked(), f'{{"access_token":"{TOKEN}"}}', ("Set-Cookie", TOKEN)),
        exchange(asked(), "", ("Location", f"https://media.example.com/a?X-Amz-Signature={TOKEN}")),
        exchange(asked("", f"{MESSAGES}?Signature={TOKEN}")),
    ],
)
def test_no_secret_is_kept(given: Exchange) -> None:
    kept = Scrubber().scrub(given)
    assert TOKEN not in repr(kept)
    assert b64encode(TOKEN.encode()).decode()[:-4] not in repr(kept)
    assert BASIC not in repr(kept)


def test_what_is_no_secret_is_kept_as_it_stood() -> None:
    body = "To=%2B14155550100&Body=Hello+there&StatusCallback=https%3A%2F%2Fexample.com%2Fs"
    answer = f'{{"sid": "SM{"2" * 32}", "num_segments": "1", "price": null}}'
    kept = scrubbed(asked(body), answer, ("Twilio-Request-Id", "RQ1"), ("I-Twilio-Idempotency-Token", "u-1"))
    assert kept.request.body == body
    assert kept.request.url == MESSAGES
    assert kept.request.header("authorization") == f"Basic {ACCOUNT}:…"
    assert kept.answer
    assert kept.answer.body == answer
    assert kept.answer.header("twilio-request-id") == "RQ1"
    assert kept.answer.header("i-twilio-idempotency-token") == "u-1"


def test_a_number_has_the_same_stand_in_everywhere() -> None:
    number = "+14155550134"
    scrubber = Scrubber(hides_numbers=True, key=b"k")
    first = scrubber.scrub(
        exchange(
            asked(f"To=%2B{number[1:]}&From=whatsapp%3A%2B{number[1:]}&Body=call+{number[1:]}"),
            json.dumps({"to": number, "friendly_name": "(415) 555-0134", "uri": f"/x?To=%2B{number[1:]}"}),
        )
    )
    second = scrubber.scrub(
        exchange(asked("", f"https://lookups.twilio.com/v2/PhoneNumbers/%2B{number[1:]}"))
    )
    assert first.answer
    form, answer = parse_qs(first.request.body), first.answer.json()
    standin = answer["to"]
    read = e164.parse(standin)
    assert standin != number
    assert standin.startswith("+1415")
    assert read is not None
    assert read.is_valid
    assert form == {"To": [standin], "From": [f"whatsapp:{standin}"], "Body": [f"call {standin[1:]}"]}
    assert answer["friendly_name"] == e164.national(standin)
    assert answer["uri"] == f"/x?To=%2B{standin[1:]}"
    assert urlsplit(second.request.url).path == f"/v2/PhoneNumbers/{standin}"
    assert "5550134" not in repr((first, second))


def test_numbers_keep_their_country_and_never_meet() -> None:
    numbers = [f"+4915112345{n:03}" for n in range(300)] + [f"+1212555{n:04}" for n in range(300)]
    scrubber = Scrubber(hides_numbers=True, key=b"k")
    found = [scrubber.scrub(exchange(asked(f"To=%2B{n[1:]}"))).request.form[0][1] for n in numbers]
    assert len(set(found)) == len(numbers)
    assert not set(found) & set(numbers)
    assert all(a[:4] == b[:4] for a, b in zip(found, numbers, strict=True))


def test_test_numbers_stay() -> None:
    assert scrubbed(asked("To=%2B15005550006"), hides_numbers=True).request.body == "To=%2B15005550006"


def test_two_recordings_have_other_stand_ins() -> None:
    kept = [Scrubber(hides_numbers=True).scrub(exchange(asked("To=%2B14155550134"))) for _ in range(2)]
    assert kept[0] != kept[1]


def test_what_people_wrote_is_veiled_and_keeps_its_length() -> None:
    body = "Olá Ada, 1234 is your code 🙂"
    answer = json.dumps({"body": body, "status": "queued", "sid": "SM" + "2" * 32})
    kept = scrubbed(asked("Body=Ol%C3%A1+Ada%2C+1234+is+your+code+%F0%9F%99%82"), answer, hides_bodies=True)
    assert kept.answer
    shown = kept.answer.json()
    assert shown["body"] == kept.request.form[0][1]
    assert "Ada" not in shown["body"]
    assert segments.count(shown["body"]) == segments.count(body)
    assert shown["status"] == "queued"


def test_words_that_do_something_stay() -> None:
    assert scrubbed(asked("Body=Stop"), hides_bodies=True).request.form == [("Body", "Stop")]


def test_json_and_twiml_in_a_parameter_stay_what_they_are() -> None:
    twiml = '<Response><Say voice="alice">Hello Ada</Say></Response>'
    kept = scrubbed(asked("ContentVariables=%7B%221%22%3A%22Ada%22%7D&Twiml=" + twiml), hides_bodies=True)
    assert dict(kept.request.form) == {
        "ContentVariables": '{"1":"Xxx"}',
        "Twiml": '<Response><Say voice="alice">Xxxxx Xxx</Say></Response>',
    }


def test_a_body_that_was_cut_is_not_kept_when_it_cannot_be_looked_through() -> None:
    kept = scrubbed(asked(), '{"body": "Hello A', hides_bodies=True)
    assert kept.answer
    assert kept.answer.body is None


def test_a_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text("what was here before")
    path.chmod(0o644)
    file = RecordingFile(path, Scrubber(hides_numbers=True))
    given = exchange(asked("Body=Hello"), '{"a":1}')
    file.keep(given)
    file.keep(Exchange(kind="callback", at="2026-01-31T12:00:01+00:00", request=asked(), answer=None))
    file.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert file.counts == {"request": 1, "callback": 1}
    with path.open("rb") as lines:
        recording = read(lines)
    assert recording.head.bodies
    assert not recording.head.numbers
    assert [e.kind for e in recording.exchanges] == ["request", "callback"]
    assert recording.exchanges[0].request.body == "Body=Hello"
    assert recording.exchanges[0].answer == given.answer
    assert recording.exchanges[1].answer is None


HEAD = b'{"localloop_recording":1,"recorded":"2026-01-31T12:00:00+00:00"}\n'


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "empty"),
        ([b"hello\n"], "no recording"),
        ([b'{"localloop_recording":2,"recorded":""}\n'], "version 2"),
        ([HEAD, b'{"kind":"request"}\n'], "line 2"),
        ([HEAD, b"{\n", b'{"kind":"request"\n'], "line 2"),
    ],
)
def test_a_damaged_file_says_where(lines: list[bytes], told: str) -> None:
    with pytest.raises(Damaged, match=told):
        read(lines)


def test_a_last_line_that_was_cut_is_left_out() -> None:
    assert read([HEAD, b'{"kind":"req']).exchanges == ()
