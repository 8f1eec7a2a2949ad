"""What `up` and `serve` are told: command line over `LOCALLOOP_*` environment over TOML file over defaults.

Everything here is pure: callers hand in what they read. A wrong value is a `SettingsError` that names where
it came from and what would be allowed.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import fields

from localloop.core.sids import is_sid

Mode = Literal["up", "serve"]
Profile = Literal["relaxed", "twilio", "us-a2p", "trial"]
Plain = Literal["warn", "allow", "refuse"]
Retries = Literal["twilio", "extended"]
Record = Literal["full", "failures"]
LogFormat = Literal["auto", "text", "json"]
SenderKind = Literal["long-code", "long-code-abroad", "toll-free", "short-code", "alphanumeric", "channel"]

ENVIRONMENT_PREFIX: Final = "LOCALLOOP_"


class SettingsError(ValueError):
    """A setting that cannot be used; the message is for the person who wrote it."""


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that the composition root needs to know."""

    mode: Mode = "up"
    host: str = "127.0.0.1"
    port: int = 4010
    proxy_port: int | None = (
        None  # of the intercepting proxy; None = 4011, or any free one where that is taken
    )
    upstream_proxy: str = ""  # through which it reaches others; "" = what the environment names
    open_on_network: bool = False
    allowed_hosts: tuple[str, ...] = ()  # names besides twilio.com and loopback that requests may use as Host
    admin_listen: str = ""  # host:port where lab, console and metrics may be reached from elsewhere
    public_url: str = ""  # what leaves by webhook is built on it; "" = the address listened on
    data: str = ""  # "" = the platform's state directory
    ephemeral: bool = False
    database_url: str = ""
    pg_bin: str = ""
    single: bool = False
    api_processes: int = 1
    worker_processes: int = 1
    strict: bool = False
    profile: Profile = "relaxed"
    message_rate: float | None = (
        None  # segments per second of every sender; 0 = unlimited; None = Twilio's rates
    )
    message_rates: Mapping[SenderKind, float] = {}  # of these kinds of senders, whatever the above says
    account_message_rate: float = 0.0  # segments per second of an account over all its senders; 0 = unlimited
    call_rate: float = 1.0  # calls a second that an account begins over REST, as Twilio; 0 = unlimited
    plain: Plain = "warn"
    log_format: LogFormat = "auto"
    access_log: bool = False
    recorded_requests: int = 50  # that the console tells of, a second; 0 = none
    object_store: str = ""  # s3://bucket/prefix?endpoint=…, or a folder; "" = beside the data
    key_file: str = ""  # "" = beside the data
    webhook_ca_file: str = ""  # authorities that webhooks trust besides the system's
    webhook_unverified: tuple[str, ...] = ()  # accounts whose servers may have any certificate; * = all
    webhook_allow: tuple[str, ...] = ()  # networks that `serve` may call although they are not public
    webhook_retries: Retries = "twilio"
    record_deliveries: Record = "full"  # what is kept of notifications that went well
    messages_days: int = 0  # how long messages are kept, where an account chose nothing; 0 = for ever
    deliveries_days: int = 7
    deliveries_megabytes: int = 1024  # 0 = no bound
    seed_file: str = ""  # what a new world starts with; of `up` only
    chaos: float = 0.0  # how often each of the things goes wrong that may; of `up` only
    seed: int | None = None  # by which it is decided; None = any, which is then said


class Seed(Struct, frozen=True):
    """The first account and API key, as applications written for Twilio already have them; "" = not given."""

    account_sid: str = ""
    auth_token: str = ""
    api_key: str = ""
    api_secret: str = ""


def load(
    mode: Mode, command_line: Mapping[str, object], environ: Mapping[str, str], toml: str = ""
) -> Settings:
    """The settings of one run; None on the command line means *not given*."""
    chosen: dict[str, Any] = {"mode": mode} | _mode_defaults(mode)
    chosen |= _from_toml(toml)
    for name in _PARSERS:
        variable = ENVIRONMENT_PREFIX + name.upper()
        if command_line.get(name) is not None:
            chosen[name] = _parsed(name, command_line[name], _option(name))
        elif environ.get(variable):
            chosen[name] = _parsed(name, environ[variable], variable)
    settings = Settings(**chosen)
    _check_together(settings)
    return settings


def _mode_defaults(mode: Mode) -> dict[str, Any]:
    if mode == "up":
        return {}
    return {
        "strict": True,
        "plain": "refuse",
        "profile": "twilio",
        "recorded_requests": 0,
        "record_deliveries": "failures",
    }


