"""What people may answer to stop, start and understand a conversation: pure.

Sources: Twilio's "Support for opt-out keywords (SMS STOP filtering)", "Opt-out keyword handling for Toll-Free SMS" and
"Getting started with Advanced Opt-Out for Messaging Services".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

Kind: TypeAlias = Literal["STOP", "START", "HELP"]
Mode: TypeAlias = Literal["default", "advanced", "off"]

DEFAULTS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), "STOP"),
    **dict.fromkeys(("START", "YES", "UNSTOP"), "START"),
    **dict.fromkeys(("HELP", "INFO"), "HELP"),
}
REPLIES: Final[Mapping[Kind, str]] = {
    "STOP": (
        "You have successfully been unsubscribed. You will not receive any more messages from this number."
        " Reply START to resubscribe."
    ),
    "START": (
        "You have successfully been re-subscribed to messages from this number. Reply HELP for help."
        " Reply STOP to unsubscribe. Msg&Data Rates May Apply."
    ),
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}
# What the network itself says for a toll-free number, whatever its account wants.
TOLL_FREE_STOP: Final = (
    'NETWORK MSG: You replied with the word "stop" which blocks all texts sent from this number.'
    ' Text back "unstop" to receive messages again.'
)
TOLL_FREE_START: Final = (
    'NETWORK MSG: You have replied "{word}" and will begin receiving messages again from this number.'
)
_LONGEST: Final = 160
# Not to be taken away, whatever is customised.
_FIRM: Final = ("STOP", "START", "HELP")


class Entry(Struct, frozen=True, kw_only=True):
    """Keywords of one kind and what they are answered, for one country and language or for all of them."""

    type: Kind
    keywords: tuple[str, ...] = ()
    reply: str = ""
    country: str = ""  # ISO 3166; "" = wherever nothing else is said
    language: str = ""  # for people to read: the keywords themselves tell the language


class Handling(Struct, frozen=True, kw_only=True):
    """How a messaging service, or one sender, takes keywords."""

    mode: Mode = "default"
    entries: tuple[Entry, ...] = ()


class Heard(Struct, frozen=True, kw_only=True):
    """What a text means."""

    kind: Kind
    word: str  # as it was sent, in capitals
    reply: str = ""  # of the application's number; "" = none
    network: str = ""  # of the network, besides
    opt_out_type: Kind | None = None  # what the webhook is told
    is_custom: bool = False  # the reply is the account's own: it is sent whether or not anything changed


DEFAULT: Final = Handling()


def word_of(body: str | None) -> str:
    """The one word that a text consists of, in capitals; "" for a longer one."""
    text = (body or "").strip()
    return text.upper() if len(text) <= _LONGEST else ""


def hear(word: str, handling: Handling, *, toll_free: bool = False, country: str = "") -> Heard | None:
    """What this word means to who takes it so; None when it means nothing."""
    heard = _customised(word, handling, country) if handling.mode == "advanced" else None
    if heard is None and handling.mode == "default" and word in DEFAULTS:
        kind = DEFAULTS[word]
        heard = Heard(kind=kind, word=word, reply=REPLIES[kind])
    return _by_network(word, heard) if toll_free else heard


def _customised(word: str, handling: Handling, country: str) -> Heard | None:
    """The recipient's country first, then what holds everywhere."""
    for wanted in dict.fromkeys((country, "")):
        for entry in handling.entries:
            if entry.country == wanted and word in _words(entry):
                return Heard(
                    kind=entry.type, word=word, reply=entry.reply, opt_out_type=entry.type, is_custom=True
                )
    if word in _FIRM:
        kind = DEFAULTS[word]
        return Heard(kind=kind, word=word, reply=REPLIES[kind], opt_out_type=kind, is_custom=True)
    return None


def _words(entry: Entry) -> tuple[str, ...]:
    return tuple(keyword.strip().upper() for keyword in entry.keywords)


def _by_network(word: str, heard: Heard | None) -> Heard | None:
    """STOP is the network's, and only START and UNSTOP undo it; its own text comes instead of, or before, ours."""
    told = heard.opt_out_type if heard is not None else None
    if word == "STOP":
        return Heard(kind="STOP", word=word, network=TOLL_FREE_STOP, opt_out_type=told)
    if word in ("START", "UNSTOP"):
        reply = heard.reply if heard is not None and heard.is_custom else ""
        network = TOLL_FREE_START.format(word=word.lower())
        return Heard(kind="START", word=word, reply=reply, network=network, opt_out_type=told)
    if heard is not None and heard.kind == "START":
        return None
    return heard
