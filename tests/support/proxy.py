"""A reverse proxy as applications have it in front: it ends TLS, and says in headers what was asked of it."""

from __future__ import annotations

import asyncio

from http_server import Received, Respond, Server


def to(application: Server, *, with_port: bool = True) -> Respond:
    """What a `Server` does to be one. Some say the port in `X-Forwarded-Host`, others leave it out."""

    async def forward(request: Received, writer: asyncio.StreamWriter) -> None:
        host = request.headers["host"]
        headers = {
            **request.headers,
            "host": f"127.0.0.1:{application.port}",
            "x-forwarded-proto": "https",
            "x-forwarded-host": host if with_port else host.partition(":")[0],
            "x-forwarded-for": "192.0.2.1",
            "connection": "close",
        }
        lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", application.port)
        inner_writer.write("\r\n".join([*lines, "", ""]).encode() + request.body)
        head = await inner_reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        writer.write(head + await inner_reader.readexactly(length))
        inner_writer.close()

    return forward