def _from_toml(text: str) -> dict[str, Any]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the settings file is not TOML: {error}") from None
    chosen = {}
    for key, value in document.items():
        name = key.replace("-", "_")
        if name not in _PARSERS:
            raise SettingsError(f"the settings file has an unknown key {key!r}{_suggestion(name)}")
        chosen[name] = _parsed(name, value, f"{key!r} in the settings file")
    return chosen


def _suggestion(name: str) -> str:
    near = difflib.get_close_matches(name, _PARSERS, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known keys: {', '.join(sorted(_PARSERS))}"


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _parsed(name: str, value: object, source: str) -> Any:
    try:
        return _PARSERS[name](value)
    except ValueError as error:
        given = "what is given" if name == "database_url" else repr(value)  # it may hold a password
        raise SettingsError(f"{source}: {error}, not {given}") from None


def _check_together(settings: Settings) -> None:
    if settings.ephemeral and settings.data:
        raise SettingsError("--ephemeral keeps no data, so --data cannot be given with it")
    if settings.database_url and (settings.pg_bin or settings.ephemeral):
        given = "--pg-bin" if settings.pg_bin else "--ephemeral"
        raise SettingsError(f"--database-url names a running PostgreSQL, so {given} cannot be given with it")
    if settings.mode == "serve" and "*" in settings.webhook_unverified:
        raise SettingsError("webhook_unverified: name the accounts; * is for the laptop")
    if settings.mode == "serve" and settings.seed_file:
        raise SettingsError("seed_file: it is for the laptop")
    if settings.mode == "serve" and settings.chaos:
        raise SettingsError("chaos: it is for the laptop")
    if settings.port and settings.proxy_port == settings.port:
        raise SettingsError("--proxy-port must be another than --port")
    if settings.port and settings.admin_listen.endswith(f":{settings.port}"):
        raise SettingsError(
            "--admin-listen must have another port than --port: that is how they are told apart"
        )
    opens = settings.mode == "up" and not settings.strict and not settings.open_on_network
    if opens and not is_loopback(settings.host):
        raise SettingsError(
            f"--host {settings.host}: without --strict anybody who reaches this address gets an account; "
            "give --open-on-network if that is wanted"
        )


# Values ----------------------------------------------------------------------------------------------------


def _flag(value: object) -> bool:
    text = str(value).strip().lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise ValueError("must be true or false")


def _text(value: object) -> str:
    if not isinstance(value, str | Path) or "\0" in str(value):
        raise ValueError("must be a text")
    return str(value)


def _number(low: int, high: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        text = str(value).strip()
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def _rate(value: object) -> float:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        raise ValueError("must be a number of segments per second, 0 for no limit")
    return float(text)


def _rates(value: object) -> dict[str, float]:
    """A table in TOML, or `kind=rate` separated by commas."""
    pairs = (
        value.items() if isinstance(value, Mapping) else [text.partition("=")[::2] for text in _texts(value)]
    )
    chosen = {str(kind).strip(): _rate(rate) for kind, rate in pairs}
    if unknown := set(chosen) - set(get_args(SenderKind)):
        raise ValueError(f"{min(unknown)!r} is no kind of sender: {', '.join(get_args(SenderKind))}")
    return chosen


def _share(value: object) -> float:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[01]?\.[0-9]{1,6}|[01]", text) or float(text) > 1:
        raise ValueError("must be a number from 0 to 1: 0.05 is once in twenty times")
    return float(text)


def _one_of(*allowed: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return str(value)

    return parse


def _texts(value: object) -> tuple[str, ...]:
    """A list in TOML, or separated by commas."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise ValueError("must be a list of texts")
    return tuple(item.strip() for item in items if item.strip())


def _accounts(value: object) -> tuple[str, ...]:
    names = _texts(value)
    if not all(name == "*" or is_sid(name, "AC") for name in names):
        raise ValueError("must be a list of account SIDs, or *")
    return names


def _networks(value: object) -> tuple[str, ...]:
    names = _texts(value)
    try:
        return tuple(str(ipaddress.ip_network(name, strict=False)) for name in names)
    except ValueError:
        raise ValueError("must be a list of networks like 10.1.0.0/16") from None


def _url(*schemes: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        text = _text(value).strip()
        if not text:
            return ""
        if not _is_url(text, schemes):
            raise ValueError(f"must be an absolute URL with {' or '.join(schemes)}")
        return text.rstrip("/") if "http" in schemes else text

    return parse


def _is_url(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and (bool(parts.hostname) or "postgres" in parts.scheme)
    except ValueError:
        return False


def _object_store(value: object) -> str:
    """A folder, or a bucket; what is no bucket's URL but looks like one was not meant as a folder."""
    text = _text(value).strip()
    if "://" in text and not _is_url(text, ("s3",)):
        raise ValueError("must be a folder, or s3://bucket/prefix?endpoint=https://…")
    return text


def _listen(value: object) -> str:
    text = _text(value).strip()
    host, separator, port = text.rpartition(":")
    if text and not (separator and host and port.isascii() and port.isdigit() and 0 < int(port) <= 65_535):
        raise ValueError("must be host:port")
    return text


_port = _number(0, 65_535)
_processes = _number(1, 30)  # the table that they share has 64 columns

_PARSERS: Final[Mapping[str, Callable[[object], Any]]] = {
    "host": _text,
    "port": _port,
    "proxy_port": _port,
    "upstream_proxy": _url("http", "https"),
    "open_on_network": _flag,
    "allowed_hosts": _texts,
    "admin_listen": _listen,
    "public_url": _url("http", "https"),
    "data": _text,
    "ephemeral": _flag,
    "database_url": _url("postgresql", "postgres"),
    "pg_bin": _text,
    "single": _flag,
    "api_processes": _processes,
    "worker_processes": _processes,
    "strict": _flag,
    "profile": _one_of("relaxed", "twilio", "us-a2p", "trial"),
    "message_rate": _rate,
    "message_rates": _rates,
    "account_message_rate": _rate,
    "call_rate": _rate,
    "plain": _one_of("warn", "allow", "refuse"),
    "log_format": _one_of("auto", "text", "json"),
    "access_log": _flag,
    "recorded_requests": _number(0, 10_000),
    "object_store": _object_store,
    "key_file": _text,
    "webhook_ca_file": _text,
    "webhook_unverified": _accounts,
    "webhook_allow": _networks,
    "webhook_retries": _one_of("twilio", "extended"),
    "record_deliveries": _one_of("full", "failures"),
    "messages_days": _number(0, 36_500),
    "deliveries_days": _number(1, 36_500),
    "deliveries_megabytes": _number(0, 100_000_000),
    "chaos": _share,
    "seed": _number(0, 999_999_999),
    "seed_file": _text,
}


def names() -> tuple[str, ...]:
    """Every setting that may be given, in the order of `Settings`."""
    return tuple(field.name for field in fields(Settings) if field.name in _PARSERS)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach this host name or address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def state_directory(environ: Mapping[str, str], platform: str) -> Path:
    """Where a program keeps its state on this platform (`sys.platform`)."""
    home = Path(environ.get("HOME") or "/")
    if platform == "darwin":
        return home / "Library" / "Application Support" / "localloop"
    base = environ.get("XDG_STATE_HOME", "")
    return (Path(base) if base.startswith("/") else home / ".local" / "state") / "localloop"


# Seeds -----------------------------------------------------------------------------------------------------

_ASSIGNMENT: Final = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")
_DOUBLE_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?')
_SINGLE_QUOTED: Final = re.compile(r"'([^']*)'\s*(?:#.*)?")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}


def parse_dotenv(text: str) -> dict[str, str]:
    """The assignments of a `.env` file, without interpolation; lines that are none are passed over."""
    values = {}
    for line in text.removeprefix("\ufeff").splitlines():
        if assignment := _ASSIGNMENT.fullmatch(line):
            values[assignment[1]] = _dotenv_value(assignment[2])
    return values


def _dotenv_value(text: str) -> str:
    if quoted := _DOUBLE_QUOTED.fullmatch(text):
        return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), quoted[1])
    if quoted := _SINGLE_QUOTED.fullmatch(text):
        return quoted[1]
    return "" if text.startswith("#") else re.split(r"\s+#", text, maxsplit=1)[0]


def seed(environ: Mapping[str, str], dotenv: Mapping[str, str] | None = None) -> Seed:
    """The credentials that applications here will use; the environment wins over `.env`, name by name."""
    known = {**(dotenv or {}), **{name: value for name, value in environ.items() if value}}
    found = Seed(
        account_sid=known.get("TWILIO_ACCOUNT_SID", ""),
        auth_token=known.get("TWILIO_AUTH_TOKEN", ""),
        api_key=known.get("TWILIO_API_KEY", ""),
        api_secret=known.get("TWILIO_API_SECRET", ""),
    )
    _check_sid("TWILIO_ACCOUNT_SID", found.account_sid, "AC")
    _check_sid("TWILIO_API_KEY", found.api_key, "SK")
    if found.api_key and not found.api_secret:
        raise SettingsError("TWILIO_API_KEY is set without TWILIO_API_SECRET")
    return found


def _check_sid(variable: str, sid: str, prefix: str) -> None:
    if sid and not is_sid(sid, prefix):
        raise SettingsError(f"{variable}: must be {prefix} and 32 hex digits, not {sid!r}")
