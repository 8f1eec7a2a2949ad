"""Messaging TwiML: what a document asks for in answer to a message, as commands in order.

Nothing is sent here. Bad attributes are notices and the document goes on, as Twilio does: a message that cannot
go out is left out, everything else takes its default. The caller sends, follows redirects within its limit
(14106) and checks what only it can know (14107, 14108, 14111).
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from localloop.core import e164
from localloop.twiml.document import Content, Element
from localloop.twiml.script import SCHEMA, URL_FORMAT, Notice, Notices, absolute, method_of

MAX_MESSAGES: Final = 10
MAX_MEDIA: Final = 10
MAX_BODY: Final = 1600

INVALID_TO: Final = 14101
INVALID_FROM: Final = 14102
INVALID_BODY: Final = 14103
INVALID_METHOD: Final = 14104
INVALID_STATUS_CALLBACK: Final = 14105
TOO_MANY_MESSAGES: Final = 14109
WRONG_VERB: Final = 14110
TOO_MANY_MEDIA: Final = 21623

_MESSAGE_ATTRIBUTES: Final = frozenset({"to", "from", "action", "method", "statusCallback"})
_REDIRECT_ATTRIBUTES: Final = frozenset({"method"})
_VOICE_VERBS: Final = frozenset(
    "Connect Dial Echo Enqueue Gather Hangup Leave Pause Pay Play Prompt Queue Record Refer Reject Say Siprec "
    "Start Stop Stream Transcription".split()
)


class Message(Struct, frozen=True):
    """Send this; None for `to` is the sender of the message answered, None for `from_` the number it was for."""

    body: str = ""
    media: tuple[str, ...] = ()
    to: str | None = None
    from_: str | None = None
    status_callback: str | None = None
    action: str | None = None
    method: str = "POST"
    legacy: bool = False  # <Sms>: its callbacks speak of SmsSid and SmsStatus


class Redirect(Struct, frozen=True):
    """Go on with the document at this URL; nothing after it is reachable."""

    url: str
    method: str = "POST"


Command = Message | Redirect


class Script(Struct, frozen=True):
    """All that one document asks for."""

    commands: tuple[Command, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(command for command in self.commands if isinstance(command, Message))

    @property
    def redirect(self) -> Redirect | None:
        last = self.commands[-1] if self.commands else None
        return last if isinstance(last, Redirect) else None


def run(content: Content, base_url: str = "", default_country: str = "US") -> Script:
    """Interpret what `document.read` found at `base_url`.

    `default_country` is that of the number answered: numbers in a document without `+` belong to it.
    """
    interpreter = _Interpreter(base_url, default_country)
    if isinstance(content, str):
        interpreter.text(content)
    elif content is not None:
        interpreter.document(content)
    return Script(tuple(interpreter.commands), interpreter.notices.all())


class _Interpreter:
    """One run over one document."""

    def __init__(self, base_url: str, default_country: str) -> None:
        self.commands: list[Command] = []
        self.notices = Notices()
        self._base_url = base_url
        self._country = default_country
        self._overflowed = False

    def text(self, text: str) -> None:
        body = text.strip()
        if body and self._fits(body, None):
            self.commands.append(Message(body))

    def document(self, root: Element) -> None:
        self.notices.unknown_attributes(root, ())
        if root.text.strip():
            self.notices.add(SCHEMA, "text directly in <Response> means nothing", root)
        for verb in root.elements():
            if self._verb(verb) is not None:
                return

    def _verb(self, verb: Element) -> Redirect | None:
        """Add the commands of one verb; a redirect ends the document."""
        if verb.name in ("Message", "Sms"):
            self._message(verb)
        elif verb.name == "Redirect":
            return self._redirect(verb)
        elif verb.name in _VOICE_VERBS:
            self.notices.add(WRONG_VERB, f"<{verb.name}> is a verb for calls", verb)
        else:
            self.notices.add(SCHEMA, f"<{verb.name}> is no verb", verb)
        return None

    def _message(self, verb: Element) -> None:
        if len(self.commands) >= MAX_MESSAGES:
            if not self._overflowed:
                self.notices.add(TOO_MANY_MESSAGES, f"only the first {MAX_MESSAGES} messages are sent", verb)
            self._overflowed = True
            return
        legacy = verb.name == "Sms"
        self.notices.unknown_attributes(verb, _MESSAGE_ATTRIBUTES)
        self.notices.unknown_children(verb, () if legacy else ("Body", "Media"))
        body = verb.text.strip() if legacy else self._body(verb)
        media = () if legacy else self._media(verb)
        to, to_is_good = self._address(verb, "to", INVALID_TO)
        from_, from_is_good = self._address(verb, "from", INVALID_FROM)
        if not (to_is_good and from_is_good and self._fits(body, verb, media)):
            return
        self.commands.append(
            Message(
                body=body,
                media=media,
                to=to,
                from_=from_,
                status_callback=self._url(verb, "statusCallback", INVALID_STATUS_CALLBACK),
                action=self._url(verb, "action", URL_FORMAT),
                method=method_of(verb, self.notices, INVALID_METHOD),
                legacy=legacy,
            )
        )

    def _body(self, verb: Element) -> str:
        """The text of `<Body>`, else the text directly inside; the layout around it is no part of it."""
        bodies = [child for child in verb.elements() if child.name == "Body"]
        if not bodies:
            return verb.text.strip()
        if len(bodies) > 1 or verb.text.strip():
            self.notices.add(SCHEMA, "a message has one body; the first <Body> is sent", verb)
        self.notices.unknown_children(bodies[0])
        return bodies[0].text.strip()

    def _media(self, verb: Element) -> tuple[str, ...]:
        media = []
        for child in verb.elements():
            if child.name == "Media":
                url = absolute(child.text, self._base_url) if child.text.strip() else None
                if url is None:
                    self.notices.add(URL_FORMAT, f"media {child.text.strip()!r} is no URL", child)
                else:
                    media.append(url)
        if len(media) > MAX_MEDIA:
            self.notices.add(TOO_MANY_MEDIA, f"only the first {MAX_MEDIA} media are sent", verb)
        return tuple(media[:MAX_MEDIA])

    def _fits(self, body: str, verb: Element | None, media: tuple[str, ...] = ()) -> bool:
        if len(body) > MAX_BODY:
            self.notices.add(INVALID_BODY, f"{len(body)} characters, {MAX_BODY} are allowed", verb)
            return False
        if not body and not media:
            self.notices.add(INVALID_BODY, "there is neither text nor media", verb)
            return False
        return True

    def _address(self, verb: Element, name: str, code: int) -> tuple[str | None, bool]:
        """The address in this attribute, and whether the message may go out with it."""
        raw = verb.attributes.get(name, "").strip()
        if not raw:
            return None, True
        address = e164.address(raw, self._country)
        if address.kind == "invalid" or (name == "to" and address.kind == "alphanumeric"):
            self.notices.add(code, f"{name} {raw!r} is no address", verb)
            return None, False
        return str(address), True

    def _url(self, verb: Element, name: str, code: int) -> str | None:
        raw = verb.attributes.get(name, "").strip()
        if not raw:
            return None
        url = absolute(raw, self._base_url)
        if url is None:
            self.notices.add(code, f"{name} {raw!r} is no URL", verb)
        return url

    def _redirect(self, verb: Element) -> Redirect | None:
        self.notices.unknown_attributes(verb, _REDIRECT_ATTRIBUTES)
        self.notices.unknown_children(verb)
        target = verb.text.strip()
        # An empty <Redirect/> asks for the document itself again.
        url = absolute(target, self._base_url)
        if url is None:
            self.notices.add(URL_FORMAT, f"<Redirect> to {target!r}, which is no URL", verb)
            return None
        redirect = Redirect(url, method_of(verb, self.notices, INVALID_METHOD))
        self.commands.append(redirect)
        return redirect
