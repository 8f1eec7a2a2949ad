"""The world of a test put away and taken out again, copied, set back, and kept in a file.

snapshots.save("signed up")
snapshots.restore("signed up")       # what came later is gone
other = snapshots.fork("signed up")  # the same as another world: other.account_sid, other.auth_token
snapshots.reset()                    # as the world was at its start
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from localloop.testing.lab import Lab, segment

_CHUNK: Final = 512 * 1024  # a request takes 1 MiB, and Base64 in a form grows
_PATIENCE_S: Final = 120.0


class Snapshot(Struct, frozen=True, kw_only=True):
    """`resources` counts what was saved, by table; `date_created` is in the world's time."""

    sid: str
    name: str | None
    resources: Mapping[str, int]
    date_created: datetime


class Copy(Struct, frozen=True, kw_only=True):
    """Another world like one of ours. `accounts` and `keys` say who is who, by the SIDs that they replace, and have the
    secrets."""

    account_sid: str
    auth_token: str
    accounts: Mapping[str, Mapping[str, str]]
    keys: Mapping[str, Mapping[str, str]]


class Snapshots:
    """Of one world. A name is the caller's choice; a SID may stand in its place."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def save(self, name: str | None = None) -> Snapshot:
        """Waits up to two seconds for what is under way; LabError 409 when it does not end, or the name is taken."""
        return _snapshot(self._lab.post("Snapshots", {"UniqueName": name}, timeout=_PATIENCE_S))

    def restore(self, snapshot: Snapshot | str) -> Snapshot:
        """The world is what it was."""
        return _snapshot(self._lab.post(f"{_path(snapshot)}/Restore", timeout=_PATIENCE_S))

    def fork(self, snapshot: Snapshot | str | None = None) -> Copy:
        """A world of its own, like a snapshot or, without one, like this one now."""
        path = f"{_path(snapshot)}/Fork" if snapshot is not None else "World/Fork"
        made = self._lab.post(path, timeout=_PATIENCE_S)
        return Copy(
            account_sid=made["account_sid"],
            auth_token=made["auth_token"],
            accounts={each["replaces"]: each for each in made["accounts"]},
            keys={each["replaces"]: each for each in made["keys"]},
        )

    def reset(self) -> None:
        """The world is as it was at its start: empty, or as it was made, forked or seeded."""
        self._lab.post("World/Reset", timeout=_PATIENCE_S)

    def delete(self, snapshot: Snapshot | str) -> None:
        self._lab.delete(_path(snapshot))

    def __iter__(self) -> Iterator[Snapshot]:
        """The newest first."""
        return map(_snapshot, self._lab.items("Snapshots", "snapshots"))

    def export(
        self, file: str | Path, snapshot: Snapshot | str | None = None, *, secrets: bool = False
    ) -> None:
        """Write a snapshot or, without one, the world to a file. `secrets` puts tokens and API keys into it, in plain
        text."""
        path = f"{_path(snapshot)}/Export" if snapshot is not None else "World/Export"
        content = self._lab.download(path, {"Secrets": True} if secrets else None, timeout=_PATIENCE_S)
        written = Path(file)
        written.touch(mode=0o600)
        written.write_bytes(content)

    def load(self, file: str | Path) -> Mapping[str, Any]:
        """The world is what the file holds; its account and token remain. What came with it, and who is who."""
        content, load_sid = Path(file).read_bytes(), None
        while len(content) > _CHUNK:
            part, content = content[:_CHUNK], content[_CHUNK:]
            load_sid = self._load(part, load_sid, more=True)["load_sid"]
        return self._load(content, load_sid, more=False)

    def _load(self, part: bytes, load_sid: str | None, *, more: bool) -> Mapping[str, Any]:
        params = {"Content": b64encode(part).decode(), "LoadSid": load_sid, "More": more or None}
        answer: Mapping[str, Any] = self._lab.post("World/Load", params, timeout=_PATIENCE_S)
        return answer


def _path(snapshot: Snapshot | str) -> str:
    return f"Snapshots/{segment(snapshot.sid if isinstance(snapshot, Snapshot) else snapshot)}"


def _snapshot(shown: Mapping[str, Any]) -> Snapshot:
    return Snapshot(
        sid=shown["sid"],
        name=shown["unique_name"],
        resources=shown["resources"],
        date_created=datetime.fromisoformat(shown["date_created"].replace("Z", "+00:00")),
    )
