"""A program runs twice at the same moment, in worlds of its own, on several processes that let everything go wrong:
what it sees is the same, and its idempotency keys keep every text single."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from application import on_a_thread
from installed import Home, Up

from localloop.testing import Faults, Lab

pytestmark = pytest.mark.long
PHONES = [f"+1555867{n:04}" for n in range(12)]
TRIES = 20
TOKEN = "t" * 32


class Program:
    """Three texts to each of twelve phones, asked for again until they are made; and what it is told of them."""

    def __init__(self, url: str, account_sid: str) -> None:
        self.lab = Lab(url, account_sid, TOKEN)
        self.answers: dict[str, list[int]] = defaultdict(list)
        self.made: dict[str, list[str]] = defaultdict(list)
        self.told: dict[str, list[tuple[str, str]]] = defaultdict(list)
        program = self

        class Callback(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = dict(parse_qsl(body))
                token = self.headers["I-Twilio-Idempotency-Token"]
                program.told[form["MessageSid"]].append((form["MessageStatus"], token))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Callback)

    def run(self) -> None:
        self._send("+15005550009", "the account is adopted")
        self.lab.post("Clock", {"Mode": "frozen"})
        with ThreadPoolExecutor(len(PHONES)) as threads:
            list(threads.map(self._texts, PHONES))
        self.lab.post("Clock", {"Advance": "2h", "Patience": 60}, timeout=90)
        self.lab.close()

    def _texts(self, phone: str) -> None:
        for text in ("one", "two", "three"):
            for _ in range(TRIES):
                if self._send(phone, text):
                    break

    def _send(self, phone: str, text: str) -> bool:
        wish = {
            "To": phone,
            "From": "+15017122661",
            "Body": text,
            "StatusCallback": f"http://127.0.0.1:{self.server.server_port}/status",
        }
        path = f"/2010-04-01/Accounts/{self.lab.account_sid}/Messages.json"
        headers = {**self.lab._headers, "Idempotency-Key": f"{phone} {text}"}
        request = Request(self.lab.url + path, urlencode(wish).encode(), headers)
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
                self.made[phone].append(json.load(answer)["sid"])
                self.answers[phone].append(answer.status)
                return True
        except HTTPError as error:
            self.answers[phone].append(error.code)
        except OSError:  # no answer at all
            self.answers[phone].append(0)
        return False

    def seen(self) -> dict[str, Any]:
        """Everything, but for SIDs and tokens: of each phone, by the order of sending."""
        return {phone: (self.answers[phone], [self._of(sid) for sid in self.made[phone]]) for phone in PHONES}

    def _of(self, sid: str) -> list[tuple[str, int]]:
        tokens = list(dict.fromkeys(token for _, token in self.told[sid]))
        return [(status, tokens.index(token)) for status, token in self.told[sid]]


@pytest.fixture
def home() -> Iterator[Home]:
    home = Home()
    yield home
    home.remove()


@pytest.fixture
def up(home: Home) -> Iterator[Up]:
    (home.folder / "localloop.toml").write_text("api_processes = 2\nworker_processes = 2\n")
    up = home.up("--ephemeral", "--message-rate", "0", "--chaos", "0.1", "--seed", "7")
    yield up
    up.destroy()


def test_two_runs_see_the_same(up: Up) -> None:
    programs = [Program(up.url, "AC" + digit * 32) for digit in "12"]
    with on_a_thread(programs[0].server), on_a_thread(programs[1].server), ThreadPoolExecutor(2) as threads:
        list(threads.map(Program.run, programs))
    first, second = [each.seen() for each in programs]
    assert first == second
    for program in programs:
        made = [sid for sids in program.made.values() for sid in sids]
        assert len(made) == len(set(made)) == 3 * len(PHONES) + 1
        assert set(program.told) <= set(made), "nothing was sent twice"
    kinds = {each.kind for each in Faults(programs[0].lab).applied()}
    programs[0].lab.close()
    assert {"webhook-drop", "webhook-duplicate", "webhook-reorder", "api-lose", "api-error"} <= kinds
