"""Writes what is published of the webhooks, from their declarations: schemas, AsyncAPI document, and the page of them.

`docs/schemas/<kind>.json`, `docs/asyncapi.json`, `docs/reference/webhooks.md`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from localloop.payloads.asyncapi import document
from localloop.payloads.kinds import KINDS, Declared, Kind, declared
from localloop.payloads.part import ALWAYS
from localloop.payloads.schema import schema_of

DOCS = Path(__file__).parents[1] / "docs"
HEAD = """# Webhooks

Every parameter of every webhook that localloop sends, and of those that it can
[simulate](../how-to/test-your-webhooks.md). This page, the JSON Schemas and the
[AsyncAPI document](../asyncapi.json) of what is sent are made from the declarations that the code sends from
(`python -m scripts.webhooks`), and every webhook that localloop's own tests receive is held against them. Parameters
are strings; new ones may come at any time. How webhooks are sent, signed and tried again is another
[page](../concepts/webhooks.md).
"""


def published() -> dict[Path, str]:
    """Every file, as it should be."""
    files = {DOCS / "schemas" / f"{kind.name}.json": _json(schema_of(kind)) for kind in KINDS.values()}
    return {
        **files,
        DOCS / "asyncapi.json": _json(document()),
        DOCS / "reference" / "webhooks.md": page(),
    }


def page() -> str:
    """The page of all kinds."""
    parts = [HEAD, "| Kind | | Sent to | Answer |\n| --- | --- | --- | --- |"]
    parts += [
        f"| [`{kind.name}`](#{kind.name}) | {kind.title} | {_plain(kind.asked_for)} | {_answer(kind)} |"
        for kind in KINDS.values()
    ]
    parts += [_section(kind) for kind in KINDS.values()]
    return "\n".join(parts) + "\n"


def _section(kind: Kind) -> str:
    lines = [
        f"\n## {kind.name}\n",
        f"{kind.title}: what is sent to {_plain(kind.asked_for)}. [JSON Schema](../schemas/{kind.name}.json).",
    ]
    lines.append("\n| Parameter | | When | Example |\n| --- | --- | --- | --- |")
    lines += [_row(each) for each in declared(kind.name)]
    return "\n".join(lines)


def _row(each: Declared) -> str:
    parameter = each.parameter
    meaning = parameter.meaning
    if len(parameter.values) > 1:
        meaning += f": {', '.join(f'`{value}`' for value in parameter.values)}"
    when = "" if parameter.when == ALWAYS else parameter.when
    if not each.is_sent:
        when += " (simulated only)"
    name = f"{parameter.name}{'{N}' if each.is_numbered else ''}"
    return f"| `{name}` | {meaning} | {_plain(when)} | `{parameter.example}` |"


def _answer(kind: Kind) -> str:
    return kind.answer if kind.is_instruction else "not looked at"


def _plain(text: str) -> str:
    """Verbs are no HTML."""
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, text in published().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
