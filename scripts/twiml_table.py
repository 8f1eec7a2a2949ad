"""Writes docs/reference/twiml.md: every verb, noun and attribute of a call's documents, and what becomes of it here.

The names, values and defaults are those of the grammar; what becomes of each is said by tests/twiml.toml.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Final

from localloop.core.errors import title
from localloop.twiml.script import SCHEMA
from localloop.twiml.voice import grammar
from localloop.twiml.voice.grammar import Attribute, Node

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "reference" / "twiml.md"
ROWS: Final = ROOT / "tests" / "twiml.toml"
ITSELF: Final = "is"
_BELOW: Final = "tests/unit/twiml/"

HEAD = """# TwiML of calls

Every verb, noun and attribute that a document of a call may have, with what becomes of it. The list is that of the
official Python package (a test holds the two together); this page is made from the grammar that the code reads
documents by (`python -m scripts.twiml_table`).

- **behaves**: a test, which is named, shows it.
- **waits**: checked and kept; carried out when what it waits for arrives.
- **differs**: from Twilio, and how.

A bad value is told to the Debugger with the code of its row, and the default holds; where Twilio calls the code an
error (**E**), the document ends at that verb: the fallback URL is asked, or the caller hears an apology. Names are
case-sensitive; what is not listed is warned of (12200) and passed over.
"""
_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "Speaking": ("Say", "Play", "Pause"),
    "SSML inside `<Say>`": tuple(key for key in grammar.NODES if key.startswith("Ssml")),
    "Listening": ("Gather", "Record", "Pay", "Prompt", "Echo"),
    "Calling others": (
        *("Dial", "Number", "Client", "Identity", "Sip", "SipUri", "Headers", "Header", "Sim"),
        *("WhatsApp", "Application", "ApplicationSid", "Parameter", "Refer", "ReferSip"),
    ),
    "Rooms and queues": ("Conference", "Queue", "Enqueue", "Task", "Leave"),
    "The flow": ("VoiceResponse", "Redirect", "Hangup", "Reject"),
    "Messages": ("Sms", "Message", "Body", "Media"),
    "Services": (
        *("Start", "Stop", "Connect", "Stream", "Siprec", "Transcription", "Recording", "Config"),
        *("ConversationRelay", "Language", "ConversationRelaySession", "AiSession", "VirtualAgent", "Room"),
        *("Conversation", "Autopilot"),
    ),
}


def rows() -> Mapping[str, Mapping[str, str]]:
    """By key of the grammar and attribute: what becomes of it."""
    return tomllib.loads(ROWS.read_text())


def proof(value: str) -> str | None:
    """The test that a row names, from the root of the project."""
    if "::" not in value:
        return None
    return value if value.startswith("tests/") else f"{_BELOW}{value}"


def page() -> str:
    said = rows()
    counts = Counter(_state(value) for each in said.values() for value in each.values())
    parts = [HEAD, _summary(counts)]
    for group, keys in _GROUPS.items():
        parts.append(f"## {group}\n")
        parts += [_section(key, said[key]) for key in keys]
    return "\n".join(parts)


def _summary(counts: Mapping[str, int]) -> str:
    names = ("behaves", "waits", "differs")
    total = sum(counts.values())
    return f"Of {total} rows: {', '.join(f'{counts[name]} {name}' for name in names)}.\n"


def _state(value: str) -> str:
    return "behaves" if proof(value) else value.partition(":")[0]


def _section(key: str, said: Mapping[str, str]) -> str:
    node = grammar.NODES[key]
    lines = [f"### &lt;{node.tag}&gt;{_place(key)}\n", f"{_fate(said[ITSELF])}\n", *_inside(node)]
    if node.attributes:
        lines += ["| Attribute | Values | Default | If wrong | Here |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(node, attribute, said[attribute.name]) for attribute in node.attributes]
        lines.append("")
    return "\n".join(lines)


def _place(key: str) -> str:
    """Where two elements have the same tag, where this one stands."""
    return {"ReferSip": " in `<Refer>`", "SipUri": " in `<Sip>`"}.get(key, "")


def _inside(node: Node) -> Iterator[str]:
    children = ", ".join(f"`<{grammar.NODES[child].tag}>`" for child in node.children)
    stray = f" Anything else: {node.stray}." if node.stray != SCHEMA else ""
    inside = " and ".join(part for part in (node.text, children) if part)
    if inside:
        yield f"Inside: {inside}.{stray}\n"


def _row(node: Node, attribute: Attribute, value: str) -> str:
    default = _written(grammar.default_of(node, attribute))
    return (
        f"| `{attribute.name}` | {_cell(str(attribute.kind))} | {default} | {_code(attribute)} "
        f"| {_fate(value)} |"
    )


def _written(default: object) -> str:
    if default in (None, "", ()):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{' '.join(default) if isinstance(default, tuple) else default}`"


def _code(attribute: Attribute) -> str:
    level = " **E**" if attribute.ends_document else ""
    hint = f'<abbr title="{escape(title(attribute.code))}">{attribute.code}</abbr>'
    return f"{hint}{level}"


def _fate(value: str) -> str:
    test = proof(value)
    if test is None:
        return _cell(value)
    return f"behaves: `{test.removeprefix(_BELOW)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;")


if __name__ == "__main__":
    PAGE.write_text(page())
