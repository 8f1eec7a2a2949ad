"""A simulated phone of a world, as a test uses it: it texts and calls, reads what it received, takes calls, and waits
for what shall come."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from localloop.testing.call import FINAL, WITHIN_S, Call, NotHeard
from localloop.testing.expect import Expect, NotSo, Within
from localloop.testing.lab import Lab, LabError, segment
from localloop.testing.personas import Calls, Persona

Step: TypeAlias = Mapping[str, Any]
Takes: TypeAlias = Literal[
    "answers", "manual", "busy", "never", "rejects", "unreachable", "voicemail", "fax", "machine"
]
Direction: TypeAlias = Literal["received", "sent"]

WAIT_S: Final = 10.0
_MARGIN_S: Final = 20.0  # what an answer may take beyond the wait that it was asked for
_SHOWN: Final = 5
_RUNG: Final = ("ringing", "in-progress", *FINAL)


class NothingCame(AssertionError):
    """What was waited for did not come; the text says what came instead."""


class Text(Struct, frozen=True, kw_only=True):
    """One text on a phone. `codes` are the one-time codes in it, `links` its addresses of the web."""

    sid: str
    direction: Direction
    channel: str
    from_: str
    to: str
    body: str
    media: tuple[str, ...] = ()
    content: Mapping[str, Any] | None = None
    codes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    message_sid: str | None = None
    date_created: datetime


class Phone:
    """The phone behind a number. `wait_for`, `code` and `link` give each text once: the oldest that they did not give
    before. So a test that asks for a code twice gets the second one the second time."""

    def __init__(self, lab: Lab, number: str) -> None:
        self.number = number
        self._lab = lab
        self._path = f"Phones/{segment(number)}"
        self._last: str | None = None
        self._last_call: str | None = None

    def __repr__(self) -> str:
        return f"Phone({self.number!r})"

    def be(self, persona: Persona) -> None:
        """Behave like this from now on: deliver or fail, answer by itself, be read."""
        self._lab.post(self._path, persona.params())
        if persona.calls is not None:
            self._lab.post(f"{self._path}/Voice", persona.calls.params())

    def text(
        self, body: str = "", *, to: str, media: Sequence[str] = (), press: str = "", name: str = ""
    ) -> Text:
        """A text from this phone to a number of the world, or a button that it presses (`press`)."""
        wanted = {"To": to, "Body": body, "MediaUrl": media, "Press": press, "ProfileName": name}
        given = {key: value for key, value in wanted.items() if value}
        return _text(self._lab.post(f"{self._path}/Messages", given))

    def reply(self, body: str) -> Text:
        """A text to whoever sent the last one that was received."""
        received = self._lab.get(f"{self._path}/Messages", {"Direction": "received", "PageSize": 1})
        if not received["messages"]:
            raise NothingCame(f"{self.number} has received nothing that it could answer")
        return self.text(body, to=received["messages"][0]["from"])

    def messages(self, direction: Direction | None = None) -> list[Text]:
        """What it received and sent, oldest first."""
        found = self._lab.items(f"{self._path}/Messages", "messages", {"Direction": direction})
        return [_text(each) for each in found][::-1]

    def wait_for(self, matches: str = "", *, timeout: float = WAIT_S) -> Text:
        """The next text that it receives whose body the regular expression is found in. Raises NothingCame."""
        __tracebackhide__ = True
        return self._wait({"Matches": matches or None}, timeout)

    def code(self, *, timeout: float = WAIT_S) -> str:
        """The one-time code of the next text that has one. Raises NothingCame."""
        __tracebackhide__ = True
        return self._wait({"Has": "code"}, timeout).codes[0]

    def link(self, *, timeout: float = WAIT_S) -> str:
        """The link of the next text that has one. Raises NothingCame."""
        __tracebackhide__ = True
        return self._wait({"Has": "link"}, timeout).links[0]

    def codes(self) -> list[str]:
        """Every one-time code that it has received, oldest first."""
        return [code for text in self.messages("received") for code in text.codes]

    def links(self) -> list[str]:
        """Every link that it has received, oldest first."""
        return [link for text in self.messages("received") for link in text.links]

    def read(self, text: Text) -> None:
        """Somebody reads this text: channels that tell their senders do so."""
        self._lab.post(f"{self._path}/Messages/{text.sid}", {"Status": "read"})

    # -- calls

    def call(self, to: str, *, forwarded_from: str = "", script: Sequence[Step] = ()) -> Call:
        """A call from this phone to a number of the world, whose application is asked. `script` is what is done once it
        is answered (see `answers`); without one the test does it, by what it has of the call."""
        given = {"To": to, "ForwardedFrom": forwarded_from or None, "Script": json.dumps(list(script))}
        return Call(self._lab, self._lab.post(f"{self._path}/Calls", given))

    def answers(self, *script: Step, rings: int | None = None, greeting: str = "") -> None:
        """From now on calls to it are answered, and then this is done, one after the other: `{"wait": "press 1"}` until
        these words are heard, `{"press": "1"}`, `{"say": "Hello"}`, `{"pause": 2}`, `{"hold": 30}`,
        `{"transfer": "+1…"}`, `{"hang_up": True}`."""
        self.takes("answers", script=script, rings=rings, greeting=greeting)

    def takes(
        self,
        calls: Takes,
        *,
        script: Sequence[Step] = (),
        rings: int | None = None,
        greeting: str = "",
        beep: bool = True,
    ) -> None:
        """What becomes of calls to it from now on: `busy`, `never` (it rings as long as it may), `rejects`,
        `unreachable`, `voicemail`, `machine`, `fax`, `answers`; `manual` rings until the test answers it."""
        taken = Calls(takes=calls, script=script, rings=rings, greeting=greeting, beep=beep)
        self._lab.post(f"{self._path}/Voice", taken.params())

    def incoming_call(self, *, from_: str = "", within: Within = WITHIN_S) -> Call:
        """The next call to this phone, as soon as it rings: each is given once, the oldest first. Raises NotHeard."""
        __tracebackhide__ = True
        wanted: dict[str, Any] = {"To": self.number, "Direction": "~^outbound", "CallStatus": _RUNG}
        if from_:
            wanted["From"] = from_
        try:
            found = Expect(self._lab).some("calls", within=within, after=self._last_call, **wanted)[-1]
        except NotSo as error:
            whom = f" from {from_}" if from_ else ""
            raise NotHeard(f"{self.number} was not called{whom}: {error}") from None
        self._last_call = found.sid
        return Call(self._lab, self._lab.get(f"{self._path}/Calls/{found.sid}"))

    def calls(self) -> list[Call]:
        """All that it made and received, oldest first."""
        return [Call(self._lab, each) for each in self._lab.items(f"{self._path}/Calls", "calls")][::-1]

    def _wait(self, wanted: Mapping[str, Any], timeout: float) -> Text:
        __tracebackhide__ = True
        asked = {
            **wanted,
            "Direction": "received",
            "Order": "oldest",
            "After": self._last,
            "Timeout": timeout,
        }
        try:
            found = self._lab.get(f"{self._path}/Messages/Wait", asked, timeout=timeout + _MARGIN_S)
        except LabError as error:
            if error.status != 408:
                raise
            raise NothingCame("\n".join([f"{self.number}: {error.message}", *self._sent_to_it()])) from None
        self._last = found["sid"]
        return _text(found)

    def _sent_to_it(self) -> Iterator[str]:
        """What became of the messages to this number, newest first."""
        path = f"/2010-04-01/Accounts/{self._lab.account_sid}/Messages.json"
        try:
            found = self._lab.get(path, {"To": self.number, "PageSize": _SHOWN})["messages"]
        except LabError:
            return
        if not found:
            yield f"no message was sent to {self.number}"
        for each in found:
            error = f", {each['error_code']} {each['error_message'] or ''}" if each["error_code"] else ""
            yield f"{each['sid']} from {each['from']} is {each['status']}{error}: {each['body']!r}"


def _text(fields: Mapping[str, Any]) -> Text:
    return Text(
        sid=fields["sid"],
        direction=fields["direction"],
        channel=fields["channel"],
        from_=fields["from"],
        to=fields["to"],
        body=fields["body"],
        media=tuple(fields["media"] or ()),
        content=fields.get("content"),
        codes=tuple(fields.get("codes") or ()),
        links=tuple(fields.get("links") or ()),
        message_sid=fields["message_sid"],
        date_created=datetime.fromisoformat(fields["date_created"]),
    )
