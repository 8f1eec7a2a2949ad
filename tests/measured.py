"""Numbers that a test measured, printed at the end of the run whichever process measured them.

def test_the_first_paint_is_quick(measured: Measured) -> None:
    measured(f"first paint: {median:.0f} ms")
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

Measured = Callable[[str], None]
_NAME = "measured"


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Measured:
    return lambda text: record_property(_NAME, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    told = [
        str(value)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
        for name, value in getattr(report, "user_properties", ())
        if name == _NAME and report.when == "call"
    ]
    if told:
        terminalreporter.section("measured")
        for line in told:
            terminalreporter.line(line)
