"""`localloop up`: everything that one localloop needs, started in order, watched, and stopped in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
from asyncpg import InterfaceError
from asyncpg import PostgresError as DatabaseRefused

from localloop import __version__, intercept
from localloop.cli import logs, running
from localloop.cli.places import DataFolder, PlaceUnusable, default_directory, listen, url_of
from localloop.cli.supervisor import Leash, Process, Supervisor
from localloop.core import clock
from localloop.core.settings import Seed, Settings, SettingsError, load, parse_dotenv, seed
from localloop.store import MigrationFailed, Unavailable, migrate, needs_migration
from localloop.store.failures import PostgresError
from localloop.store.objects import ObjectsUnusable
from localloop.store.postgres import Postgres
from localloop.store.sealing import KeyFileUnusable, MissingKey

if TYPE_CHECKING:
    from localloop.lab.faults import Rule
    from localloop.products.accounts import Seeded
    from localloop.server import Listening, Place

log = structlog.get_logger("up")
PROXY_PORT: Final = 4011


class StartFailed(Exception):
    """The processes did not come up; the text is one line for the person at the terminal."""


FAILURES = (
    *(SettingsError, PlaceUnusable, PostgresError, MigrationFailed, MissingKey, KeyFileUnusable),
    *(StartFailed, Unavailable, intercept.AuthorityUnusable, ObjectsUnusable),
)


@dataclass
class Embedded:
    """The embedded PostgreSQL as the supervisor sees it."""

    postgres: Postgres

    def is_running(self) -> bool:
        return self.postgres.reap() is None

    def restart(self) -> None:
        self.postgres.start()

    def stop(self) -> None:
        self.postgres.stop()


def up(options: Mapping[str, object], *, verbose: bool = False) -> None:
    """Runs until Ctrl-C or SIGTERM; raises one of FAILURES when it cannot."""
    settings = _seeded(load("up", options, os.environ, _text(Path("localloop.toml"))))
    first = seed(os.environ, parse_dotenv(_text(Path(".env"))))
    logs.configure(settings.log_format, verbose=verbose)
    _check_seed_file(settings)
    _heed_signals()
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        sock = stack.enter_context(listen(settings.host, settings.port))
        settings = msgspec.structs.replace(settings, port=sock.getsockname()[1])
        socks = [sock, *(stack.enter_context(each) for each in _admin(settings))]
        proxy = stack.enter_context(_listen_as_proxy(settings))
        data = DataFolder.take(settings)
        stack.callback(data.release)
        companion = stack.enter_context(_embedded(settings, data))
        place = _place(settings, data, sock, companion)
        seeded = asyncio.run(_prepare(settings, place, first))
        listening = _listening(settings, socks, proxy, data)
        supervisor = Supervisor(_processes(settings, place, listening), companion)
        stack.callback(supervisor.stop)
        if not supervisor.start():
            if supervisor.stopping:
                return
            raise StartFailed(
                "localloop does not start: one of its processes gave up; the log above says why"
            )
        note = _note(settings, place, data, seeded, url_of(proxy))
        _announce(settings, note, asyncio.run(_console_link(place, seeded)))
        stack.enter_context(_noted(note, data))
        supervisor.watch()


def _check_seed_file(settings: Settings) -> None:
    """What is wrong with it is said before anything starts."""
    if settings.seed_file:
        from localloop import server

        server.read_seed_file(settings.seed_file)


def _seeded(settings: Settings) -> Settings:
    """Chaos without a seed gets one, so that it can be had again."""
    if not settings.chaos or settings.seed is not None:
        return settings
    return msgspec.structs.replace(settings, seed=secrets.randbelow(1_000_000))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name} cannot be read: {error}") from None


def _heed_signals() -> None:
    """Until the supervisor takes over, a request to stop unwinds what was started so far."""

    def unwind(_signum: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, unwind)


@contextlib.contextmanager
def _embedded(settings: Settings, data: DataFolder) -> Iterator[Embedded | None]:
    if settings.database_url:
        yield None
        return
    pg_bin = Path(settings.pg_bin).expanduser().resolve() if settings.pg_bin else None
    postgres = Postgres(data.postgres, pg_bin=pg_bin, fleeting=data.ephemeral)
    postgres.start()
    try:
        yield Embedded(postgres)
    finally:
        postgres.stop()


def _place(settings: Settings, data: DataFolder, sock: socket.socket, companion: Embedded | None) -> Place:
    from localloop.server import Place

    return Place(
        dsn=companion.postgres.dsn if companion else settings.database_url,
        runtime=data.fresh_runtime(),
        url=url_of(sock),
        objects=data.path / "objects",
        sealing_key=Path(settings.key_file).expanduser() if settings.key_file else data.path / "sealing.key",
    )


async def _prepare(settings: Settings, place: Place, first: Seed) -> Seeded:
    from localloop import server

    try:
        if await needs_migration(place.dsn):
            await migrate(place.dsn)
    except (Unavailable, OSError, TimeoutError, DatabaseRefused, InterfaceError) as error:
        reason = str(error) or type(error).__name__
        raise StartFailed(f"the database cannot be used: {reason.splitlines()[0]}") from error
    return await server.prepare(settings, place, first)


async def _console_link(place: Place, seeded: Seeded) -> str:
    from localloop import server

    return await server.new_console_link(place, seeded.account_sid)


def _listen_as_proxy(settings: Settings) -> socket.socket:
    """On loopback whatever the API's address is: whoever uses it names it by the address that `env` and `run` say."""
    if settings.proxy_port is not None:
        return listen("127.0.0.1", settings.proxy_port, option="--proxy-port")
    try:
        return listen("127.0.0.1", PROXY_PORT)
    except PlaceUnusable:
        return listen("127.0.0.1", 0)


