"""Who may look backstage, and under which name failures are counted."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from localloop.core.errors import ApiError
from localloop.rest.authenticate import name_in
from localloop.rest.guard import Backstage

LAB = Backstage(frozenset({"lab"}), 4012)


def scope(client: str = "127.0.0.1", port: int = 4010, **headers: str) -> dict[str, Any]:
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"client": (client, 50000), "server": ("192.0.2.1", port), "headers": fields}


@pytest.mark.parametrize("client", ["127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_may(client: str) -> None:
    LAB.admit("lab", "/lab/v1/Phones", scope(client))


@pytest.mark.parametrize(
    "asked",
    [
        scope("192.0.2.7"),
        scope("fe80::1"),
        scope(x_forwarded_for="127.0.0.1"),
        scope(forwarded="for=127.0.0.1"),
        {"headers": []},
    ],
    ids=["network", "link", "x-forwarded-for", "forwarded", "nobody"],
)
def test_others_may_not(asked: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as refusal:
        LAB.admit("lab", "/lab/v1/Phones", asked)
    assert (refusal.value.status, refusal.value.code) == (404, 20404)


def test_what_is_not_backstage_is_for_everybody() -> None:
    LAB.admit("api", "/2010-04-01/Accounts.json", scope("192.0.2.7"))


def test_whoever_reaches_the_operators_address_may() -> None:
    LAB.admit("lab", "/lab/v1/Phones", scope("192.0.2.7", 4012))
    assert not Backstage(frozenset({"lab"})).is_open_to(scope("192.0.2.7", 0))


def test_failures_of_one_name_count_together_whatever_the_secret() -> None:
    tried = [b64encode(f"AC1:{secret}".encode()).decode() for secret in ("a", "b", "zzz")]
    assert {name_in(f"{scheme} {each}") for each in tried for scheme in ("Basic", "basic")} == {"AC1"}
    assert name_in("Basic %%%") == name_in("Basic ") == ""
