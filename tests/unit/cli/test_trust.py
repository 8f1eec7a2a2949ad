"""Which stores `trust` would change on which machine, and that it changes a browser's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from localloop.cli import trust
from localloop.cli.client import Failed
from localloop.cli.trust import Machine
from tests.needs import needs


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Without any store, and with every program."""
    monkeypatch.setattr(trust.shutil, "which", lambda name: f"/usr/bin/{name}")
    (tmp_path / "home").mkdir()
    return Machine(tmp_path / "home", tmp_path, "linux")


def commands(machine: Machine, *, trusted: bool = True) -> list[str]:
    steps = trust._steps(machine, Path("/ca.pem"), trusted=trusted)
    return [" ".join(command) for step in steps for command in step.commands]


@pytest.mark.parametrize(
    ("folder", "update", "update_after_removing"),
    [
        ("usr/local/share/ca-certificates", "update-ca-certificates", "update-ca-certificates --fresh"),
        ("etc/pki/ca-trust/source/anchors", "update-ca-trust extract", "update-ca-trust extract"),
        ("etc/ca-certificates/trust-source/anchors", "trust extract-compat", "trust extract-compat"),
        ("etc/pki/trust/anchors", "update-ca-certificates", "update-ca-certificates"),
    ],
)
def test_the_systems_store(machine: Machine, folder: str, update: str, update_after_removing: str) -> None:
    there = machine.root / folder
    there.mkdir(parents=True)
    file = there / "localloop.crt"
    assert commands(machine) == [f"install -m 644 /ca.pem {file}", update]
    assert commands(machine, trusted=False) == [f"rm -f {file}", update_after_removing]


def test_the_keychain(machine: Machine) -> None:
    mac = Machine(machine.home, machine.root, "darwin")
    (added,) = commands(mac)
    assert added.startswith("security add-trusted-cert -r trustRoot -k ")
    (removed,) = commands(mac, trusted=False)
    assert removed.startswith("security delete-certificate -c localloop local authority -t ")


def test_browsers_profiles(machine: Machine) -> None:
    for profile in (".pki/nssdb", ".mozilla/firefox/abc.default", ".mozilla/firefox/empty"):
        (machine.home / profile).mkdir(parents=True)
    for profile in (".pki/nssdb", ".mozilla/firefox/abc.default"):
        (machine.home / profile / "cert9.db").touch()
    assert [command.split()[:4] for command in commands(machine)] == [
        ["certutil", "-A", "-d", f"sql:{machine.home / profile}"]
        for profile in (".pki/nssdb", ".mozilla/firefox/abc.default")
    ]


def test_a_missing_certutil_is_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust.shutil, "which", lambda _: None)
    (machine.home / ".pki/nssdb").mkdir(parents=True)
    (machine.home / ".pki/nssdb" / "cert9.db").touch()
    (step,) = trust._steps(machine, Path("/ca.pem"), trusted=True)
    assert "libnss3-tools" in step.obstacle


def test_where_there_is_nothing_it_says_so(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "Machine", lambda _home: machine)
    with pytest.raises(Failed, match="no store is found here"):
        trust.change(str(tmp_path / "data"), trusted=True, dry_run=True)


@needs("certutil")
def test_a_browsers_store_is_changed_and_changed_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "home" / ".pki" / "nssdb"
    store.mkdir(parents=True)
    subprocess.run(["certutil", "-N", "-d", f"sql:{store}", "--empty-password"], check=True, timeout=60)
    monkeypatch.setattr(trust, "Machine", lambda _home: Machine(tmp_path / "home", tmp_path, "linux"))

    def trusted() -> bool:
        listed = subprocess.run(
            ["certutil", "-L", "-d", f"sql:{store}"], check=True, timeout=60, capture_output=True, text=True
        )
        return any(
            "localloop local authority" in line and "C,," in line for line in listed.stdout.splitlines()
        )

    data = str(tmp_path / "data")
    assert trust.change(data, trusted=True, dry_run=True)
    assert not trusted()
    assert trust.change(data, trusted=True, dry_run=False)
    assert trusted()
    assert trust.change(data, trusted=False, dry_run=False)
    assert not trusted()
    assert trust.change(data, trusted=False, dry_run=False)  # once more does no harm
    assert (
        "The authority can sign for twilio.com and its subdomains and for nothing else"
        in capsys.readouterr().out
    )
