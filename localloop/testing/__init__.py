"""For the tests of an application.

Webhooks as Twilio would send them, signed, with no server running:

    from localloop.testing import request_for

    answer = request_for("sms", "/sms", Body="hello").flask(app.test_client())

What is simulated is built from the declarations that localloop itself sends from (`localloop.payloads`).

And a world of a test's own, on a localloop that is started for the test run:

    from localloop.testing import World

    with World() as world:
        world.twilio.messages.create(from_="+15550001111", to="+15551230001", body="Your code is 123456")
        assert world.phone("+15551230001").code() == "123456"

With pytest the same are fixtures (`localloop.testing.plugin`). Nothing is loaded before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from localloop.testing.asgi import Answer
    from localloop.testing.call import Call, Line, NotHeard, Recording
    from localloop.testing.clock import Clock, StillBusy
    from localloop.testing.expect import Expect, NotSo, Thing
    from localloop.testing.faults import Applied, Fault, Faults
    from localloop.testing.lab import Lab, LabError
    from localloop.testing.personas import BadPersona, Calls, Persona, Rule
    from localloop.testing.phone import NothingCame, Phone, Text
    from localloop.testing.request import AUTH_TOKEN, BASE_URL, WebhookRequest, request_for
    from localloop.testing.sample import ACCOUNT_SID, NotDeclared, kinds, parameters
    from localloop.testing.server import NotStarted, Server
    from localloop.testing.world import WebhookApp, World

_MODULES: Final = {
    "asgi": ("Answer",),
    "call": ("Call", "Line", "NotHeard", "Recording"),
    "clock": ("Clock", "StillBusy"),
    "expect": ("Expect", "NotSo", "Thing"),
    "faults": ("Applied", "Fault", "Faults"),
    "lab": ("Lab", "LabError"),
    "personas": ("BadPersona", "Calls", "Persona", "Rule"),
    "phone": ("NothingCame", "Phone", "Text"),
    "request": ("AUTH_TOKEN", "BASE_URL", "WebhookRequest", "request_for"),
    "sample": ("ACCOUNT_SID", "NotDeclared", "kinds", "parameters"),
    "server": ("NotStarted", "Server"),
    "world": ("WebhookApp", "World"),
}
_PLACES: Final = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "ACCOUNT_SID",
    "AUTH_TOKEN",
    "BASE_URL",
    "Answer",
    "Applied",
    "BadPersona",
    "Call",
    "Calls",
    "Clock",
    "Expect",
    "Fault",
    "Faults",
    "Lab",
    "LabError",
    "Line",
    "NotDeclared",
    "NotHeard",
    "NotSo",
    "NotStarted",
    "NothingCame",
    "Persona",
    "Phone",
    "Recording",
    "Rule",
    "Server",
    "StillBusy",
    "Text",
    "Thing",
    "WebhookApp",
    "WebhookRequest",
    "World",
    "kinds",
    "parameters",
    "request_for",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
