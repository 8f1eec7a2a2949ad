"""When a retry comes."""

from __future__ import annotations

import pytest

from localloop.webhooks.retries import SCHEDULE, pause_before


@pytest.mark.parametrize("retry", range(1, 9))
def test_pauses(retry: int) -> None:
    assert pause_before(retry, "twilio") is None
    pause = pause_before(retry, "extended")
    if retry > 7:
        assert pause is None
    else:
        assert pause is not None
        assert SCHEDULE[retry - 1] * 0.9 <= pause <= SCHEDULE[retry - 1] * 1.1
