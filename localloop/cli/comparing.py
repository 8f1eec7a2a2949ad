"""`localloop compare`: a recording replayed against a localloop, and what was answered otherwise."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote, urlsplit

import msgspec

from localloop.cli.client import Client, Failed, Refused, connect
from localloop.core import sids
from localloop.intercept.comparison import Difference, Report, Target, Text, compare
from localloop.intercept.recording import Answer, Damaged, Recording, Request, read

_TIMEOUT_S: Final = 60.0
_TWILIO: Final = ".twilio.com"
_NOTHING: Final = Answer(status=204)
_WHAT: Final = {
    "status": "HTTP status",
    "code": "error code",
    "header": "header",
    "missing": "missing here",
    "extra": "only here",
    "type": "type",
    "null": "null",
    "paging": "paging",
    "callback": "callback",
}


def compare_file(data: str, file: Path, wait: float, as_json: bool) -> bool:
    """Whether nothing differs. Raises Failed and Refused."""
    recording = load(file)
    client = _stranger(connect(data))
    with Catcher(recording) as catcher:
        target = Target(
            account_sid=client.account_sid,
            auth_token=client.auth_token,
            ask=lambda request: _ask(client.url, request),
            callbacks=catcher,
            pause=time.sleep,
            text=lambda text: _receive(client, text),
            patience_s=wait,
        )
        report = compare(recording, target)
    if as_json:
        print(json.dumps(msgspec.to_builtins(report), indent=2, ensure_ascii=False))
    else:
        _print(report)
    return not report.differences


def load(file: Path) -> Recording:
    """Raises Failed."""
    try:
        with file.open("rb") as lines:
            return read(lines)
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}") from None
    except Damaged as error:
        raise Failed(f"{file}: {error}") from None


class Catcher:
    """The program in the replay: takes the callbacks, and answers them as the program did."""

    def __init__(self, recording: Recording) -> None:
        self._answers: defaultdict[str, deque[Answer]] = defaultdict(deque)
        for exchange in recording.exchanges:
            if exchange.kind == "callback" and exchange.answer is not None:
                self._answers[_place(exchange.request.url)].append(exchange.answer)
        self._came: list[Request] = []
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def came(self) -> Sequence[Request]:
        with self._changed:
            return tuple(self._came)

    def wait(self, is_enough: Callable[[], bool], seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(is_enough, seconds)

    def take(self, request: Request) -> Answer:
        with self._changed:
            self._came.append(request)
            self._changed.notify_all()
            answers = self._answers[_place(request.path)]
            return answers.popleft() if len(answers) > 1 else answers[0] if answers else _NOTHING


def _place(url: str) -> str:
    """`https://example.com/a?b` and `/https/example.com/a` are one place."""
    return url.partition("?")[0].replace("://", "/").lstrip("/")


def _answering(catcher: Catcher) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode("utf-8", "replace")
            headers = tuple(self.headers.items())
            url = f"{catcher.url}{self.path}"
            answer = catcher.take(Request(method=self.command, url=url, headers=headers, body=body))
            content = (answer.body or "").encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.header("Content-Type") or "text/plain")
            if answer.status != _NOTHING.status:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 - named by http.server

        def log_message(self, *_: object) -> None: ...

    return Answering


def _stranger(client: Client) -> Client:
    """An account that has nothing yet, where accounts come into being when they are first used; else the given one."""
    fresh = Client(client.url, sids.new("AC"), sids.new_secret())
    try:
        fresh.get(f"/2010-04-01/Accounts/{fresh.account_sid}.json")
    except Refused as refused:
        if refused.status != 401:
            raise
        return client
    return fresh


def _receive(client: Client, text: Text) -> str | None:
    """A text from a simulated phone to a number of the account, which is bought for it; None when it cannot be."""
    numbers = f"/2010-04-01/Accounts/{client.account_sid}/IncomingPhoneNumbers"
    try:
        owned = client.get(f"{numbers}.json", {"PhoneNumber": text.to})["incoming_phone_numbers"]
        if owned:
            client.post(f"{numbers}/{owned[0]['sid']}.json", {"SmsUrl": text.url})
        else:
            client.post(f"{numbers}.json", {"PhoneNumber": text.to, "SmsUrl": text.url})
        phone = f"/lab/v1/Phones/{quote(text.from_, safe='+')}/Messages"
        sent = client.post(phone, {"To": text.to, "Body": text.body or " "})
    except Refused:
        return None
    sid: str | None = sent.get("message_sid")
    return sid


def _ask(url: str, request: Request) -> Answer:
    """A request as it was recorded, `Host` included, to the localloop at `url`. Raises Failed."""
    ours, theirs = urlsplit(url), urlsplit(request.url)
    kind = HTTPSConnection if ours.scheme == "https" else HTTPConnection
    connection = kind(ours.hostname or "", ours.port, timeout=_TIMEOUT_S)
    host = theirs.netloc if request.host.endswith(_TWILIO) else ours.netloc
    target = f"{theirs.path}?{theirs.query}" if theirs.query else theirs.path
    try:
        connection.request(
            request.method, target, (request.body or "").encode(), {"Host": host, **dict(request.headers)}
        )
        answer = connection.getresponse()
        return Answer(status=answer.status, headers=tuple(answer.getheaders()), body=_text(answer.read()))
    except (OSError, HTTPException) as error:
        raise Failed(f"the localloop at {url} does not answer: {error}") from None
    finally:
        connection.close()


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _print(report: Report) -> None:
    operation = ""
    for found in report.differences:
        if found.operation != operation:
            operation = found.operation
            print(operation)
        print(_line(found))
    if report.differences:
        print()
    for skipped in report.skipped:
        print(f"not replayed: {skipped.request} {skipped.operation}: {skipped.reason}")
    if report.plain:
        print(f"plain here, in the right shape but without effect: {', '.join(report.plain)}")
    count = len(report.differences)
    print(
        f"{report.replayed} requests and {report.callbacks} callbacks compared, "
        f"{count or 'no'} difference{'' if count == 1 else 's'}"
    )


def _line(found: Difference) -> str:
    sides = " → ".join(side for side in (found.there, found.here) if side)
    times = f"  ×{found.times}" if found.times > 1 else ""
    return f"  {f'#{found.request}':>5}  {_WHAT[found.kind]:<12}  {found.where:<28}  {sides}{times}".rstrip()