def _listening(
    settings: Settings, socks: Sequence[socket.socket], proxy: socket.socket, data: DataFolder
) -> Listening:
    from localloop.server import Interception, Listening

    own_port = proxy.getsockname()[1]
    try:
        routes = intercept.routes(os.environ, settings.upstream_proxy, own_port)
    except ValueError as error:
        log.warning("what is not for Twilio goes out directly", reason=str(error))
        routes = intercept.Routes()
    intercept.ensure(data.authority)
    return Listening(socks, Interception(proxy, data.authority, routes))


def _admin(settings: Settings) -> list[socket.socket]:
    """Where lab and metrics may be reached from elsewhere."""
    host, _, port = settings.admin_listen.rpartition(":")
    return [listen(host, int(port), option="--admin-listen")] if host else []


def _processes(settings: Settings, place: Place, listening: Listening) -> list[Process]:
    from localloop import server

    if settings.single:
        return [Process("localloop", lambda leash: server.run_single(settings, place, listening, leash))]
    runs: list[tuple[str, Callable[[Leash], None]]] = []
    for number in range(1, settings.api_processes + 1):
        name = f"api-{number}"
        runs.append((name, partial(_run_api, settings, place, listening, name)))
    for number in range(1, settings.worker_processes + 1):
        name = f"worker-{number}"
        runs.append((name, partial(_run_worker, settings, place, name)))
    return [Process(name, run) for name, run in runs]


def _run_api(settings: Settings, place: Place, listening: Listening, name: str, leash: Leash) -> None:
    from localloop import server

    server.run_api(settings, place, listening, leash, name)


def _run_worker(settings: Settings, place: Place, name: str, leash: Leash) -> None:
    from localloop import server

    server.run_worker(settings, place, leash, name)


def _note(settings: Settings, place: Place, data: DataFolder, seeded: Seeded, proxy: str) -> running.Running:
    """What the shell commands are to know of us."""
    return running.Running(
        pid=os.getpid(),
        url=place.url,
        proxy=proxy,
        authority=str(data.authority),
        account_sid=seeded.account_sid,
        auth_token=seeded.auth_token,
        data=str(data.path),
        database="external" if settings.database_url else "embedded",
        started=clock.now().isoformat(timespec="seconds"),
        test_account_sid=seeded.test_account_sid,
        test_auth_token=seeded.test_auth_token,
    )


def _announce(settings: Settings, note: running.Running, link: str) -> None:
    """The one thing on standard output; logs go to standard error."""
    kept = "nothing is kept (--ephemeral)" if settings.ephemeral else note.data
    sid, token = note.account_sid, note.auth_token
    lines = [
        f"localloop {__version__} is up: {note.url}",
        "",
        f"  account SID   {sid}",
        f"  auth token    {token}",
        f"  data          {kept}",
        f"  proxy         {note.proxy}",
        f"  console       {link}",
        "",
        f"  curl -G {note.url}/2010-04-01/Accounts.json -u {sid}:{token}",
        "  localloop run -- YOUR PROGRAM",
        "",
    ]
    lines += _chaos(settings)
    if settings.open_on_network:
        lines.append("Anybody who reaches this address gets an account (--open-on-network).")
    lines.append("Ctrl-C stops it.")
    print("\n".join(lines), flush=True)


def _chaos(settings: Settings) -> list[str]:
    """Everything that goes wrong on purpose, and how often."""
    if not settings.chaos or settings.seed is None:
        return []
    from localloop.lab.faults import KINDS, rules_of

    told = f"Chaos: things go wrong on purpose. The same again: --chaos {settings.chaos:g} --seed {settings.seed}"
    rules = rules_of(settings.chaos, settings.seed, clock.now())
    return [
        told,
        *(f"  {rule.probability:6.1%}  {_named(rule):22}  {KINDS[rule.kind].words}" for rule in rules),
        "",
    ]


def _named(rule: Rule) -> str:
    return f"{rule.kind} {rule.status}" if rule.status else rule.kind


@contextlib.contextmanager
def _noted(note: running.Running, data: DataFolder) -> Iterator[None]:
    """The note for the shell commands, for as long as we run."""
    folders = [data.path]
    usual = default_directory()
    if data.ephemeral and not running.is_up(usual):
        folders.append(usual)  # so that the shell commands find it without being told where
    written = []
    for folder in folders:
        with contextlib.suppress(OSError):
            running.write(folder, note)
            written.append(folder)
    try:
        yield
    finally:
        for folder in written:
            running.remove(folder, note.pid)
