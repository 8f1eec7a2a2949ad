"""Recordings as the page shows them, of a call or of a conference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localloop.console import queries_calls as sql
from localloop.console.queries import Row
from localloop.console.shapes import Json, iso
from localloop.core import sids
from localloop.store import Executor


async def recordings_shown(reader: Executor, rows: Sequence[Row]) -> list[Json]:
    """Each with what was written down of it."""
    if not rows:
        return []
    written = await sql.transcriptions(reader, rows[0]["account_sid"], [row["id"] for row in rows])
    return [_recording(row, [one for one in written if one["recording_id"] == row["id"]]) for row in rows]


def _recording(row: Row, written: Sequence[Row]) -> Json:
    wish: Mapping[str, Any] = row["wish"] or {}
    return {
        "sid": sids.from_uuid("RE", row["id"]),
        "account_sid": row["account_sid"],
        "call_sid": sids.from_uuid("CA", row["call_id"]) if row["call_id"] else None,
        "status": row["status"],
        "source": wish.get("source"),
        "channels": wish.get("channels") or 1,
        "duration": row["duration"],
        "error_code": row["error_code"],
        "price": None if row["price"] is None else f"{row['price']:.5f}",
        "start_time": iso(row["start_time"]),
        "transcriptions": [
            {"sid": sids.from_uuid("TR", one["id"]), "status": one["status"], "text": one["body"]}
            for one in written
        ],
    }
