"""`localloop run`: a program written for Twilio, unchanged, with this localloop in Twilio's place."""

from __future__ import annotations

import os
import shlex
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from localloop.cli import running
from localloop.cli.child import Interrupted, Signals
from localloop.cli.client import Client, Failed, Refused, connect, note_of
from localloop.cli.lending import borrowed
from localloop.cli.numbers import Addresses, Numbers
from localloop.cli.places import default_directory
from localloop.cli.probing import Probe
from localloop.core.settings import Seed, SettingsError, parse_dotenv, seed
from localloop.intercept import environment

PHONE: Final = "+15551230001"  # the simulated phone of the hints
_NUMBERS: Final = ("TWILIO_PHONE_NUMBER", "TWILIO_FROM_NUMBER", "TWILIO_NUMBER")


class Wanted(Struct, frozen=True, kw_only=True):
    """The command line."""

    command: Sequence[str]
    port: int | None = None
    number: str = ""
    sms_url: str = ""
    voice_url: str = ""
    data: str = ""
    ephemeral: bool = False
    quiet: bool = False

    @property
    def receives(self) -> bool:
        """Whether the program is to have a number."""
        return bool(self.port or self.number or self.sms_url or self.voice_url)


class Identity(Struct, frozen=True):
    """Who the program is: its own credentials, or those of the localloop that runs."""

    account_sid: str
    auth_token: str
    source: str  # for people: where the token comes from


def run(wanted: Wanted) -> int:
    """The program's exit status. Raises Failed and Refused."""
    if not wanted.command:
        raise Failed("there is nothing to run: localloop run -- python app.py")
    signals = Signals()
    given = _credentials()
    try:
        with borrowed(wanted.data, os.environ, ephemeral=wanted.ephemeral) as note:
            return _run_with(wanted, note, _identify(note, given), signals)
    except Interrupted as interrupted:
        return interrupted.status


def _run_with(wanted: Wanted, note: running.Running, identity: Identity, signals: Signals) -> int:
    say = Voice(quiet=wanted.quiet)
    client = Client(note.url, identity.account_sid, identity.auth_token)
    added = environment_of(note, identity.account_sid, identity.auth_token)
    say(f"{note.url} stands for Twilio, as {identity.account_sid}")
    for entry in environment.left_out(os.environ):
        say(f"NO_PROXY names {entry}, which would lead the program to Twilio itself: left out")
    introduction = None
    if wanted.receives:
        introduction = Introduction(wanted, note, identity, client, say)
        introduction.begin()
    try:
        return signals.run(wanted.command, {**os.environ, **added})
    finally:
        if introduction is not None:
            introduction.end()


def environment_of(note: running.Running, account_sid: str, auth_token: str) -> dict[str, str]:
    """What programs are told besides what is in our own environment. Raises Failed."""
    files = Path(note.data) / "programs"
    interceptor = environment.Interceptor(note.proxy, Path(note.authority), files)
    try:
        added = environment.variables(interceptor, os.environ)
    except OSError as error:
        raise Failed(f"{error.filename}: {error.strerror}") from None
    named = {
        "TWILIO_ACCOUNT_SID": account_sid,
        "TWILIO_AUTH_TOKEN": auth_token,
        "LOCALLOOP_URL": note.url,
    }
    return {name: value for name, value in named.items() if value} | added


def _credentials() -> Seed:
    try:
        return seed(os.environ, parse_dotenv(_dotenv()))
    except SettingsError as error:
        raise Failed(str(error)) from None


def _dotenv() -> str:
    try:
        return Path(".env").read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f".env cannot be read: {error}") from None


def _identify(note: running.Running, given: Seed) -> Identity:
    """Makes sure that the account is there, with its token: a program that only receives never says who it is."""
    sid = given.account_sid or note.account_sid
    if given.account_sid and given.auth_token:
        source = "the environment" if os.environ.get("TWILIO_AUTH_TOKEN") else ".env"
        identity = Identity(sid, given.auth_token, source)
    elif sid == note.account_sid:
        identity = Identity(sid, note.auth_token, "localloop's own")
    else:
        raise Failed("TWILIO_ACCOUNT_SID is given without TWILIO_AUTH_TOKEN: give both, or neither")
    try:
        Client(note.url, identity.account_sid, identity.auth_token).get(f"/2010-04-01/Accounts/{sid}.json")
    except Refused as refused:
        if refused.status != 401:
            raise
        raise Failed(
            f"the localloop at {note.url} does not take the auth token that {identity.source} has for {sid}: it "
            "knows another, or is --strict; stop it, or use another with --data or --ephemeral"
        ) from None
    return identity


