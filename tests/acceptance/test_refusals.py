"""What keeps localloop from starting is one clear line and exit status 1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import Home


@pytest.fixture
def home() -> Iterator[Home]:
    home = Home()
    yield home
    home.remove()


def _refusal(home: Home, *options: str) -> str:
    answer = home.run("up", "--port", "0", *options)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert answer.stdout == ""
    assert len(answer.stderr.splitlines()) == 1, answer.stderr
    return answer.stderr


def test_data_of_another_major_version(home: Home) -> None:
    cluster = home.data / "postgres" / "pgdata"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("9\n")
    assert "was made by PostgreSQL 9" in _refusal(home, "--data", str(home.data))


def test_a_postgres_that_does_not_start(home: Home) -> None:
    programs = home.folder / "bin"
    programs.mkdir()
    _program(programs / "postgres", 'echo "postgres (PostgreSQL) 18.1"')
    _program(programs / "initdb", 'echo "the disk is full" >&2; exit 1')
    said = _refusal(home, "--data", str(home.data), "--pg-bin", str(programs))
    assert "PostgreSQL does not start" in said
    assert "the disk is full" in said


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_no_programs_of_postgres(home: Home) -> None:
    assert "no PostgreSQL" in _refusal(home, "--ephemeral", "--pg-bin", str(home.folder))


def test_a_database_that_does_not_answer(home: Home) -> None:
    said = _refusal(home, "--database-url", f"postgresql:///postgres?host={home.folder}")
    assert "database cannot be used" in said


def test_a_missing_key_file(home: Home) -> None:
    up = home.up("--data", str(home.data))
    assert up.stop() == 0
    (home.data / "sealing.key").unlink()
    assert "key file" in _refusal(home, "--data", str(home.data))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--port", "many"), "--port"),
        (("--host", "0.0.0.0"), "--open-on-network"),
        (("--profile", "loose"), "--profile"),
        (("--data", "/dev/null/x"), "/dev/null/x"),
    ],
)
def test_settings_that_cannot_be(home: Home, options: tuple[str, ...], said: str) -> None:
    assert said in _refusal(home, *options)


def test_nothing_runs_here(home: Home) -> None:
    for command in (
        ("status",),
        ("env",),
        ("inbox", "+15551230001"),
        ("text", "+15551230001", "x", "--to", "+1555"),
    ):
        answer = home.run(*command)
        assert answer.returncode == 1
        assert "no localloop is running" in answer.stderr
