"""Taking due jobs: by their time, and in turns between accounts once there are more than can be taken.

A claim that comes back full says that jobs are waiting, perhaps a million of one account. From then on claims
go round the accounts that have something due, found by skipping through the index from account to account,
and take a share from each, until nothing is left behind. An account may fill the worker only as far as three
times the free places (a dynamic threshold, as in shared packet buffers), so somebody else's first job always
finds one.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from localloop.core import clock
from localloop.jobs.job import Job
from localloop.store import Database

_MOST_ACCOUNTS: Final = 64  # of one claim
_ALPHA: Final = 3
_MANY: Final = 8  # of so many places one is
# Before PostgreSQL 18 a look for accounts reads the index entries of all future jobs, so it is not repeated at once:
# it may take a tenth of the time, and a newcomer is not found later than this.
_REST: Final = 9
LONGEST_REST: Final = 0.05

# A queue changes faster than its statistics: the plans that are right for a full one are right for an empty one.
PLANNER: Final = dict.fromkeys(
    ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_hashjoin", "enable_mergejoin"), "off"
)

_TAKE: Final = """
update jobs set run_at = $2, attempts = attempts + 1, leased = true where id = any(array(select id from due))
returning id, account_sid, world_sid, kind, key, payload, due_at, attempts, lane
"""
_TAKE_OLDEST: Final = f"""
with due as materialized (
  select id from jobs where run_at <= $1 order by run_at, id limit $3 for update skip locked
)
{_TAKE}
"""
_TAKE_SHARES: Final = f"""
with due as materialized (
  select d.id from unnest($3::text[], $4::int[]) as a (account_sid, share) cross join lateral (
    select j.id from jobs j
    where j.account_sid = a.account_sid and j.run_at at time zone 'UTC' <= $1::timestamptz at time zone 'UTC'
    order by j.run_at at time zone 'UTC', j.id limit a.share for update skip locked
  ) as d
)
{_TAKE}
"""
# Both conditions are of the index on accounts: jobs of the future are passed without a look at the table.
_ACCOUNTS: Final = """
with recursive waiting (account_sid, n) as (
  (
    select account_sid, 1 from jobs
    where account_sid > $2 and run_at at time zone 'UTC' <= $1::timestamptz at time zone 'UTC'
    order by account_sid, run_at at time zone 'UTC', id limit 1
  )
  union all
  select (
    select j.account_sid from jobs j
    where j.account_sid > w.account_sid and j.run_at at time zone 'UTC' <= $1::timestamptz at time zone 'UTC'
    order by j.account_sid, j.run_at at time zone 'UTC', j.id limit 1
  ), n + 1
  from waiting w where w.account_sid is not null and n < $3
)
select account_sid from waiting where account_sid is not null
"""
_NEXT: Final = """
select run_at from jobs where run_at > coalesce($1::timestamptz, '-infinity') and run_at < 'infinity'
order by run_at limit 1
"""


class Claims:
    """One worker's way of taking jobs, on a database that plans by `PLANNER`. `busy` counts its running jobs by
    account, and is kept by the worker."""

    def __init__(
        self, database: Database, places: int, lease: timedelta, longest_rest: float = LONGEST_REST
    ) -> None:
        self.busy: Counter[str] = Counter()
        self.is_crowded = False  # more was due at the last look than could be taken
        self._database = database
        self._places = places
        self._lease = lease
        self._longest_rest = longest_rest
        self._cursor = ""
        self._known: list[str] = []  # all accounts with due jobs, a moment ago
        self._known_until = 0.0

    @property
    def is_roomy(self) -> bool:
        """Whether a good many jobs could start, of whatever account."""
        return self._room(max(self.busy.values(), default=0)) >= self._places // _MANY

    def is_roomy_for(self, account_sid: str) -> bool:
        """The same of one account."""
        return self._room(self.busy[account_sid]) >= self._places // _MANY

    async def take(self, most: int) -> tuple[list[Job], bool]:
        """At most this many due jobs, oldest first, leased to us; and whether it is worth asking again at
        once."""
        now = clock.now()
        limit = min(most, self._room(max(self.busy.values(), default=0)))
        if not self.is_crowded and limit > 0:
            jobs = await self._run(_TAKE_OLDEST, now, limit)
            self.is_crowded = len(jobs) == limit
            return jobs, self.is_crowded
        return await self._take_in_turns(now, most)

    async def next_due(self, after: datetime | None = None) -> datetime | None:
        """When the next job falls due, in real time; of those due after a moment, if one is given."""
        moment: datetime | None = await self._database.fetchval(_NEXT, after)
        return moment

    async def _take_in_turns(self, now: datetime, most: int) -> tuple[list[Job], bool]:
        accounts, are_all = await self._accounts_in_turn(now, min(most, _MOST_ACCOUNTS))
        shares = self._shares(accounts, most)
        jobs = await self._run(_TAKE_SHARES, now, list(shares), list(shares.values())) if shares else []
        taken = Counter(job.account_sid for job in jobs)
        emptied = {account for account, share in shares.items() if taken[account] < share}
        self._known = [account for account in self._known if account not in emptied]
        is_rest = len(emptied) < len(shares)
        is_capped = len(shares) < len(accounts)
        self.is_crowded = is_rest or is_capped or not are_all
        return jobs, bool(jobs) and (is_rest or not are_all)

    async def _accounts_in_turn(self, now: datetime, most: int) -> tuple[list[str], bool]:
        """The next accounts with due jobs, and whether these are all that have any."""
        began = time.monotonic()
        if 0 < len(self._known) <= most and began < self._known_until:
            return self._known, True
        start, self._known = self._cursor, []
        accounts = [row["account_sid"] for row in await self._database.fetch(_ACCOUNTS, now, start, most)]
        self._cursor = accounts[-1] if len(accounts) == most else ""
        if start and not accounts:
            return await self._accounts_in_turn(now, most)
        are_all = not start and not self._cursor
        if are_all:
            ended = time.monotonic()
            self._known = accounts
            self._known_until = ended + min((ended - began) * _REST, self._longest_rest)
        return accounts, are_all

    def _shares(self, accounts: list[str], most: int) -> Mapping[str, int]:
        share = max(1, most // len(accounts)) if accounts else 0
        shares = {account: min(share, self._room(self.busy[account])) for account in accounts}
        return {account: share for account, share in shares.items() if share > 0}

    def _room(self, busy: int) -> int:
        """How many more jobs an account that has this many running may start."""
        free = self._places - self.busy.total()
        if free <= 0:
            return 0
        return max((_ALPHA * free - busy) // (1 + _ALPHA), 0 if busy else 1)

    async def _run(self, sql: str, now: datetime, *args: Any) -> list[Job]:
        rows = await self._database.fetch(sql, now, now + self._lease, *args)
        return sorted((Job(**row) for row in rows), key=lambda job: (job.due_at, job.id))
