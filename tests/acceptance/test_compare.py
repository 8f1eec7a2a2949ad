"""`localloop compare`: a recording of one localloop, with differences planted on the way, replayed against another."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from localloop_process import COMMAND, Credentials, new_world, running
from planting import Planted, Planter, Said
from recorded import recording

from localloop.intercept.recording import Scrubber

_WAIT_S = 30.0


@pytest.fixture(scope="module")
def service() -> Iterator[Credentials]:
    with running("--single") as up:
        yield up


@pytest.fixture(scope="module")
def here() -> Iterator[Credentials]:
    with running("--single") as up:
        yield up


class Told:
    """The program's own server: it answers callbacks, and remembers what they said."""

    def __init__(self) -> None:
        self.came: list[bytes] = []
        self._changed = threading.Condition()
        told = self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                self.send_response(204)
                self.end_headers()
                with told._changed:
                    told.came.append(body)
                    told._changed.notify_all()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def wait(self, said: bytes) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: any(said in body for body in self.came), _WAIT_S)


@pytest.fixture
def told() -> Iterator[Told]:
    program = Told()
    thread = threading.Thread(target=program.server.serve_forever, daemon=True)
    thread.start()
    yield program
    program.server.shutdown()
    thread.join()
    program.server.server_close()


class Program:
    """What an application asks in the course of a day."""

    def __init__(self, url: str, account: Credentials, callback: str) -> None:
        self._url, self._account, self._callback = url, account, callback
        self._session = requests.Session()
        self._api = f"/2010-04-01/Accounts/{account.account_sid}"

    def ask(self, method: str, path: str, product: str = "api", **given: Any) -> requests.Response:
        headers = {"Host": f"{product}.twilio.com"}
        given.setdefault("auth", self._account.auth)
        return self._session.request(
            method, f"{self._url}{path}", headers=headers, allow_redirects=False, timeout=_WAIT_S, **given
        )

    def text(self, body: str, **more: str) -> Any:
        form = {"From": "+14155550110", "To": "+14155550111", "Body": body, **more}
        return self.ask("POST", f"{self._api}/Messages.json", data=form).json()

    def run(self, told: Told) -> None:
        first = self.text("one", StatusCallback=f"{self._callback}/status?order=7")
        told.wait(b"MessageStatus=delivered")
        second = self.text("two", MediaUrl="https://example.com/picture.png")
        self.text("three")
        self.ask("GET", f"{self._api}/Messages/{first['sid']}.json")
        self.ask("GET", f"{self._api}/Messages/{first['sid']}")  # XML
        page = self.ask("GET", f"{self._api}/Messages.json?PageSize=2").json()
        self.ask("GET", page["next_page_uri"])
        self._media(second["sid"])
        self._refused()
        self._products()
        self._receive(self._number(), told)
        self.ask("DELETE", f"{self._api}/Messages/{first['sid']}.json")

    def _media(self, sid: str) -> None:
        path = f"{self._api}/Messages/{sid}/Media"
        media = self.ask("GET", f"{path}.json").json()["media_list"][0]["sid"]
        self.ask("GET", f"{path}/{media}")

    def _refused(self) -> None:
        self.ask("GET", f"{self._api}/Messages/SM{'0' * 32}.json")
        self.ask("POST", f"{self._api}/Messages.json", data={"From": "+14155550110", "Body": "to nobody"})
        self.ask("GET", f"{self._api}/Messages.json", auth=(self._account.account_sid, "wrong"))

    def _products(self) -> None:
        for name in ("Shop", "Bank"):
            self.ask("POST", "/v2/Services", "verify", data={"FriendlyName": name})
        page = self.ask("GET", "/v2/Services?PageSize=1", "verify").json()["meta"]
        if page["next_page_url"]:
            self.ask("GET", page["next_page_url"].partition(".com")[2], "verify")
        sync = self.ask("POST", "/v1/Services", "sync", data={"FriendlyName": "Shop"}).json()["sid"]
        made = self.ask("POST", f"/v1/Services/{sync}/Documents", "sync", data={"Data": '{"a": 1}'}).json()
        self.ask("GET", f"/v1/Services/{sync}/Documents/{made['sid']}", "sync")

    def _number(self) -> str:
        path = f"{self._api}/AvailablePhoneNumbers/US/Local.json"
        found = self.ask("GET", f"{path}?AreaCode=415&PageSize=2").json()["available_phone_numbers"]
        data = {"PhoneNumber": found[1]["phone_number"], "SmsUrl": f"{self._callback}/sms"}
        number = self.ask("POST", f"{self._api}/IncomingPhoneNumbers.json", data=data).json()
        self.ask("GET", f"{self._api}/IncomingPhoneNumbers/{number['sid']}.json")
        return str(number["phone_number"])

    def _receive(self, number: str, told: Told) -> None:
        """Somebody's text, which the program then looks up."""
        phone = f"{self._account.url}/lab/v1/Phones/+12125550133/Messages"
        text = {"To": number, "Body": "is it open?"}
        sent = requests.post(phone, auth=self._account.auth, data=text, timeout=_WAIT_S).json()
        told.wait(b"SmsStatus=received")
        self.ask("GET", f"{self._api}/Messages/{sent['message_sid']}.json")


