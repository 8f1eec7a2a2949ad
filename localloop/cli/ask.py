"""Commands that ask a running localloop: status, text, inbox and console."""

from __future__ import annotations

import webbrowser
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from localloop.cli.client import Client, Failed, Refused, connect, note_of

_LOOKED_AT = 100  # texts, for a code
_PATIENCE_S = 10.0  # beyond the wait that the server was asked for


def status(data: str) -> None:
    """Raises Failed when nothing answers, Refused when it is not well."""
    client = connect(data)
    client.get("/health", timeout=5.0)
    client.get("/ready", timeout=5.0)
    print(f"localloop is up: {client.url}")
    print(f"  account SID   {client.account_sid}")
    note = note_of(client, data)
    if note is not None:
        print(f"  process       {note.pid}, since {note.started}")
        print(f"  data          {note.data} ({note.database} database)")
    print("  health        ready")


class Texted(Struct, frozen=True, kw_only=True):
    """What somebody does on a simulated phone."""

    number: str
    body: str
    to: str
    media: Sequence[str] = ()
    press: str | None = None
    name: str | None = None


def text(data: str, texted: Texted) -> None:
    """A text from a simulated phone, or a button that is pressed there."""
    if not (texted.body or texted.media or texted.press):
        raise Failed("there is nothing to send: give a body, --media or --press")
    wanted = {
        "To": texted.to,
        "Body": texted.body or None,
        "MediaUrl": list(texted.media),
        "Press": texted.press,
        "ProfileName": texted.name,
    }
    answer = connect(data).post(_messages(texted.number), wanted)
    print(answer.get("message_sid") or answer["sid"])


def inbox(data: str, number: str, wait: float | None, since: str, limit: int) -> None:
    """What a phone received and sent, newest first; with `wait`, once it receives something more.

    A text that was there before we were called is no answer to a wait, unless `since` says from when on they are.
    """
    client = connect(data)
    if wait is not None:
        _await_text(client, number, wait, {"Since": since} if since else _after_newest(client, number))
    for message in client.get(_messages(number), {"PageSize": limit})["messages"]:
        _show(message)


def code(data: str, number: str, wait: float | None, since: str) -> None:
    """The newest one-time code on a phone, alone on its line; with `wait`, of a text that comes, or came `since`."""
    client = connect(data)
    if wait is not None:
        wanted = {"Has": "code", **({"Since": since} if since else _after_newest(client, number))}
        found = [_await_text(client, number, wait, wanted)]
    else:
        found = client.get(_messages(number), {"PageSize": _LOOKED_AT, "Direction": "received"})["messages"]
    codes = [each for message in found for each in message["codes"][:1]]
    if not codes:
        raise Failed(f"{number} has received no code")
    print(codes[0])


def _after_newest(client: Client, number: str) -> dict[str, str]:
    held = client.get(_messages(number), {"PageSize": 1})["messages"]
    return {"After": held[0]["sid"]} if held else {}


def _await_text(client: Client, number: str, wait: float, beginning: Mapping[str, str]) -> Any:
    params = {"Timeout": wait, "Direction": "received", **beginning}
    try:
        return client.get(f"{_messages(number)}/Wait", params, timeout=wait + _PATIENCE_S)
    except Refused as error:
        if error.status == 408:
            what = "no code" if beginning.get("Has") else "nothing"
            raise Failed(f"{what} came to {number} within {wait:g} s") from None
        raise


def console(data: str, open_it: bool) -> None:
    """A new one-time link to the console."""
    link = connect(data).post("/console/api/links", {})["url"]
    print(link)
    if open_it and not webbrowser.open(link):
        raise Failed("no browser can be opened here; open the link above yourself")


def add_user(data: str, name: str, password: str) -> None:
    """A user who may sign in to the console with a password, or a new password of one."""
    client = connect(data)
    client.post("/console/api/users", {"name": name, "password": password})
    print(f"{name} may sign in at {client.url}/console/")


def _messages(number: str) -> str:
    return f"/lab/v1/Phones/{quote(number, safe='+')}/Messages"


def _show(message: Mapping[str, Any]) -> None:
    other = f"from {message['from']}" if message["direction"] == "received" else f"to {message['to']}"
    print(f"{message['date_created']}  {message['direction']} {other}: {message['body']}")
    content = message.get("content") or {}
    for button in (*content.get("actions", ()), *content.get("items", ())):
        print(f"  [{button.get('title') or button.get('item')}]")
    for item in message.get("media") or []:
        print(f"  {item.get('url', item) if isinstance(item, dict) else item}")
