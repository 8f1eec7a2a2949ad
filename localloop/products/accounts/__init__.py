"""Accounts, keys, tokens and who may use them: the lowest product, on which all others stand.

`Vault` is the dependency of everything here; `bindings` are the operations; `AccountCredentials` proves callers for
the engine and signs for the webhooks.
"""

from __future__ import annotations

from localloop.products.accounts.account import balance
from localloop.products.accounts.account import resource as account
from localloop.products.accounts.account.balance import Spent, nothing_spent
from localloop.products.accounts.account.queries import NewAccount
from localloop.products.accounts.account.queries import insert as insert_account
from localloop.products.accounts.account.resource import (
    Accounts,
    Closing,
    resume_as_operator,
    suspend_as_operator,
)
from localloop.products.accounts.adoption import MAIN_ACCOUNT_NAME, Adoption, type_under
from localloop.products.accounts.client_tokens import Admitted, ClientTokens
from localloop.products.accounts.credentials import AccountCredentials
from localloop.products.accounts.key import resource as key
from localloop.products.accounts.key.permissions import permission_for
from localloop.products.accounts.key.queries import NewKey
from localloop.products.accounts.key.resource import Keys
from localloop.products.accounts.oauth import app, token
from localloop.products.accounts.resealing import reseal
from localloop.products.accounts.rotation import bindings as rotation_bindings
from localloop.products.accounts.seed import Seeded, align, seed
from localloop.products.accounts.test_credentials import TestCredentials
from localloop.products.accounts.vault import CHANNEL, Revocations, Vault
from localloop.rest.request import Binding

__all__ = [
    "CHANNEL",
    "MAIN_ACCOUNT_NAME",
    "AccountCredentials",
    "Accounts",
    "Admitted",
    "Adoption",
    "ClientTokens",
    "Closing",
    "Keys",
    "NewAccount",
    "NewKey",
    "Revocations",
    "Seeded",
    "Spent",
    "TestCredentials",
    "Vault",
    "align",
    "bindings",
    "insert_account",
    "nothing_spent",
    "permission_for",
    "reseal",
    "resume_as_operator",
    "seed",
    "suspend_as_operator",
    "type_under",
]


def bindings(
    vault: Vault,
    closings: tuple[Closing, ...] = (),
    spent: Spent = nothing_spent,
    suspensions: tuple[Closing, ...] = (),
) -> tuple[Binding, ...]:
    """Every operation that behaves here. `closings` end what a closed account leaves behind (its numbers),
    `suspensions` what one that is suspended does just then (its calls)."""
    return (
        account.binding(Accounts(vault, closings, suspensions)),
        balance.binding(vault, spent),
        *key.bindings(Keys(vault)),
        *rotation_bindings(vault),
        *token.bindings(vault),
        app.binding(app.Apps(vault)),
    )
