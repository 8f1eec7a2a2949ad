"""Seed files: what they say, and what is wrong with them, by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from localloop.lab import seeds
from localloop.lab.seeds import SeedError

EXAMPLE = Path(__file__).parents[3] / "examples" / "seed.toml"
SID = "AC" + "1" * 32


def test_the_example_is_read() -> None:
    first, other = seeds.read(EXAMPLE.read_text("utf-8"))
    assert [each.name for each in first.numbers] == ["+15005550006", "+15017122661"]
    assert first.numbers[0].params["SmsUrl"] == "http://127.0.0.1:5000/sms"
    service = first.services[0]
    assert (service.name, service.others["numbers"]) == ("Alerts", ["+15017122661"])
    assert (service.params["StickySender"], service.params["ValidityPeriod"]) == ("true", 600)
    assert [each.params for each in first.phones] == [{"Behavior": "30003"}, {"Delay": 2000}]
    assert first.webhooks is not None
    assert (first.sid, first.webhooks.params) == ("", {"Retries": "extended"})
    assert (other.sid[-1], other.profile, other.numbers[0].name) == ("2", "us-a2p", "+15005550006")


def test_the_page_has_a_file_that_is_read() -> None:
    page = (EXAMPLE.parents[1] / "docs" / "how-to" / "keep-a-world.md").read_text("utf-8")
    text = page.partition("```toml\n")[2].partition("```")[0]
    first, other = seeds.read(text)
    assert (first.services[0].others["numbers"], other.profile) == (["+15005550006"], "us-a2p")


def test_an_empty_file_says_nothing() -> None:
    assert seeds.read("# later\n") == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[numbers]\n", "not TOML: .*line 1"),
        ('\n[[number]]\nphone_number = "+1"\n', "line 2: number: unknown; did you mean 'numbers'?"),
        (
            '[[numbers]]\nphone_number = "+1"\n\n[[numbers]]\nphone_number = "+2"\nsms_ur = ""\n',
            "line 6: sms_ur: unknown; did you mean 'sms_url'?",
        ),
        ('[[numbers]]\nsms_url = "http://x"\n', "line 1: .*no phone_number"),
        ('x = """\n[[numbers]]\n"""\n', "line 1: x: unknown"),
        ('[[phones]]\nnumber = "+1"\ndelay = "soon"\n', "line 3: phones.1..delay: 'soon' is no span of time"),
        ('[[numbers]]\nphone_number = "+1"\n[[numbers]]\nphone_number = "+1"\n', "line 3: .*is there twice"),
        ("numbers = 3\n", r"line 1: numbers: it is a list of tables: \[\[numbers\]\]"),
        ("[webhooks]\nretries = 1979-05-27\n", "line 2: webhooks.retries: it is a text"),
        (
            '[[services]]\nfriendly_name = "a"\nnumbers = ["+1"]\n',
            r"line 3: .*none of the account's \[\[numbers\]\]",
        ),
        (
            '[[numbers]]\nphone_number = "+1"\n[[services]]\nfriendly_name = "a"\nnumbers = ["+1"]\n'
            '[[services]]\nfriendly_name = "b"\nnumbers = ["+1"]\n',
            "line 8: .*two services",
        ),
        ('[[accounts]]\nsid = "AC1"\n', "line 2: accounts.1..sid: it is no account SID"),
        (f'[[accounts]]\nsid = "{SID}"\nauth_token = "ä"\n', "line 3: .*no password"),
        (f'[[accounts]]\nsid = "{SID}"\nprofile = "fast"\n', "line 3: .*relaxed, twilio, us-a2p, trial"),
        (f'[[accounts]]\nsid = "{SID}"\n\n[[accounts.phones]]\nbehavior = "read"\n', "line 4: .*no number"),
        (f'[[accounts]]\nsid = "{SID}"\n[[accounts]]\nsid = "{SID}"\n', "is there twice"),
        ('[[numbers]]\nphone_number = "+1"\n[[accounts]]\nprofile = "relaxed"\n', "without a sid"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(SeedError, match=reason):
        seeds.read(text)
