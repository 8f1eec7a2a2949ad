"""How the console answers data and errors: JSON that no cache keeps."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from localloop.console.reading import UnknownTerm
from localloop.core.errors import ApiError
from localloop.rest import formats

_HEADERS = {"cache-control": "no-store"}
_JSON = "application/json"


def data(payload: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(payload), status, _HEADERS, _JSON)


def refusal(error: ApiError) -> Response:
    """In Twilio's shape; a search's error adds `position` and `understood`."""
    body = formats.error_json(error)
    if isinstance(error, UnknownTerm):
        more = {"position": error.position, "understood": error.understood}
        body = orjson.dumps({**orjson.loads(body), **more})
    return Response(body, error.status, _HEADERS, _JSON)