class Voice(Struct, frozen=True):
    """What we say goes to standard error: standard output is the program's."""

    quiet: bool

    def __call__(self, line: str) -> None:
        if not self.quiet:
            print(f"localloop: {line}", file=sys.stderr, flush=True)


class Introduction:
    """While the program starts: finds out where it answers, and tells its number, and the person at the terminal."""

    def __init__(
        self, wanted: Wanted, note: running.Running, identity: Identity, client: Client, say: Voice
    ) -> None:
        self._wanted, self._note, self._identity = wanted, note, identity
        self._numbers, self._client, self._say = Numbers(client), client, say
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._introduce, daemon=True)

    def begin(self) -> None:
        """The number is there before the program is. Raises Failed and Refused."""
        wanted = self._wanted
        named = wanted.number or next((os.environ[name] for name in _NUMBERS if os.environ.get(name)), "")
        self._number = self._numbers.own(named, configure=bool(wanted.number))
        self._numbers.configure(self._number, Addresses(wanted.sms_url, wanted.voice_url))
        if wanted.port:
            self._thread.start()
        else:
            self._tell(Addresses(wanted.sms_url, wanted.voice_url))

    def end(self) -> None:
        self._over.set()

    def _introduce(self) -> None:
        wanted = self._wanted
        assert wanted.port is not None
        probe = Probe(wanted.port, self._over)
        if not probe.wait():
            return
        found = probe.addresses()
        addresses = Addresses(wanted.sms_url or found.sms_url, wanted.voice_url or found.voice_url)
        try:
            self._numbers.configure(self._number, addresses)
            self._tell(addresses)
        except (Failed, Refused) as error:
            self._say(str(error))

    def _tell(self, addresses: Addresses) -> None:
        number, identity = self._number.phone_number, self._identity
        for what, url in (("texts", addresses.sms_url), ("calls", addresses.voice_url)):
            if url:
                self._say(f"{what} to {number} go to {url}")
        if not (addresses.sms_url or addresses.voice_url) and self._wanted.port:
            self._say(
                f"port {self._wanted.port} answers neither /sms nor /message nor /voice nor /answer; "
                "say where: --sms-url, --voice-url"
            )
        self._say(
            f"they are signed with the auth token of {identity.account_sid} ({identity.source}, "
            f"…{identity.auth_token[-4:]})"
        )
        self._say(f"text it: {self._prefix()}localloop text {PHONE} hello --to {number}{self._suffix()}")
        self._say(f"console: {self._client.post('/console/api/links', {})['url']}")

    def _prefix(self) -> str:
        """The shell commands speak for the account that localloop was started with, unless they are told."""
        identity, note = self._identity, self._note
        if identity.account_sid == note.account_sid:
            return ""
        told = {
            "LOCALLOOP_URL": note.url,
            "TWILIO_ACCOUNT_SID": identity.account_sid,
            "TWILIO_AUTH_TOKEN": identity.auth_token,
        }
        return "".join(f"{name}={shlex.quote(value)} " for name, value in told.items())

    def _suffix(self) -> str:
        if self._prefix() or running.read(default_directory()) == self._note:
            return ""
        return f" --data {shlex.quote(self._note.data)}"


def env(data: str) -> None:
    """Shell assignments, quoted; the test credentials are those of the account that `up` made."""
    client = connect(data)
    note = note_of(client, data)
    values = {
        "TWILIO_ACCOUNT_SID": client.account_sid,
        "TWILIO_AUTH_TOKEN": client.auth_token,
        "LOCALLOOP_URL": client.url,
    }
    if note is not None and note.account_sid == client.account_sid:
        values["TWILIO_TEST_ACCOUNT_SID"] = note.test_account_sid
        values["TWILIO_TEST_AUTH_TOKEN"] = note.test_auth_token
    if note is not None and note.proxy:
        values |= environment_of(note, client.account_sid, client.auth_token)
    for name, value in values.items():
        print(f"export {name}={shlex.quote(value)}")
