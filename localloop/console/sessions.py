"""Who is signed in: one-time links, sessions and users, kept in PostgreSQL so that every process knows them.

Codes, session ids and tokens are 256 random bits and stand in the database as their SHA-256. A session id is always
new: one that a browser brings along is looked up, never adopted.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from msgspec import Struct

from localloop.core import clock
from localloop.store import Database, Executor, Unit

LINK_LIFE: Final = timedelta(hours=24)
IDLE_LIFE: Final = timedelta(days=7)
_TOUCH_AFTER: Final = timedelta(hours=1)  # how much of its life a session has lost when it is given back
_ENTER: Final = "/console/enter"

_KEEP_LINK: Final = "insert into console_links (code, account_sid, expires_at) values ($1, $2, $3)"
_SWEEP_LINKS: Final = "delete from console_links where expires_at <= $1"
_TAKE_LINK: Final = "delete from console_links where code = $1 returning account_sid, expires_at"
_OPEN: Final = """
insert into console_sessions (id, account_sid, csrf_token, auth_token, user_name, expires_at)
values ($1, $2, $3, $4, $5, $6)"""
_SWEEP: Final = "delete from console_sessions where expires_at <= $1"
_FIND: Final = """
select s.account_sid, s.csrf_token, s.auth_token, s.expires_at, a.world_sid, a.friendly_name, a.type,
  case when 'closed' in (a.status, o.status) then 'closed' when a.status = 'active' then o.status else a.status end
    as status
from console_sessions s join accounts a on a.sid = s.account_sid join accounts o on o.sid = a.owner_account_sid
where s.id = $1 and s.expires_at > $2"""
_TOUCH: Final = "update console_sessions set expires_at = $2 where id = $1"
_CLOSE: Final = "delete from console_sessions where id = $1"


class Session(Struct, frozen=True, kw_only=True):
    """Somebody who is signed in, and the account that they look at."""

    id: bytes
    csrf_token: str
    token_hash: bytes | None  # of the account's auth token, when that is what they signed in with
    account_sid: str
    world_sid: str
    friendly_name: str
    status: str
    type: str

    def is_proved_by(self, csrf_token: str) -> bool:
        return compare_digest(self.csrf_token.encode(), csrf_token.encode())

    def outlives(self, auth_token: str) -> bool:
        """False once the token that it was opened with is no longer the account's."""
        return self.token_hash is None or compare_digest(self.token_hash, hash_of(auth_token))


def hash_of(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


async def new_link(writer: Executor, base_url: str, account_sid: str) -> str:
    """A link that signs in once, within a day."""
    code, now = secrets.token_urlsafe(32), clock.now()
    await writer.execute(_SWEEP_LINKS, now)
    await writer.execute(_KEEP_LINK, hash_of(code), account_sid, now + LINK_LIFE)
    return f"{base_url}{_ENTER}?code={code}"


async def enter(database: Database, code: str) -> str | None:
    """The id of a new session for a link's code; None when it was used, is too old or is none."""
    async with database.unit() as unit:
        taken = await unit.fetchrow(_TAKE_LINK, hash_of(code))
        if taken is None or taken["expires_at"] <= clock.now():
            return None
        return await open_session(unit, taken["account_sid"])


async def open_session(
    unit: Unit, account_sid: str, *, auth_token: str | None = None, user_name: str | None = None
) -> str:
    """The id of a new session, which ends with `auth_token`, or the user's password, if that is how they came in."""
    session_id, now = secrets.token_urlsafe(32), clock.now()
    proof = None if auth_token is None else hash_of(auth_token)
    await unit.execute(_SWEEP, now)
    csrf_token, expires_at = secrets.token_urlsafe(32), now + IDLE_LIFE
    await unit.execute(_OPEN, hash_of(session_id), account_sid, csrf_token, proof, user_name, expires_at)
    return session_id


async def find(database: Database, session_id: str) -> Session | None:
    """The session of this id, if it is open and its account is not closed. Using it keeps it open."""
    now, key = clock.now(), hash_of(session_id)
    row = await database.fetchrow(_FIND, key, now)
    if row is None or row["status"] == "closed":
        return None
    if row["expires_at"] < now + IDLE_LIFE - _TOUCH_AFTER:
        await database.execute(_TOUCH, key, now + IDLE_LIFE)
    return Session(
        id=key,
        csrf_token=row["csrf_token"],
        token_hash=row["auth_token"],
        account_sid=row["account_sid"],
        world_sid=row["world_sid"],
        friendly_name=row["friendly_name"],
        status=row["status"],
        type=row["type"],
    )


async def close(writer: Executor, session: Session) -> None:
    await writer.execute(_CLOSE, session.id)
