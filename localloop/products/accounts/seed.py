"""The first account: from the environment, or made once and kept. Safe to repeat at every start."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from localloop.core import clock, sids
from localloop.core.settings import Profile, Seed, SettingsError
from localloop.products.accounts.account import queries as accounts
from localloop.products.accounts.account.queries import NewAccount
from localloop.products.accounts.adoption import MAIN_ACCOUNT_NAME, type_under
from localloop.products.accounts.key import queries as keys
from localloop.products.accounts.key.queries import NewKey
from localloop.products.accounts.vault import Vault
from localloop.store import Unit, worlds

_LOCK: Final = 0x616363  # any fixed number: "acc"


class Seeded(Struct, frozen=True, kw_only=True):
    """The first account as it is, for a banner."""

    account_sid: str
    auth_token: str
    test_account_sid: str
    test_auth_token: str
    is_new: bool


async def seed(vault: Vault, wanted: Seed, profile: Profile = "relaxed") -> Seeded:
    """Make or find the first account, its world, its test credentials and its key.

    What is asked for counts: another SID becomes the first account, another token replaces the old one.
    Raises SettingsError for what cannot be.
    """
    async with vault.revoking() as unit:
        await unit.execute("select pg_advisory_xact_lock($1)", _LOCK)
        kept: str | None = await unit.fetchval("select sid from accounts where seeded")
        sid = wanted.account_sid or kept or sids.new("AC")
        is_new = await accounts.insert(vault, unit, _main_account(sid, wanted.auth_token, profile))
        if not is_new:
            await align(vault, unit, sid, wanted.auth_token)
            await _set_profile(unit, sid, profile)
        await _mark(unit, sid)
        if wanted.api_key and wanted.api_secret:
            await _seed_key(vault, unit, sid, wanted)
        return await _seeded(vault, unit, sid, is_new=is_new)


def _main_account(sid: str, auth_token: str, profile: Profile) -> NewAccount:
    return NewAccount(
        sid=sid,
        friendly_name=MAIN_ACCOUNT_NAME,
        type=type_under(profile),
        auth_token=auth_token or None,
        profile=profile,
    )


async def align(vault: Vault, unit: Unit, sid: str, auth_token: str) -> None:
    """Give a main account this token, if it is one. Raises SettingsError for a subaccount."""
    row = await unit.fetchrow(
        "select auth_token, owner_account_sid from accounts where sid = $1 for update", sid
    )
    assert row is not None
    if row["owner_account_sid"] != sid:
        raise SettingsError(f"{sid} is a subaccount here, and has to be a main account")
    if auth_token and vault.unseal(row["auth_token"]) != auth_token:
        await unit.execute(
            "update accounts set auth_token = $2, token_claimable = false, date_updated = $3 where sid = $1",
            sid,
            vault.seal(auth_token),
            clock.now(sid),
        )


async def _set_profile(unit: Unit, sid: str, profile: Profile) -> None:
    await worlds.set_profile(unit, sid, profile)
    await unit.execute("update accounts set type = $2 where world_sid = $1", sid, type_under(profile))


async def _mark(unit: Unit, sid: str) -> None:
    # Two statements: the index that allows one seeded account is checked row by row.
    await unit.execute("update accounts set seeded = false where seeded and sid <> $1", sid)
    await unit.execute("update accounts set seeded = true where sid = $1 and not seeded", sid)


async def _seed_key(vault: Vault, unit: Unit, account_sid: str, wanted: Seed) -> None:
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
        raise SettingsError(
            f"TWILIO_API_KEY {new.sid} is a key of another account here, not of {account_sid}"
        )


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
