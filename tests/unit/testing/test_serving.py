"""Applications of tests on real ports: both kinds are told apart, answered by, and ended at once."""

from __future__ import annotations

import socket
import threading
from http.client import HTTPConnection
from typing import Any

import pytest

from localloop.testing.serving import HOST, Serving, serve


def ask(serving: Serving, path: str) -> tuple[int, str]:
    connection = HTTPConnection(HOST, serving.port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REQUEST_URI']} of {environ['HTTP_HOST']}".encode()]


class Asgi:
    def __init__(self) -> None:
        self.seen: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope["type"])
        while scope["type"] == "lifespan":
            event = (await receive())["type"]
            self.seen.append(event)
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": scope["raw_path"]})


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    await Asgi()(scope, receive, send)


def test_wsgi_sees_what_was_asked_for_as_it_was_written() -> None:
    serving = serve(wsgi)
    try:
        assert ask(serving, "/a%2Fb?c=%20") == (200, f"/a%2Fb?c=%20 of {HOST}:{serving.port}")
    finally:
        serving.close()


@pytest.mark.parametrize("app", [asgi, Asgi(), lambda scope, receive, send: asgi(scope, receive, send)])
def test_asgi_is_told_by_what_is_called(app: Any) -> None:
    serving = serve(app)
    try:
        assert ask(serving, "/a%2Fb") == (201, "/a%2Fb")
    finally:
        serving.close()


def test_a_lifespan_begins_and_ends_with_the_server() -> None:
    app = Asgi()
    serving = serve(app)
    assert app.seen == ["lifespan", "lifespan.startup"]
    serving.close()
    assert app.seen == ["lifespan", "lifespan.startup", "lifespan.shutdown"]


@pytest.mark.parametrize("app", [wsgi, asgi])
def test_nobody_answers_afterwards(app: Any) -> None:
    serving = serve(app)
    ask(serving, "/")
    serving.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, serving.port), 1)


def test_a_request_that_is_under_way_ends_before_the_server_has() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(environ: Any, start_response: Any) -> list[bytes]:
        begun.set()
        assert may_end.wait(10)
        ended.set()
        return wsgi(environ, start_response)

    serving = serve(slow)
    asking = threading.Thread(target=ask, args=(serving, "/"))
    asking.start()
    assert begun.wait(10)
    threading.Timer(0.05, may_end.set).start()
    serving.close()
    assert ended.is_set()
    asking.join()


def test_what_cannot_be_served_is_refused_and_what_does_not_start_says_why() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(TypeError, match="no application"):
        serve("app:app")
    with pytest.raises(RuntimeError, match="does not start"):
        serve(broken)
