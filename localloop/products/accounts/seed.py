"""The first account: from the environment, or made once and kept. Safe to repeat at every start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from localloop.core import clock, sids
from localloop.products.accounts.account import queries as accounts
from localloop.products.accounts.account.queries import NewAccount
from localloop.products.accounts.adoption import MAIN_ACCOUNT_NAME, type_under
from localloop.products.accounts.key import queries as keys
from localloop.products.accounts.key.queries import NewKey
from localloop.products.accounts.vault import Vault
from localloop.store import Unit

_LOCK: Final = 0x616363  # any fixed number: "acc"


class SeedError(ValueError):
    """What the environment asks for cannot be; the text is for whoever set it."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What the first account shall be; an empty value leaves the choice to us."""

    account_sid: str = ""
    auth_token: str = ""
    api_key: str = ""
    api_secret: str = ""
    profile: str = "relaxed"

    @classmethod
    def of(cls, environ: Mapping[str, str], profile: str = "relaxed") -> Wanted:
        """From the variables that every Twilio SDK reads. Raises SeedError for one that is no SID."""
        wanted = cls(
            account_sid=environ.get("TWILIO_ACCOUNT_SID", "").strip(),
            auth_token=environ.get("TWILIO_AUTH_TOKEN", "").strip(),
            api_key=environ.get("TWILIO_API_KEY", "").strip(),
            api_secret=environ.get("TWILIO_API_SECRET", "").strip(),
            profile=profile,
        )
        for name, value, prefix in (
            ("TWILIO_ACCOUNT_SID", wanted.account_sid, "AC"),
            ("TWILIO_API_KEY", wanted.api_key, "SK"),
        ):
            if value and not sids.is_sid(value, prefix):
                raise SeedError(f"{name} is {value!r}: it must be {prefix} and 32 hexadecimal digits")
        return wanted


class Seeded(Struct, frozen=True, kw_only=True):
    """The first account as it is, for a banner."""

    account_sid: str
    auth_token: str
    test_account_sid: str
    test_auth_token: str
    is_new: bool


async def seed(vault: Vault, wanted: Wanted) -> Seeded:
    """Make or find the first account, its world, its test credentials and its key.

    What the environment names counts: another SID becomes the first account, another token replaces the old.
    """
    async with vault.revoking() as unit:
        await unit.execute("select pg_advisory_xact_lock($1)", _LOCK)
        kept: str | None = await unit.fetchval("select sid from accounts where seeded")
        sid = wanted.account_sid or kept or sids.new("AC")
        is_new = await accounts.insert(vault, unit, _main_account(sid, wanted))
        if not is_new:
            await _align(vault, unit, sid, wanted)
        await _mark(unit, sid)
        if wanted.api_key and wanted.api_secret:
            await _seed_key(vault, unit, sid, wanted)
        return await _seeded(vault, unit, sid, is_new=is_new)


def _main_account(sid: str, wanted: Wanted) -> NewAccount:
    return NewAccount(
        sid=sid,
        friendly_name=MAIN_ACCOUNT_NAME,
        type=type_under(wanted.profile),
        auth_token=wanted.auth_token or None,
        profile=wanted.profile,
    )


async def _align(vault: Vault, unit: Unit, sid: str, wanted: Wanted) -> None:
    row = await unit.fetchrow(
        "select auth_token, owner_account_sid from accounts where sid = $1 for update", sid
    )
    assert row is not None
    if row["owner_account_sid"] != sid:
        raise SeedError(f"{sid} is a subaccount here: the first account must be a main account")
    if wanted.auth_token and vault.unseal(row["auth_token"]) != wanted.auth_token:
        await unit.execute(
            "update accounts set auth_token = $2, token_claimable = false, date_updated = $3 where sid = $1",
            sid,
            vault.seal(wanted.auth_token),
            clock.now(sid),
        )
    await unit.execute("update worlds set profile = $2 where world_sid = $1", sid, wanted.profile)
    await unit.execute("update accounts set type = $2 where world_sid = $1", sid, type_under(wanted.profile))


async def _mark(unit: Unit, sid: str) -> None:
    # Two statements: the index that allows one seeded account is checked row by row.
    await unit.execute("update accounts set seeded = false where seeded and sid <> $1", sid)
    await unit.execute("update accounts set seeded = true where sid = $1 and not seeded", sid)


async def _seed_key(vault: Vault, unit: Unit, account_sid: str, wanted: Wanted) -> None:
    new = NewKey(
        sid=wanted.api_key,
        account_sid=account_sid,
        secret=wanted.api_secret,
        now=clock.now(account_sid),
        friendly_name="From the environment",
    )
    if await keys.insert(vault, unit, new):
        return
    done = await unit.fetchval(
        "update api_keys set secret = $3 where sid = $1 and account_sid = $2 returning sid",
        new.sid,
        account_sid,
        vault.seal(new.secret),
    )
    if done is None:
        raise SeedError(f"TWILIO_API_KEY {new.sid} is a key of another account here, not of {account_sid}")


async def _seeded(vault: Vault, unit: Unit, sid: str, *, is_new: bool) -> Seeded:
    row = await unit.fetchrow(
        "select auth_token, test_sid, test_auth_token from accounts where sid = $1", sid
    )
    assert row is not None
    return Seeded(
        account_sid=sid,
        auth_token=vault.unseal(row["auth_token"]),
        test_account_sid=row["test_sid"],
        test_auth_token=vault.unseal(row["test_auth_token"]),
        is_new=is_new,
    )
