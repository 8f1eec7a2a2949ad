"""Where a localloop lives: folders, locks and addresses."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from localloop.cli.places import DataFolder, PlaceUnusable, default_directory, listen, url_of
from localloop.core.settings import Settings
from localloop.store.failures import FolderInUse


def test_the_data_folder_may_be_named_in_the_environment() -> None:
    assert default_directory({"LOCALLOOP_DATA": "/data", "HOME": "/home/x"}) == Path("/data")


def test_a_state_directory_that_is_named_is_used_by_root_too() -> None:
    assert default_directory({"XDG_STATE_HOME": "/state", "HOME": "/root"}).parts[-1] == "localloop"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's home is closed to the database server")
def test_root_keeps_data_outside_its_home() -> None:
    assert default_directory({"HOME": "/root"}) == Path("/var/lib/localloop")


def test_an_ephemeral_folder_is_gone_afterwards() -> None:
    folder = DataFolder.take(Settings(ephemeral=True))
    assert folder.fresh_runtime().is_dir()
    folder.release()
    assert not folder.path.exists()


def test_a_kept_folder_is_kept_without_what_processes_shared(tmp_path: Path) -> None:
    folder = DataFolder.take(Settings(data=str(tmp_path / "data")))
    (folder.fresh_runtime() / "shared").write_bytes(b"x")
    assert list(folder.fresh_runtime().iterdir()) == []
    folder.release()
    assert folder.path.is_dir()
    assert not (folder.path / "runtime").exists()


def test_a_folder_is_held_by_one(tmp_path: Path) -> None:
    folder = DataFolder.take(Settings(data=str(tmp_path)))
    with pytest.raises(FolderInUse):
        DataFolder.take(Settings(data=str(tmp_path)))
    folder.release()
    DataFolder.take(Settings(data=str(tmp_path))).release()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlaceUnusable, match="name another with --data"):
        DataFolder.take(Settings(data=str(tmp_path / "file")))


def test_a_port_in_use_is_named() -> None:
    with listen("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(PlaceUnusable, match=f"port {port} is in use"):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(PlaceUnusable, match=r"cannot listen on 192\.0\.2\.1 port"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize(("host", "printed"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1")])
def test_the_printed_address_can_be_used_here(host: str, printed: str) -> None:
    with listen(host, 0) as sock:
        assert url_of(sock) == f"http://{printed}:{sock.getsockname()[1]}"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_address_of_version_6_is_bracketed() -> None:
    try:
        sock = listen("[::1]", 0)
    except PlaceUnusable:
        pytest.skip("no IPv6 loopback here")
    with sock:
        assert url_of(sock) == f"http://[::1]:{sock.getsockname()[1]}"
