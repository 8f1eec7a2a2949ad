"""The note that a running localloop leaves."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from localloop.cli import running
from localloop.cli.client import Failed, connect

NOTE = running.Running(
    pid=os.getpid(),
    url="http://127.0.0.1:4010",
    account_sid="AC" + "0" * 32,
    auth_token="secret",
    data="/data",
    database="embedded",
    started="2026-01-01T00:00:00+00:00",
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = running.write(tmp_path / "new", NOTE)
    assert running.read(tmp_path / "new") == NOTE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert running.is_up(tmp_path / "new")


@pytest.mark.parametrize("content", [b"", b"{}", b"not json"])
def test_a_damaged_note_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / running.NOTE).write_bytes(content)
    assert running.read(tmp_path) is None
    assert not running.is_up(tmp_path)


def test_the_note_of_another_process_stays(tmp_path: Path) -> None:
    running.write(tmp_path, NOTE)
    running.remove(tmp_path, NOTE.pid + 1)
    assert running.read(tmp_path) == NOTE
    running.remove(tmp_path, NOTE.pid)
    assert running.read(tmp_path) is None


def test_a_process_that_is_gone_is_not_up(tmp_path: Path) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    running.write(tmp_path, msgspec.structs.replace(NOTE, pid=pid))
    assert not running.is_up(tmp_path)
    with pytest.raises(Failed, match="localloop up"):
        connect(str(tmp_path))


def test_a_folder_that_is_named_wins_over_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.write(tmp_path, NOTE)
    for name, value in {
        "LOCALLOOP_URL": "http://elsewhere/",
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "other",
    }.items():
        monkeypatch.setenv(name, value)
    assert connect(str(tmp_path)).auth_token == "secret"
    assert (connect().url, connect().auth_token) == ("http://elsewhere", "other")


def test_real_credentials_in_the_environment_are_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.write(tmp_path, NOTE)
    monkeypatch.setenv("LOCALLOOP_DATA", str(tmp_path))
    monkeypatch.delenv("LOCALLOOP_URL", raising=False)
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC1")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "other")
    assert connect().account_sid == NOTE.account_sid
