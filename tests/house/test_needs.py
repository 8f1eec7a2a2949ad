"""What a machine lacks is named, and CI may lack nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import needs


@pytest.fixture
def nothing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(needs.FINDERS, "wrk", lambda: None)


@pytest.mark.usefixtures("nothing_here")
def test_a_missing_program_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="not run: wrk is missing"):
        needs.find("wrk")


def test_a_runtime_of_another_language_is_not_installed_for_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setitem(needs.FINDERS, "ruby", lambda: None)
    with pytest.raises(pytest.skip.Exception, match="not run: ruby is missing"):
        needs.find("ruby")


@pytest.mark.usefixtures("nothing_here")
def test_ci_may_lack_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="not run: wrk is missing"):
        needs.find("wrk")


def test_what_is_here_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(needs.FINDERS, "wrk", lambda: Path("/usr/bin/wrk"))
    assert needs.find("wrk") == Path("/usr/bin/wrk")


def test_an_unknown_need_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="does not know how to find wkr"):
        needs.needs("wkr")