def without(*names: str) -> Callable[[Said], None]:
    """Without this field, below these others."""

    def change(said: Said) -> None:
        record = said.json
        for name in names[:-1]:
            record = record[name]
        del record[names[-1]]

    return change


def with_(value: Any, *names: Any) -> Callable[[Said], None]:
    def change(said: Said) -> None:
        record = said.json
        for name in names[:-1]:
            record = record[name]
        record[names[-1]] = value

    return change


def without_header(name: str) -> Callable[[Said], None]:
    return lambda said: said.headers.pop(name.title())  # type: ignore[func-returns-value]


def with_header(name: str, value: str) -> Callable[[Said], None]:
    return lambda said: said.headers.update({name: value})


def with_status(status: int) -> Callable[[Said], None]:
    return lambda said: setattr(said, "status", status)


def turned(said: Said) -> None:
    if said.json["page"] == 0:
        said.json["messages"].reverse()


def without_parameter(name: str) -> Callable[[Said], None]:
    return lambda said: said.form.pop(name)  # type: ignore[union-attr]


API = r"/2010-04-01/Accounts/\w+"
MESSAGES, MESSAGE = rf"{API}/Messages\.json", rf"{API}/Messages/SM\w+\.json"
REST = [
    Planted("POST", MESSAGES, without("num_media"), status=201),
    Planted("POST", MESSAGES, with_("Acme", "carrier"), status=201),
    Planted("POST", MESSAGES, with_(1, "num_segments"), status=201),
    Planted("POST", MESSAGES, without("subresource_uris", "media"), status=201),
    Planted("POST", MESSAGES, with_("2026-01-31T12:00:00Z", "date_created"), status=201),
    Planted("GET", MESSAGE, with_(None, "account_sid"), status=200),
    Planted("GET", MESSAGE, with_status(203), status=200),
    Planted("GET", MESSAGES, with_(50, "page_size"), status=200),
    Planted("GET", MESSAGES, turned, status=200),
    Planted("GET", "/v2/Services", with_(None, "meta", "next_page_url")),
    Planted("GET", MESSAGE, with_(20003, "code"), status=404),
    Planted("POST", MESSAGES, without("more_info"), status=400),
    Planted("GET", MESSAGES, without_header("WWW-Authenticate"), status=401),
    Planted("POST", "/v2/Services", with_status(200)),
    Planted("GET", rf"{API}/AvailablePhoneNumbers/US/Local\.json", without_header("Twilio-Request-Id")),
    Planted("GET", rf"{API}/Messages/SM\w+", with_header("Content-Type", "text/html")),
    Planted("GET", rf"{API}/Messages/MM\w+/Media/ME\w+", without_header("Location")),
    Planted("GET", rf"{API}/IncomingPhoneNumbers/PN\w+\.json", with_("yes", "capabilities", "mms")),
    Planted("GET", r"/v1/Services/IS\w+/Documents/ET\w+", without_header("ETag")),
]
CALLBACK = Planted("POST", "/status", without_parameter("ApiVersion"), in_request=True)
FOUND = {
    ("api.v2010.CreateMessage", "extra", "num_media"),
    ("api.v2010.CreateMessage", "missing", "carrier"),
    ("api.v2010.CreateMessage", "type", "num_segments"),
    ("api.v2010.CreateMessage", "extra", "subresource_uris.media"),
    ("api.v2010.CreateMessage", "type", "date_created"),
    ("api.v2010.FetchMessage", "null", "account_sid"),
    ("api.v2010.FetchMessage", "status", "status"),
    ("api.v2010.ListMessage", "paging", "page_size"),
    ("api.v2010.ListMessage", "paging", "order"),
    ("verify.v2.ListService", "paging", "next_page_url"),
    ("api.v2010.FetchMessage", "code", "code"),
    ("api.v2010.CreateMessage", "extra", "more_info"),
    ("api.v2010.ListMessage", "header", "WWW-Authenticate"),
    ("verify.v2.CreateService", "status", "status"),
    ("api.v2010.ListAvailablePhoneNumberLocal", "header", "Twilio-Request-Id"),
    ("api.v2010.FetchMessage", "header", "Content-Type"),
    ("api.v2010.FetchMedia", "header", "Location"),
    ("api.v2010.FetchIncomingPhoneNumber", "type", "capabilities.mms"),
    ("sync.v1.FetchDocument", "header", "ETag"),
    ("callback /status", "callback", "ApiVersion"),
}


