"""Two hundred tests on two workers share one server, all with the same numbers, and never see one another."""

from __future__ import annotations

import pytest

from benchmarks.worlds import TESTS, run_tests


@pytest.mark.long
def test_nobody_meets_anybody() -> None:
    run = run_tests()
    assert run.passed == TESTS, run.said
    assert len(run.servers) == 1
