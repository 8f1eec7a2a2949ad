"""Which verb of a document runs, and by which one it was left."""

from __future__ import annotations

import pytest

from localloop.console import twiml
from localloop.console.twiml import Source

URL = "https://app.example/voice?x=1"
ON_ONE_LINE = (
    "<Response><Say>One</Say><Nonsense/><Say>Two</Say><!-- said twice -->"
    "<Play>/a.mp3</Play><Say>Three</Say></Response>"
)


def marks(verbs: tuple[twiml.Verb, ...]) -> str:
    return " ".join(f"{verb.name}:{verb.state}".rstrip(":") for verb in verbs)


def test_verbs_are_cut_as_they_were_written() -> None:
    body = '<?xml version="1.0"?>\n<Response>\n  <Say voice="man">Grüße &amp; Küsse</Say>\n\n  <Hangup/>\n</Response>'
    first, last = twiml.verbs_in(body)
    assert (first.name, first.text, first.line) == ("Say", '<Say voice="man">Grüße &amp; Küsse</Say>', 3)
    assert (last.name, last.text, last.line) == ("Hangup", "<Hangup/>", 5)
    assert first.says == "Grüße & Küsse"


BOMB = '<!DOCTYPE r [<!ENTITY a "<Say>lol</Say>"><!ENTITY b "&a;&a;">]><Response>&b;&b;</Response>'
ODD = '<?xml version="1.0" encoding="klingon"?><Response><Say>a</Say></Response>'


@pytest.mark.parametrize("body", ["", "Hello", "<Response><Say>", '{"a": 1}', BOMB, ODD])
def test_what_is_no_document_has_no_verbs(body: str) -> None:
    assert twiml.verbs_in(body) == ()


@pytest.mark.parametrize(
    ("left", "marked"),
    [
        (4, "Say:coming Nonsense:coming Say:coming Play:coming Say:coming"),
        (3, "Say:running Nonsense:coming Say:coming Play:coming Say:coming"),
        (2, "Say:done Nonsense:done Say:running Play:coming Say:coming"),
        (0, "Say:done Nonsense:done Say:done Play:done Say:running"),
    ],
)
def test_the_verb_that_runs_is_known_by_how_many_are_left(left: int, marked: str) -> None:
    """On one line, among verbs of one name and one that nobody knows."""
    assert marks(twiml.running(Source(ON_ONE_LINE, "text/xml", URL), left)) == marked


@pytest.mark.parametrize(
    ("body", "following", "marked"),
    [
        (
            '<Say>a</Say><Gather action="/menu"/><Say>b</Say>',
            "https://app.example/menu",
            "Say:done Gather:done Say:coming",
        ),
        ("<Gather/><Hangup/>", "https://app.example/voice", "Gather:done Hangup:coming"),
        ("<Say>a</Say><Redirect>next?y=2</Redirect>", "https://app.example/next", "Say:done Redirect:done"),
        ('<Dial action="/x">+1555</Dial><Say>b</Say>', "https://app.example/elsewhere", "Dial Say"),
        ("<Say>a</Say>", "", "Say"),
    ],
)
def test_a_document_was_left_by_the_verb_that_names_the_next(body: str, following: str, marked: str) -> None:
    written = twiml.verbs_in(f"<Response>{body}</Response>")
    assert marks(twiml.left_for(written, URL, following)) == marked
