"""Where settings come from, what wins, and what a wrong one says."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import fields

from localloop.core import settings
from localloop.core.settings import Seed, Settings, SettingsError

AC = "AC" + "a" * 32
SK = "SK" + "b" * 32


def test_defaults_of_up() -> None:
    assert settings.load("up", {}, {}) == Settings()


def test_serve_is_strict_and_refuses_what_is_plain() -> None:
    found = settings.load("serve", {}, {})
    assert (found.strict, found.plain, found.profile) == (True, "refuse", "twilio")


def test_command_line_over_environment_over_file_over_default() -> None:
    file = 'port = 1\nmessage-rate = 1\nprofile = "trial"\nplain = "allow"'
    environ = {"LOCALLOOP_PORT": "2", "LOCALLOOP_MESSAGE_RATE": "2", "LOCALLOOP_PROFILE": "twilio"}
    found = settings.load("up", {"port": 3, "message_rate": None, "host": None}, environ, file)
    assert (found.port, found.message_rate, found.profile, found.plain) == (3, 2, "twilio", "allow")
    assert found.host == "127.0.0.1"


def test_the_file_overrides_the_defaults_of_serve() -> None:
    assert settings.load("serve", {}, {}, 'plain = "warn"\nstrict = false').plain == "warn"


def test_an_empty_variable_is_not_given() -> None:
    assert settings.load("up", {}, {"LOCALLOOP_PORT": ""}, "port = 5").port == 5


def test_every_setting_can_be_given() -> None:
    assert set(settings.names()) == {field.name for field in fields(Settings)} - {"mode"}


@pytest.mark.parametrize(
    ("command_line", "environ", "toml", "message"),
    [
        ({"profile": "x"}, {}, "", r"^--profile: must be one of relaxed, twilio, us-a2p, trial, not 'x'$"),
        ({"log_format": "xml"}, {}, "", r"^--log-format: must be one of auto, text, json"),
        (
            {},
            {"LOCALLOOP_PORT": "65536"},
            "",
            r"^LOCALLOOP_PORT: must be a whole number from 0 to 65535, not '65536'$",
        ),
        ({}, {"LOCALLOOP_PORT": "٤٠"}, "", r"LOCALLOOP_PORT: must be a whole number"),
        ({}, {"LOCALLOOP_SINGLE": "maybe"}, "", r"^LOCALLOOP_SINGLE: must be true or false"),
        ({}, {}, "port = true", r"^'port' in the settings file: must be a whole number"),
        ({}, {}, "log-format = 3", r"^'log-format' in the settings file: must be one of"),
        ({}, {}, "prot = 1", r"unknown key 'prot'; did you mean 'port'\?"),
        ({}, {}, "zzz = 1", r"unknown key 'zzz'; known keys: access_log"),
        ({}, {}, "port = [", r"is not TOML"),
        ({"public_url": "example.com"}, {}, "", r"^--public-url: must be an absolute URL with http or https"),
        ({"public_url": "http://[::1"}, {}, "", r"^--public-url: must be an absolute URL"),
        ({"admin_listen": "4020"}, {}, "", r"^--admin-listen: must be host:port"),
        ({"data": "/x", "ephemeral": True}, {}, "", r"--ephemeral keeps no data"),
        ({"database_url": "postgresql://h/d", "pg_bin": "/b"}, {}, "", r"so --pg-bin cannot be given"),
        ({"admin_listen": "0.0.0.0:4010"}, {}, "", r"^--admin-listen must have another port"),
        ({"admin_listen": "0.0.0.0:0"}, {}, "", r"^--admin-listen: must be host:port"),
        ({}, {"LOCALLOOP_API_PROCESSES": "0"}, "", r"must be a whole number from 1 to 30"),
        ({"host": "0.0.0.0"}, {}, "", r"--open-on-network"),
        ({}, {}, 'webhook-allow = ["10.0.0.0/33"]', r"^'webhook-allow' .*: must be a list of networks like"),
        ({}, {"LOCALLOOP_WEBHOOK_UNVERIFIED": "me"}, "", r"must be a list of account SIDs, or \*"),
    ],
)
def test_a_wrong_setting_says_where_and_what_would_be_allowed(
    command_line: dict[str, object], environ: dict[str, str], toml: str, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        settings.load("up", command_line, environ, toml)


def test_a_wrong_database_url_does_not_show_its_password() -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load("up", {"database_url": "mysql://user:secret@host/db"}, {})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_loopback_needs_no_permission(host: str) -> None:
    assert settings.load("up", {"host": host}, {}).host == host


def test_the_network_may_be_opened_or_strict() -> None:
    assert settings.load("up", {"host": "0.0.0.0", "open_on_network": True}, {}).host == "0.0.0.0"
    assert settings.load("up", {"host": "0.0.0.0", "strict": True}, {}).host == "0.0.0.0"
    assert settings.load("serve", {"host": "0.0.0.0"}, {}).host == "0.0.0.0"


def test_whom_webhooks_trust() -> None:
    sid = "AC" + "0" * 32
    environ = {"LOCALLOOP_WEBHOOK_UNVERIFIED": f"{sid}, *", "LOCALLOOP_WEBHOOK_ALLOW": "10.1.2.3/16,::1"}
    found = settings.load("up", {}, environ)
    assert (found.webhook_unverified, found.webhook_allow) == ((sid, "*"), ("10.1.0.0/16", "::1/128"))
    with pytest.raises(SettingsError, match="name the accounts"):
        settings.load("serve", {}, environ)


def test_urls_and_lists_are_tidied() -> None:
    found = settings.load(
        "up", {}, {"LOCALLOOP_ALLOWED_HOSTS": "a.test, b.test,"}, 'public-url = "https://x.test/"'
    )
    assert found.allowed_hosts == ("a.test", "b.test")
    assert found.public_url == "https://x.test"


def test_a_database_url_without_host_is_kept_whole() -> None:
    assert settings.load("up", {"database_url": "postgresql:///"}, {}).database_url == "postgresql:///"


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"HOME": "/home/a"}, "linux", "/home/a/.local/state/localloop"),
        ({"HOME": "/home/a", "XDG_STATE_HOME": "/s"}, "linux", "/s/localloop"),
        ({"HOME": "/home/a", "XDG_STATE_HOME": "relative"}, "linux", "/home/a/.local/state/localloop"),
        ({"HOME": "/Users/a"}, "darwin", "/Users/a/Library/Application Support/localloop"),
    ],
)
def test_state_directory(environ: dict[str, str], platform: str, expected: str) -> None:
    assert settings.state_directory(environ, platform) == Path(expected)


def test_dotenv() -> None:
    text = "\ufeff" + "\n".join(
        [
            "# TWILIO_AUTH_TOKEN=no",
            "A=1",
            " export B = two words # comment",
            'C="x\\ny" # comment',
            "D='a #b'",
            "E=",
            "F=#only a comment",
            "G=a#b",
            'H="unclosed',
            "not an assignment",
            "9X=1",
        ]
    )
    assert settings.parse_dotenv(text) == {
        "A": "1",
        "B": "two words",
        "C": "x\ny",
        "D": "a #b",
        "E": "",
        "F": "",
        "G": "a#b",
        "H": '"unclosed',
    }


def test_seed_takes_the_environment_over_the_file_name_by_name() -> None:
    environ = {"TWILIO_AUTH_TOKEN": "token", "TWILIO_ACCOUNT_SID": ""}
    dotenv = {
        "TWILIO_ACCOUNT_SID": AC,
        "TWILIO_AUTH_TOKEN": "old",
        "TWILIO_API_KEY": SK,
        "TWILIO_API_SECRET": "s",
    }
    assert settings.seed(environ, dotenv) == Seed(AC, "token", SK, "s")


def test_no_seed_is_none_given() -> None:
    assert settings.seed({}) == Seed()


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (
            {"TWILIO_ACCOUNT_SID": "ACxxxxxxxx"},
            r"^TWILIO_ACCOUNT_SID: must be AC and 32 hex digits, not 'ACxxxxxxxx'$",
        ),
        ({"TWILIO_ACCOUNT_SID": SK}, r"TWILIO_ACCOUNT_SID"),
        ({"TWILIO_API_KEY": AC, "TWILIO_API_SECRET": "s"}, r"^TWILIO_API_KEY: must be SK"),
        ({"TWILIO_API_KEY": SK}, r"without TWILIO_API_SECRET"),
    ],
)
def test_a_seed_that_cannot_work_is_named(environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        settings.seed(environ)


def test_rates_by_kind_of_sender() -> None:
    table = "[message-rates]\ntoll-free = 20\nshort-code = 0.5"
    assert settings.load("up", {}, {}, table).message_rates == {"toll-free": 20.0, "short-code": 0.5}
    environ = {"LOCALLOOP_MESSAGE_RATES": "long-code=2, channel=0"}
    assert settings.load("up", {}, environ, table).message_rates == {"long-code": 2.0, "channel": 0.0}


@pytest.mark.parametrize("given", ["pigeon=3", "long-code", "long-code=fast"])
def test_rates_that_make_no_sense(given: str) -> None:
    with pytest.raises(SettingsError, match="--message-rates"):
        settings.load("up", {"message_rates": given}, {})