def compared(file: Path, here: Credentials, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "compare", str(file), *options],
        env=here.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def record(file: Path, service: Credentials, told: Told, planted: list[Planted], scrubber: Scrubber) -> None:
    account = new_world(service.url)
    with (
        Planter(service.url, [each for each in planted if not each.in_request]) as answers,
        recording(file, answers.url, told.url, scrubber) as ways,
        Planter(ways.program, [each for each in planted if each.in_request]) as callbacks,
    ):
        Program(ways.service, account, callbacks.url).run(told)


def test_two_localloops_do_not_differ(
    tmp_path: Path, service: Credentials, here: Credentials, told: Told
) -> None:
    file = tmp_path / "day.jsonl"
    record(file, service, told, [], Scrubber(hides_bodies=True, hides_numbers=True))
    done = compared(file, here, "--json")
    report = json.loads(done.stdout)
    assert report["differences"] == []
    assert report["skipped"] == []
    assert report["replayed"] == 24
    assert report["callbacks"] == 3
    assert "verify.v2.CreateService" in report["plain"]
    assert "api.v2010.CreateMessage" not in report["plain"]
    assert done.returncode == 0


def test_planted_differences_are_found_and_nothing_else(
    tmp_path: Path, service: Credentials, here: Credentials, told: Told
) -> None:
    file = tmp_path / "day.jsonl"
    record(file, service, told, [*REST, CALLBACK], Scrubber())
    done = compared(file, here, "--json")
    found = json.loads(done.stdout)["differences"]
    assert len(FOUND) == len(REST) + 1 == 20
    assert {(each["operation"], each["kind"], each["where"]) for each in found} == FOUND
    assert len(found) == len(FOUND)
    assert done.returncode == 1
    table = compared(file, here).stdout
    assert (
        "verify.v2.CreateService\n    #15  HTTP status   status                        200 → 201  ×2\n"
        in table
    )
    assert "23 requests and 3 callbacks compared, 20 differences" in table


def test_what_cannot_be_compared_is_one_line(tmp_path: Path, here: Credentials) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("hello\n")
    done = compared(file, here)
    assert done.returncode == 2
    assert done.stderr == f"localloop: {file}: this is no recording: its first line is not the head of one\n"
