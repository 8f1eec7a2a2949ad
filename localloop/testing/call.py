"""A call on a simulated phone, as a test uses it: what is heard there, and what somebody says, presses and does.

call = phone("+15551230001").call("+15550001111")
call.heard("press 1 for sales")
call.press("1")
assert call.ended() == "completed"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from localloop.testing.expect import Expect, NotSo, Within
from localloop.testing.lab import Lab, LabError, segment

LineKind: TypeAlias = Literal[
    "heard", "played", "tones", "said", "pressed", "held", "transferred", "received", "sent"
]
WITHIN_S: Final = 30.0
FINAL: Final = ("completed", "busy", "failed", "no-answer", "canceled")
_MARGIN_S: Final = 120.0  # what passing time by itself may take
_NOT_SO: Final = 408
_OF_CALL: Final = 21220


class NotHeard(AssertionError):
    """What was waited for was not heard; the text says what was, and what runs."""


class Line(Struct, frozen=True, kw_only=True):
    """What happened at this phone: what was `heard`, `played` or came as `tones`; what was `said` or `pressed` here."""

    sid: str
    kind: LineKind
    text: str
    at: datetime  # of the world, when it began
    seconds: float = 0.0


class Recording(Struct, frozen=True, kw_only=True):
    sid: str
    status: str
    duration: int | None
    source: str
    transcription: str | None = None  # what was said meanwhile, where it was to be transcribed


class Call:
    """As the phone has it. `heard` and `played` give each line once: the oldest that they did not give before."""

    def __init__(self, lab: Lab, fields: Mapping[str, Any]) -> None:
        self.sid: str = fields["sid"]
        self.number: str = fields["number"]
        self.peer: str = fields["peer"]
        self.direction: Literal["received", "made"] = fields["direction"]
        self._began = _moment(fields["date_created"])
        self._lab = lab
        self._path = f"Phones/{segment(self.number)}/Calls/{self.sid}"
        self._last: str | None = None
        self._is_answered = False

    def __repr__(self) -> str:
        ends = (self.number, self.peer) if self.direction == "made" else (self.peer, self.number)
        return f"<Call {self.sid} {' → '.join(ends)}>"

    # -- what is to be heard

    def heard(self, matches: str = "", *, within: Within = WITHIN_S, whole: bool = True) -> Line:
        """The next text that is heard and that the regular expression is found in, in whatever case; when all of it has
        been heard, or with `whole=False` as soon as it begins. Raises NotHeard."""
        __tracebackhide__ = True
        return self._wait("heard", matches, within, whole=whole)

    def played(self, matches: str = "", *, within: Within = WITHIN_S, whole: bool = False) -> Line:
        """The next file whose address matches, `beep`, or `music`."""
        __tracebackhide__ = True
        return self._wait("played", matches, within, whole=whole)

    # -- what somebody does here

    def press(self, digits: str) -> None:
        """Keys: `12#`; `w` and `W` wait. Before the call is answered nobody can, so that is waited for."""
        __tracebackhide__ = True
        self._do({"Press": digits})

    def say(self, text: str, *, whole: bool = True) -> None:
        """It takes its time, a second for fifteen characters; with `whole=False` that is not waited for."""
        __tracebackhide__ = True
        lines = self._do({"Say": text})
        if whole:
            said = max(place for place, line in enumerate(lines) if line["kind"] == "said")
            before = lines[said - 1]["sid"] if said else None
            asked = {"Kind": "said", "After": before, "Whole": True}
            self._lab.get(f"{self._path}/Wait", asked, timeout=_MARGIN_S)

    def answer(self) -> None:
        """Somebody takes the call, which rings here."""
        __tracebackhide__ = True
        self._act({"Status": "in-progress"})
        self._is_answered = True

    def reject(self, *, busy: bool = False) -> None:
        """Nobody takes it."""
        __tracebackhide__ = True
        self._act({"Status": "busy" if busy else "rejected"})

    def hang_up(self) -> None:
        __tracebackhide__ = True
        self._act({"Status": "completed"})

    # -- what became of it

    @property
    def status(self) -> str:
        return str(self._fetch()["status"])

    @property
    def answered_by(self) -> str | None:
        return self._fetch()["answered_by"] or None

    @property
    def duration(self) -> int | None:
        """Seconds, of a call that has ended."""
        found = self._fetch()["duration"]
        return None if found is None else int(found)

    @property
    def transcript(self) -> list[Line]:
        """All that happened at this phone, in order."""
        return [_line(each) for each in self._fetch()["lines"]]

    @property
    def recordings(self) -> list[Recording]:
        """Of this call, oldest first."""
        account = f"/2010-04-01/Accounts/{self._lab.account_sid}"
        found = self._lab.items(f"{account}/Recordings.json", "recordings", {"CallSid": self.sid})
        return [self._recording(account, each) for each in found][::-1]

    @property
    def documents(self) -> Sequence[Mapping[str, Any]]:
        """What runs on it: for each document `url`, `line`, `verb`, `twiml`."""
        return list(self._lab.get(f"Calls/{self.sid}/Document")["documents"])

    def answered(self, *, within: Within = WITHIN_S) -> None:
        """Wait until somebody, or something, has answered. Raises NotHeard when nobody does."""
        __tracebackhide__ = True
        if not self._is_answered and self._became("in-progress", *FINAL, within=within) in FINAL[1:]:
            raise NotHeard(self.story(f"nobody answered: {self.status}"))
        self._is_answered = True

    def ended(self, *, within: Within = WITHIN_S) -> str:
        """Wait until it is over: `completed`, `busy`, `no-answer`, `failed` or `canceled`. Raises NotHeard."""
        __tracebackhide__ = True
        return self._became(*FINAL, within=within)

    def story(self, headline: str = "") -> str:
        """What happened at this phone, with its times since the call began, and what runs now."""
        told = self._fetch()
        lines = [_line(each) for each in told["lines"]]
        return "\n".join([f"{self!r}: {headline or told['status']}", *self._told(told["status"], lines)])

    # -- how

    def _fetch(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._lab.get(self._path)
        return found

    def _wait(self, kind: LineKind, matches: str, within: Within, *, whole: bool) -> Line:
        __tracebackhide__ = True
        seconds = within.total_seconds() if isinstance(within, timedelta) else within
        asked = {
            "Kind": kind,
            "Matches": f"(?i){matches}" if matches else None,
            "Timeout": seconds,
            "After": self._last,
            "Whole": whole or None,
        }
        try:
            found = self._lab.get(f"{self._path}/Wait", asked, timeout=min(seconds, 600.0) + _MARGIN_S)
        except LabError as error:
            if error.status != _NOT_SO:
                raise
            what = f"matches {matches!r}" if matches else "comes"
            raise NotHeard(self.story(f"nothing was {kind} that {what} within {seconds:g} s")) from None
        self._last, self._is_answered = found["sid"], True
        return _line(found)

    def _do(self, act: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        """What has happened at this phone so far."""
        __tracebackhide__ = True
        self.answered()
        return self._act(act)

    def _act(self, act: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        __tracebackhide__ = True
        try:
            lines: Sequence[Mapping[str, Any]] = self._lab.post(self._path, act)["lines"]
            return lines
        except LabError as error:
            if error.code != _OF_CALL:
                raise
            wish = " ".join(f"{name}={value!r}" for name, value in act.items())
            raise NotHeard(self.story(f"{wish} came too late or too early")) from None

    def _became(self, *statuses: str, within: Within) -> str:
        __tracebackhide__ = True
        try:
            found = Expect(self._lab).call(CallSid=self.sid, CallStatus=statuses, within=within)
        except NotSo:
            raise NotHeard(self.story(f"it is not {' or '.join(statuses)}, but {self.status}")) from None
        return str(found["CallStatus"])

    def _recording(self, account: str, fields: Mapping[str, Any]) -> Recording:
        path = f"{account}/Recordings/{fields['sid']}/Transcriptions.json"
        texts = [each["transcription_text"] for each in self._lab.get(path)["transcriptions"]]
        seconds = int(fields["duration"] or -1)
        return Recording(
            sid=fields["sid"],
            status=fields["status"],
            duration=None if seconds < 0 else seconds,
            source=fields["source"],
            transcription=texts[0] if texts else None,
        )

    def _told(self, status: str, lines: Sequence[Line]) -> Iterator[str]:
        for line in lines:
            yield f"  {(line.at - self._began).total_seconds():7.1f} s  {line.kind:11}  {line.text!r}"
        if not lines:
            yield "  nothing was heard or said"
        documents = self.documents if status not in FINAL else []
        yield f"  the call is {status}{'' if documents else ', and no document runs'}"
        for each in documents:
            where = each["url"] or "a document given over REST"
            yield f"  line {each['line']} of {where} runs: {each['verb'] or each['waits_for'] or 'nothing yet'}"
            for number, text in enumerate((each["twiml"] or "").splitlines(), 1):
                yield f"  {'>' if number == each['line'] else ' '} {number:3} {text}"


def _line(fields: Mapping[str, Any]) -> Line:
    return Line(
        sid=fields["sid"],
        kind=fields["kind"],
        text=fields["text"],
        at=_moment(fields["at"]),
        seconds=fields.get("seconds") or 0.0,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
