"""`make setup` names what it cannot install as not run; in CI that is a failure."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[2] / "scripts" / "setup"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`scripts/setup` on a machine that has these programs besides what every shell script wants."""

    def on_machine(
        *arguments: str, programs: tuple[str, ...] = (), ci: str = "", uid: int = 0
    ) -> subprocess.CompletedProcess[str]:
        for name in ("bash", "dirname", "tr"):
            found = shutil.which(name)
            assert found is not None
            (tmp_path / name).symlink_to(found)
        (tmp_path / "id").write_text(f"#!{tmp_path / 'bash'}\necho {uid}\n")
        (tmp_path / "id").chmod(0o755)
        for name in programs:
            (tmp_path / name).symlink_to(shutil.which("true") or "")
        environment = {"PATH": str(tmp_path), "CI": ci}
        bash = tmp_path / "bash"
        return subprocess.run(
            [bash, SETUP, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return on_machine


def test_what_is_missing_is_named_as_not_run(run: Run) -> None:
    answer = run("system", programs=("node", "npm"))
    assert answer.returncode == 0
    assert "not run: tests that want wrk, which is missing" in answer.stderr
    assert "nodejs" not in answer.stderr


def test_in_ci_it_is_a_failure(run: Run) -> None:
    answer = run("system", programs=("node", "npm"), ci="true")
    assert answer.returncode == 1
    assert "not run: tests that want wrk" in answer.stderr


def test_others_than_root_are_told_what_to_type(run: Run) -> None:
    answer = run("system", programs=("apt-get", "node", "npm"), uid=1000)
    assert "sudo apt-get install" in answer.stderr


def test_root_is_told_what_could_not_be_installed(run: Run) -> None:
    answer = run("system", programs=("apt-get", "node", "npm"))  # an apt-get that does nothing
    assert "not run: tests that want wrk" in answer.stderr


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_npm_is_named_as_well(run: Run, ci: str, status: int) -> None:
    answer = run("node", "tests/sdk/node", ci=ci)
    assert answer.returncode == status
    assert "not run: tests that want npm" in answer.stderr
