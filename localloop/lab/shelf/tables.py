"""The map: each table of the database, whether its rows belong to a world, and how those of one world are found.

A house test holds it against the schema, so that a new table is either on the map or on the list of those that belong
to no world. Columns are not named here but where they need something of their own: a column `account_sid`, `world_sid`
or `owner_account_sid` names an account, and JSON may mention one anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

# Where the rows of one world are: `:accounts` are the SIDs of its accounts, `:world` is its own.
BY_ACCOUNT: Final = "account_sid = any(:accounts)"
BY_WORLD: Final = "world_sid = :world"
# A pace is of a sender, `AC…|+1555…`, and its account leads the key.
BY_KEY: Final = """key in (select p.key from unnest(:accounts) as a (sid)
  join {table} p on p.key >= a.sid || '|' and p.key < a.sid || '}}')"""
# What runs for the whole installation is planned under its first account, by the name of its kind.
OF_JOBS: Final = "account_sid = any(:accounts) and key is distinct from kind"

Part = Literal["state", "trace"]


class Table(Struct, frozen=True, kw_only=True):
    """One table of a world. What is its `state` is copied; a `trace` goes with its world and is never copied.

    `mentions` are columns of text in which an account's SID may stand among other words; `fresh` gives columns that a
    copy cannot take over another value.
    """

    name: str
    where: str = BY_ACCOUNT
    part: Part = "state"
    mentions: tuple[str, ...] = ()
    fresh: Mapping[str, str] = {}


# A job comes again as one that nobody has taken. When it runs follows from when it is due, by the clock of its world.
_JOB: Final[Mapping[str, str]] = {
    "id": "nextval(pg_get_serial_sequence('jobs', 'id'))",
    "leased": "false",
    "lane": "null",
    "run_at": "case when world_sid = '' then due_at else 'infinity' end",
}

# Whoever is named by a row stands before it.
TABLES: Final = (
    Table(name="worlds", where=BY_WORLD),
    Table(name="accounts", where=BY_WORLD),
    Table(name="api_keys"),
    Table(name="oauth_clients"),
    Table(name="resources"),
    Table(name="resource_names"),
    Table(name="phone_numbers", where=BY_WORLD),
    Table(name="released_numbers", where=BY_WORLD),
    Table(name="caller_ids"),
    Table(name="caller_id_validations"),
    Table(name="service_senders"),
    Table(name="sticky_senders"),
    Table(name="scheduled_messages"),
    Table(name="messages"),
    Table(name="message_usage"),
    Table(name="media"),
    Table(name="media_uploads"),
    Table(name="object_holders"),
    Table(name="messaging_settings"),
    Table(name="message_deletions"),
    Table(name="consents"),
    Table(name="opt_out_handling"),
    Table(name="contacts"),
    Table(name="deactivations", where=BY_WORLD),
    Table(name="messaging_permissions"),
    Table(name="dialing_permissions"),
    Table(name="dialing_settings"),
    Table(name="channel_senders"),
    Table(name="channel_sessions", where=BY_WORLD),
    Table(name="link_domains"),
    Table(name="link_services"),
    Table(name="short_links"),
    Table(name="calls"),
    Table(name="live_calls"),
    Table(name="call_usage"),
    Table(name="queues"),
    Table(name="queue_members"),
    Table(name="queue_takers"),
    Table(name="conferences"),
    Table(name="conference_participants"),
    Table(name="recordings"),
    Table(name="transcriptions"),
    Table(name="call_sessions"),
    Table(name="phones", where=BY_WORLD),
    Table(name="phone_messages", where=BY_WORLD),
    Table(name="phone_voices", where=BY_WORLD),
    Table(name="phone_calls", where=BY_WORLD),
    Table(name="phone_room_stays", where=BY_WORLD),
    Table(name="phone_call_lines", where=BY_WORLD),
    Table(name="deliveries"),
    Table(name="webhook_settings"),
    Table(name="alerts", mentions=("request_url",)),
    Table(name="pace", where=BY_KEY.format(table="pace"), mentions=("key",)),
    Table(name="pace_seconds", where=BY_KEY.format(table="pace_seconds"), mentions=("key",)),
    Table(name="faults", where=BY_WORLD),
    Table(name="fault_turns", where=BY_WORLD),
    # The work of a key may be undone by what is put back, so its answer is not had again; it is never done twice.
    Table(name="kept_answers", fresh={"state": "'gone'", "answer": "null"}),
    Table(name="jobs", where=OF_JOBS, fresh=_JOB),
    Table(name="dead_jobs", fresh={"id": _JOB["id"]}),
    # When senders last started: a moment of real time, over before anybody asks.
    Table(name="starts", where=BY_KEY.format(table="starts"), part="trace"),
    # How its clock was moved is told apart from how it stands; who waits, waits in this world.
    Table(name="clock_moves", where=BY_WORLD, part="trace"),
    Table(name="lab_waits", where=BY_WORLD, part="trace"),
    # What was asked of this server stays on record whatever the world is set back to; no other world asked it.
    Table(name="requests", part="trace"),
    Table(name="applied_faults", where=BY_WORLD, part="trace"),
    Table(name="forgotten", part="trace"),
    # People who look at a world are not in it.
    Table(name="console_links", part="trace"),
    Table(name="console_sessions", part="trace"),
    Table(name="console_users", part="trace"),
)

# Tables that belong to no world, and why.
OF_NO_WORLD: Final[Mapping[str, str]] = {
    "alembic_version": "the schema's version",
    "batch_marks": "whether a writer's last batch was committed",
    "sealing_keys": "which keys sealed something in this database",
    "objects": "bytes that rows of several worlds may hold: object_holders says which",
    "revoked_keys": "names that open mode must not take in again, whoever had them",
}

STATE: Final = tuple(table for table in TABLES if table.part == "state")
TRACES: Final = tuple(table for table in TABLES if table.part == "trace")
