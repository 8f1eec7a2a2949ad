"""`localloop trust` and `untrust`: the local authority in the stores that browsers and other programs look into."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from localloop.cli import running
from localloop.cli.client import Failed
from localloop.cli.places import default_directory
from localloop.intercept import AuthorityUnusable, ensure
from localloop.intercept.authority import NAME

_FILE: Final = "localloop.crt"
_STEP_S: Final = 120.0
_EXPLAINED: Final = """\
Programs that `localloop run` starts, and shells with `eval "$(localloop env)"`, need none of this: they are told by
their environment. A browser reads its own store. Once localloop's authority is in it, a browser that uses localloop's
proxy takes localloop for twilio.com. The authority can sign for twilio.com and its subdomains and for nothing else; its
key stays in {key}. `localloop untrust` takes it out again.
"""

# A folder of the system's store, and what takes up what was added or removed; the first that is there is the system's.
_SYSTEM_STORES: Final = (
    # Debian leaves a link to nowhere behind unless it builds its folder afresh.
    (
        "usr/local/share/ca-certificates",
        ("update-ca-certificates",),
        ("update-ca-certificates", "--fresh"),
    ),
    ("etc/pki/ca-trust/source/anchors", ("update-ca-trust", "extract"), ("update-ca-trust", "extract")),
    ("etc/ca-certificates/trust-source/anchors", ("trust", "extract-compat"), ("trust", "extract-compat")),
    ("etc/pki/trust/anchors", ("update-ca-certificates",), ("update-ca-certificates",)),
)
_PROFILES: Final = (
    (".pki/nssdb", "Chromium"),
    ("snap/chromium/current/.pki/nssdb", "Chromium (snap)"),
    (".mozilla/firefox/*", "Firefox"),
    ("snap/firefox/common/.mozilla/firefox/*", "Firefox (snap)"),
    (".var/app/org.mozilla.firefox/.mozilla/firefox/*", "Firefox (flatpak)"),
    ("Library/Application Support/Firefox/Profiles/*", "Firefox"),
)


class Step(Struct, frozen=True):
    """One store: the commands that change it, and why we cannot run them ourselves ("" = we can)."""

    store: str
    commands: Sequence[Sequence[str]]
    obstacle: str = ""


class Machine(Struct, frozen=True):
    """Where stores are looked for."""

    home: Path
    root: Path = Path("/")
    platform: str = sys.platform


def change(data: str, *, trusted: bool, dry_run: bool) -> bool:
    """Puts the authority into every store that is found, or takes it out; False when something was not done.

    Raises Failed.
    """
    certificate = _certificate(data)
    steps = list(_steps(Machine(Path.home()), certificate, trusted=trusted))
    if trusted:
        print(_EXPLAINED.format(key=certificate.with_suffix(".key")))
    if not steps:
        raise Failed("no store is found here: neither the system's nor a browser's profile")
    done = [_take(step, dry_run=dry_run, trusted=trusted) for step in steps]
    return all(done)


def _certificate(data: str) -> Path:
    folder = (Path(data) if data else default_directory()).expanduser()
    note = running.read(folder)
    authority = Path(note.authority) if note is not None and note.authority else folder / "authority"
    try:
        return ensure(authority)
    except AuthorityUnusable as error:
        raise Failed(str(error)) from None


def _steps(machine: Machine, certificate: Path, *, trusted: bool) -> Iterator[Step]:
    if machine.platform == "darwin":
        yield _keychain(machine, certificate, trusted=trusted)
    else:
        yield from _system(machine, certificate, trusted=trusted)
    for pattern, browser in _PROFILES:
        for profile in sorted(machine.home.glob(pattern)):
            if (profile / "cert9.db").is_file():
                yield _nss(profile, browser, certificate, trusted=trusted)


def _system(machine: Machine, certificate: Path, *, trusted: bool) -> Iterator[Step]:
    for place, after_adding, after_removing in _SYSTEM_STORES:
        folder, update = machine.root / place, after_adding if trusted else after_removing
        if not folder.is_dir() or shutil.which(update[0]) is None:
            continue
        file = str(folder / _FILE)
        change_it = ["install", "-m", "644", str(certificate), file] if trusted else ["rm", "-f", file]
        obstacle = (
            "" if os.access(folder, os.W_OK) else "it belongs to the administrator; run these with sudo"
        )
        yield Step("the system's store", (change_it, update), obstacle)
        return


def _keychain(machine: Machine, certificate: Path, *, trusted: bool) -> Step:
    keychain = str(machine.home / "Library" / "Keychains" / "login.keychain-db")
    add = ["security", "add-trusted-cert", "-r", "trustRoot", "-k", keychain, str(certificate)]
    remove = ["security", "delete-certificate", "-c", NAME, "-t", keychain]
    return Step("the login keychain", (add if trusted else remove,))


def _nss(profile: Path, browser: str, certificate: Path, *, trusted: bool) -> Step:
    database = ("-d", f"sql:{profile}", "-n", NAME)
    add = ["certutil", "-A", *database, "-t", "C,,", "-i", str(certificate)]
    obstacle = ""
    if shutil.which("certutil") is None:
        obstacle = "certutil is missing (Debian: libnss3-tools, Fedora: nss-tools, macOS: brew install nss)"
    return Step(f"{browser}: {profile}", (add if trusted else ["certutil", "-D", *database],), obstacle)


def _take(step: Step, *, dry_run: bool, trusted: bool) -> bool:
    lines = [f"    {shlex.join(command)}" for command in step.commands]
    if dry_run or step.obstacle:
        print("\n".join([f"{step.store}" + (f": {step.obstacle}" if step.obstacle else ""), *lines]))
        return dry_run
    for command in step.commands:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=_STEP_S, check=False, stdin=subprocess.DEVNULL
        )
        if ended.returncode and not (not trusted and command[0] in ("certutil", "security")):
            said = (ended.stderr or ended.stdout).strip().splitlines()
            print(f"{step.store}: {command[0]} failed: {said[-1] if said else ended.returncode}")
            return False
    print(f"{step.store}: {'trusts' if trusted else 'no longer trusts'} {NAME}")
    return True
