"""What a test wants from the machine beyond Python: programs, and packages of other languages.

    @needs("wrk")
    def test_ten_thousand_polls(): ...

Where it is missing, the test is skipped and the last lines of the run name it as *not run*; with CI set it fails,
unless it is one of the runtimes that are OPTIONAL.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_NOT_RUN = "not run: "


def _program(name: str) -> Callable[[], Path | None]:
    def find() -> Path | None:
        found = shutil.which(name)
        return Path(found) if found else None

    return find


def _system_postgresql() -> Path | None:
    """The programs of the oldest PostgreSQL that the system's packages installed."""
    folders = (path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return min(folders, key=lambda folder: int(folder.parent.name), default=None)


def _npm_package(folder: str, name: str) -> Callable[[], Path | None]:
    def find() -> Path | None:
        package = ROOT / folder / "node_modules" / name
        return package if package.is_dir() and shutil.which("node") else None

    return find


def _chromium() -> Path | None:
    """Debian calls it chromium, others chromium-browser or google-chrome."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


def _php_with_curl() -> Path | None:
    """Debian packs PHP's curl apart from PHP."""
    program = shutil.which("php")
    if program is None:
        return None
    modules = subprocess.run([program, "-m"], capture_output=True, text=True, timeout=30, check=False)
    return Path(program) if "curl" in modules.stdout.split() else None


def _console_page() -> Path | None:
    page = ROOT / "localloop" / "console" / "static" / "index.html"
    return page if page.is_file() else None


FINDERS: dict[str, Callable[[], Path | None]] = {
    "asyncapi-specs": _npm_package("tests/sdk/node", "@asyncapi/specs"),
    "axe-core": _npm_package("localloop/console/ui", "axe-core"),
    "certutil": _program("certutil"),
    "chromium": _chromium,
    "console-page": _console_page,
    "curl": _program("curl"),
    "go": _program("go"),
    "javac": _program("javac"),
    "node": _program("node"),
    "pgbench": _program("pgbench"),
    "php-curl": _php_with_curl,
    "ruby": _program("ruby"),
    "wrk": _program("wrk"),
    "postgresql": _system_postgresql,
    "twilio-cli": _npm_package("tests/sdk/cli", "twilio-cli"),
    "twilio-node": _npm_package("tests/sdk/node", "twilio"),
    "vitest": _npm_package("localloop/console/ui", "vitest"),
    "prism": _npm_package("benchmarks/prism", "@stoplight/prism-cli"),
}

# Whole runtimes of other languages, for a test each: run where the machine has them. `make setup` installs them in CI,
# but not every system has packages of them.
OPTIONAL = frozenset({"certutil", "go", "javac", "php-curl", "ruby"})


def needs(*names: str) -> pytest.MarkDecorator:
    """Marks a test that runs only where all of these are."""
    unknown = set(names) - set(FINDERS)
    if unknown:
        raise ValueError(f"tests/needs.py does not know how to find {', '.join(sorted(unknown))}")
    return pytest.mark.needs(*names)


def find(name: str) -> Path:
    """Where it is. For fixtures: skips the test that asks (in CI: fails it) when it is missing."""
    found = FINDERS[name]()
    if found is None:
        _refuse(name)
    return found


def _refuse(name: str) -> None:
    reason = f"{_NOT_RUN}{name} is missing"
    if os.environ.get("CI") and name not in OPTIONAL:
        pytest.fail(f"{reason}, and CI must have it (make setup)", pytrace=False)
    pytest.skip(reason)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*names): wants these programs or packages, see tests/needs.py")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            find(name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", ())
        if isinstance(report.longrepr, tuple)
    )
    not_run = {reason: count for reason, count in reasons.items() if reason.startswith(_NOT_RUN)}
    if not_run:
        terminalreporter.section("not run on this machine")
        for reason, count in sorted(not_run.items()):
            tests = "test" if count == 1 else "tests"
            how = "install it to run them" if reason.split()[2] in OPTIONAL else "make setup"
            terminalreporter.line(f"{count} {tests} {reason} ({how})")
