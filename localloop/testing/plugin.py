"""The fixtures of pytest: a localloop for the test run, and a world for each test that asks for one.

pytest loads this module in every run on a machine that has localloop, so it loads nothing itself: what a fixture needs
comes with the first test that asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from localloop.testing.clock import Clock
    from localloop.testing.expect import Expect
    from localloop.testing.faults import Faults
    from localloop.testing.phone import Phone
    from localloop.testing.server import Server
    from localloop.testing.snapshots import Snapshots
    from localloop.testing.twilio_client import Client
    from localloop.testing.world import WebhookApp, World

_MARKER = (
    "localloop(profile='relaxed', strict=False): the rules of the test's world: relaxed, twilio, us-a2p or trial; "
    "strict is without what localloop makes easy"
)

Thing = TypeVar("Thing")
_WORLD: pytest.StashKey[World] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture(scope="session")
def localloop() -> Server:
    """The localloop of this test run: its `url`, and the `environment` by which programs come to it."""
    from localloop.testing.world import SERVERS, options_of

    return _started(lambda: SERVERS.get(*options_of("relaxed", strict=False)))


@pytest.fixture
def _localloop_world(request: pytest.FixtureRequest) -> Iterator[World]:
    from localloop.testing.world import World

    with _started(lambda: World(**_asked(request.node))) as world:
        request.node.stash[_WORLD] = world
        yield world


@pytest.fixture
def world(_localloop_world: World) -> World:
    """The test's world: its account, `environment`, `lab`, and all that the other fixtures give."""
    return _localloop_world


@pytest.fixture
def twilio(_localloop_world: World) -> Client:
    """Twilio's own client, as the account of the test's world."""
    try:
        return _localloop_world.twilio
    except ModuleNotFoundError as error:
        reason = f"the fixture `twilio` cannot be had: {error}"
    pytest.fail(reason, pytrace=False)


@pytest.fixture
def phone(_localloop_world: World) -> Callable[[str], Phone]:
    """phone("+15551230001"): a simulated phone of the test's world."""
    return _localloop_world.phone


@pytest.fixture
def clock(_localloop_world: World) -> Clock:
    """The clock of the test's world: clock.freeze(), clock.advance(days=30), clock.auto()."""
    return _localloop_world.clock


@pytest.fixture
def faults(_localloop_world: World) -> Faults:
    """What goes wrong in the test's world: faults.add("webhook-drop", MessageStatus="sent")."""
    return _localloop_world.faults


@pytest.fixture
def expect(_localloop_world: World) -> Expect:
    """What shall come in the test's world: expect.message(To="+1…", MessageStatus="delivered")."""
    return _localloop_world.expect


@pytest.fixture
def snapshots(_localloop_world: World) -> Snapshots:
    """The test's world put away and taken out again: snapshots.save("clean"), snapshots.restore("clean")."""
    return _localloop_world.snapshots


@pytest.fixture
def webhook_app(_localloop_world: World) -> Callable[..., WebhookApp]:
    """webhook_app(app): serves an application of WSGI or ASGI and points a number of the test's world at it."""
    return _localloop_world.webhook_app


def _asked(item: Any) -> dict[str, Any]:
    """What the markers say, the nearest last."""
    asked: dict[str, Any] = {"profile": "relaxed", "strict": False}
    for marker in reversed(list(item.iter_markers("localloop"))):
        unknown = set(marker.kwargs) - set(asked)
        if marker.args or unknown:
            said = ", ".join(sorted(unknown)) or "what has no name"
            pytest.fail(f"the marker `localloop` knows profile and strict, not {said}", pytrace=False)
        asked |= marker.kwargs
    return asked


def _started(start: Callable[[], Thing]) -> Thing:
    from localloop.testing.lab import LabError
    from localloop.testing.server import NotStarted

    try:
        return start()
    except (NotStarted, LabError, ValueError) as error:
        reason = str(error)
    pytest.fail(reason, pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """A test that fails shows what happened in its world."""
    outcome = yield
    report = outcome.get_result()
    world = item.stash.get(_WORLD, None)
    if world is not None and report.failed:
        report.sections.append((f"localloop, world {world.account_sid}", world.story()))
