"""A world of a test's own: an account that nobody else has, its phones, and the application that it talks to.

    with World() as world:
        world.twilio.messages.create(from_="+15550001111", to="+15551230001", body="Your code is 123456")
        assert world.phone("+15551230001").code() == "123456"

While it is open, the environment says what a program written for Twilio looks for: its credentials, and the way here in
Twilio's place. Two worlds may use the same numbers and never meet.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from localloop.testing.clock import Clock
from localloop.testing.expect import Expect
from localloop.testing.faults import Faults
from localloop.testing.lab import Lab
from localloop.testing.personas import load
from localloop.testing.phone import Phone
from localloop.testing.server import Server, Servers
from localloop.testing.serving import HOST, Serving, serve
from localloop.testing.snapshots import Snapshots
from localloop.testing.story import story

if TYPE_CHECKING:
    from localloop.testing.twilio_client import Client

Identity: TypeAlias = tuple[str, str]  # an account and its token

RELAXED: Final = "relaxed"
PROFILES: Final = (RELAXED, "twilio", "us-a2p", "trial")
NUMBER: Final = "+15550001111"  # of an application that names none
_NUMBERS: Final = ("TWILIO_PHONE_NUMBER", "TWILIO_FROM_NUMBER", "TWILIO_NUMBER")


class WebhookApp:
    """An application that is served, and the number whose texts and calls it gets."""

    def __init__(self, serving: Serving, number: str) -> None:
        self.url = f"http://{HOST}:{serving.port}"
        self.number = number

    def __repr__(self) -> str:
        return f"WebhookApp({self.url!r}, {self.number!r})"


class World:
    """Profiles are `relaxed`, `twilio`, `us-a2p` and `trial`; all but the first have Twilio's rates. `strict` is
    without what localloop makes easy: numbers are bought before they send, and none but valid ones will do."""

    def __init__(
        self, *, profile: str = "relaxed", strict: bool = False, server: Server | None = None
    ) -> None:
        self._server = server or SERVERS.get(*options_of(profile, strict=strict))
        self.url = self._server.url
        self.account_sid, self.auth_token = _made(self._server, profile)
        self.lab = Lab(self.url, self.account_sid, self.auth_token)
        self.clock = Clock(self.lab)
        self.faults = Faults(self.lab)
        self.expect = Expect(self.lab)
        self.snapshots = Snapshots(self.lab)
        self._stack = ExitStack()
        self._phones: dict[str, Phone] = {}

    def __repr__(self) -> str:
        return f"World({self.account_sid!r}, {self.url!r})"

    @property
    def environment(self) -> dict[str, str]:
        """What a program of any language is to find in its environment, beside what is in ours."""
        return {
            **self._server.environment,
            "LOCALLOOP_URL": self.url,
            "TWILIO_ACCOUNT_SID": self.account_sid,
            "TWILIO_AUTH_TOKEN": self.auth_token,
        }

    @property
    def twilio(self) -> Client:
        """Twilio's own client, as this world's account. ModuleNotFoundError without the package."""
        try:
            from localloop.testing import twilio_client
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "twilio":
                raise
            raise ModuleNotFoundError(
                "Twilio's package is missing: pip install twilio", name="twilio"
            ) from None
        return twilio_client.client(self.url, self.account_sid, self.auth_token)

    def phone(self, number: str) -> Phone:
        """The phone behind a number; there is one behind every number."""
        return self._phones.setdefault(number, Phone(self.lab, number))

    def load_phones(self, path: str | Path) -> None:
        """Phones of a file in TOML become what it says of them (`localloop.testing.personas`)."""
        for number, persona in load(path).items():
            self.phone(number).be(persona)

    def own(self, number: str, **webhooks: str) -> None:
        """The account has this number, with these webhooks by Twilio's names: SmsUrl, VoiceUrl, StatusCallback …"""
        path = f"/2010-04-01/Accounts/{self.account_sid}/IncomingPhoneNumbers"
        found = self.lab.get(f"{path}.json", {"PhoneNumber": number})["incoming_phone_numbers"]
        if found:
            self.lab.post(f"{path}/{found[0]['sid']}.json", webhooks)
        else:
            self.lab.post(f"{path}.json", {"PhoneNumber": number, **webhooks})

    def webhook_app(
        self, app: Any, *, number: str = "", sms: str = "/sms", voice: str = "/voice"
    ) -> WebhookApp:
        """Serves an application of WSGI or ASGI until the world is closed, and points the number at these paths of it.

        The number is the argument, else what TWILIO_PHONE_NUMBER says, else NUMBER.
        """
        named = number or next((os.environ[name] for name in _NUMBERS if os.environ.get(name)), NUMBER)
        serving = serve(app)
        self._stack.callback(serving.close)
        served = WebhookApp(serving, named)
        paths = {"SmsUrl": sms, "VoiceUrl": voice}
        self.own(named, **{name: served.url + path for name, path in paths.items() if path})
        return served

    def story(self) -> str:
        """What happened in it, for people."""
        return story(self.lab)

    def open(self) -> Self:
        before = {name: os.environ.get(name) for name in self.environment}
        self._stack.callback(_set, before)
        _set(self.environment)
        return self

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


SERVERS: Final = Servers()


def options_of(profile: str, *, strict: bool) -> tuple[str, ...]:
    """What the server is told. Rates would have tests wait; who wants another profile wants Twilio's rates."""
    if profile not in PROFILES:
        raise ValueError(f"there is no profile {profile!r}: {', '.join(PROFILES)}")
    rates = ("--message-rate", "0") if profile == RELAXED else ()
    return (*rates, *(("--strict",) if strict else ()))


def _made(server: Server, profile: str) -> Identity:
    """A fresh account and its token. On a server of somebody else, who told us of no account there, one comes into
    being when it is first used."""
    lab = server.lab
    if lab is not None:
        return _AHEAD.setdefault((server.url, profile), Ahead(lab, profile)).take()
    if profile != RELAXED:
        raise ValueError(f"{profile} worlds of {server.url} are made for an account: set TWILIO_ACCOUNT_SID")
    return f"AC{uuid.uuid4().hex}", uuid.uuid4().hex


class Ahead:
    """Makes worlds, each while the test before it runs: nobody waits for one but the first."""

    def __init__(self, lab: Lab, profile: str) -> None:
        self._lab, self._profile = lab, profile
        self._maker = ThreadPoolExecutor(1, "localloop worlds")
        self._next: Future[Identity] | None = None

    def take(self) -> Identity:
        made = self._make() if self._next is None else self._next.result()
        self._next = self._maker.submit(self._make)
        return made

    def _make(self) -> Identity:
        made = self._lab.post("Worlds", {"Profile": self._profile})
        return made["account_sid"], made["auth_token"]


_AHEAD: Final[dict[tuple[str, str], Ahead]] = {}


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
