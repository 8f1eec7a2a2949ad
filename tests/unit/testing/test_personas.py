"""Personas in Python and in TOML: the same phone, and what is wrong with which one."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from localloop.testing import BadPersona, Calls, Persona, Rule
from localloop.testing.personas import load

FILE = r"""
[[phones]]
number = "+15551230001"
behavior = 30003
delay = "1.5s"

[[phones]]
number = "+15551230002"
channels = ["sms", "whatsapp"]
read_delay = "5m"

[[phones.rules]]
match = 'code is (?P<code>\d{6})'
template = "{code}"
delay = "8h"

[[phones.rules]]
match = { From = ["+15550001111", "+15550002222"] }
reply = "STOP"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "phones.toml"
    file.write_text(text)
    return file


def test_a_file_says_what_python_says(tmp_path: Path) -> None:
    found = load(written(tmp_path, FILE))
    assert found == {
        "+15551230001": Persona(behavior=30003, delay="1.5s"),
        "+15551230002": Persona(
            channels=["sms", "whatsapp"],
            read_delay="5m",
            rules=(
                Rule(match=r"code is (?P<code>\d{6})", template="{code}", delay="8h"),
                Rule(match={"From": ["+15550001111", "+15550002222"]}, reply="STOP"),
            ),
        ),
    }


def test_a_file_says_what_becomes_of_calls(tmp_path: Path) -> None:
    text = """
[[phones]]
number = "+15551230001"
[phones.calls]
takes = "voicemail"
rings = 2
script = [{ wait = "press 1" }, { hang_up = true }]
"""
    calls = load(written(tmp_path, text))["+15551230001"].calls
    assert calls == Calls(takes="voicemail", rings=2, script=[{"wait": "press 1"}, {"hang_up": True}])
    told = calls.params()
    assert json.loads(told.pop("Script")) == [{"wait": "press 1"}, {"hang_up": True}]
    assert told == {"Takes": "voicemail", "Rings": 2, "Greeting": "", "Beep": True}
    assert Calls().params()["After"] == 1


def test_it_is_told_as_the_lab_takes_it() -> None:
    rule = Rule(match="hi", reply="ho", delay=timedelta(seconds=2))
    told = Persona(behavior="slow", delay=250, channels=["sms"], rules=[rule]).params()
    assert json.loads(told.pop("Rules")) == [{"match": "hi", "reply": "ho", "delay": 2_000}]
    assert told == {"Behavior": "slow", "Delay": 250, "Channels": ["sms"], "Reads": False}


def test_an_ordinary_phone_takes_back_what_was_said_before() -> None:
    assert Persona().params() == {
        "Behavior": "deliver",
        "Delay": 0,
        "Channels": "",
        "Rules": "",
        "Reads": False,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("phones = 1", "consists of"),
        ("[[phone]]\nnumber = '+1'", "consists of"),
        ("[[phones]]", "phone 1: it has no number"),
        ("[[phones]]\nnumber = '+1'\nsays = 'hi'", "phone 1: says is unknown"),
        ("[[phones]]\nnumber = '+1'\ndelay = 'soon'", "phone 1: 'soon' is no span"),
        ("[[phones]]\nnumber = '+1'\nrules = [{ say = 'hi' }]", "phone 1: say is unknown"),
        ("[[phones]]\nnumber = '+1'\ncalls = { rejects = true }", "phone 1: rejects is unknown"),
        ("[[phones]]\nnumber = '+1'\n[[phones]]\nnumber = '+1'", r"phone 2: \+1 is there twice"),
        ("[[phones]", "phones.toml: "),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadPersona, match=said):
        load(written(tmp_path, text))
