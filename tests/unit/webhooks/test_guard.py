"""The address guard's judgement, address by address."""

from __future__ import annotations

import pytest

from localloop.webhooks.guard import SERVE, UP, AddressPolicy, is_odd_number, networks


@pytest.mark.parametrize("policy", [UP, SERVE, AddressPolicy(True, networks(["0.0.0.0/0", "::/0"]))])
@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "fd00:ec2::254",
        "[fd00:ec2::254]",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "::169.254.169.254",
        "100.100.100.200",
        "64:ff9b:1::a9fe:a9fe",
        "::ffff:0:169.254.169.254",
        "fe80::5efe:169.254.169.254",
        "2606:4700::200:5efe:a9fe:a9fe",
        "2001:0:5ef5:79fb::5601:5601",
    ],
)
def test_metadata_is_always_refused(policy: AddressPolicy, address: str) -> None:
    assert policy.refusal(address) == "metadata"


@pytest.mark.parametrize("address", ["2130706433", "127.1", "0x7f.1", "localhost", ""])
def test_what_is_no_address_is_refused(address: str) -> None:
    assert UP.refusal(address) == "no address"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.255.255", "loopback"),
        ("::1", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("10.0.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("fc00::1", "private"),
        ("fdff::1", "private"),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("203.0.113.9", "reserved"),
        ("198.18.0.1", "reserved"),
        ("2001:db8::1", "reserved"),
        ("::ffff:10.0.0.1", "private"),
        ("::ffff:7f00:1", "loopback"),
        ("64:ff9b::10.0.0.1", "private"),
        ("2002:7f00:1::", "loopback"),
        ("2001:0:5ef5:79fb::f5ff:fffe", "private"),
    ],
)
def test_serve_refuses_what_is_not_public(address: str, reason: str) -> None:
    assert SERVE.refusal(address) == reason
    assert UP.refusal(address) is None


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.32.0.1", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_public_addresses_are_admitted(address: str) -> None:
    assert SERVE.refusal(address) is None


def test_listed_networks_are_admitted() -> None:
    policy = AddressPolicy(public_only=True, allowed=networks(["10.1.0.0/16", "::1"]))
    assert policy.refusal("10.1.2.3") is None
    assert policy.refusal("::ffff:10.1.2.3") is None
    assert policy.refusal("::1") is None
    assert policy.refusal("10.2.0.1") == "private"


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x",
        "0177.0.0.1",
        "1.2.3.4.5",
        "256.1.1.1",
        "a.b.1",
        "127.0.0.1.",
        "0",
    ],
)
def test_odd_numbers(host: str) -> None:
    assert is_odd_number(host)
    assert not SERVE.admits_name(host)
    assert UP.admits_name(host)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "example.com", "1.example", "0x7f.example", "[::1]", "xn--1-abc", "a1"]
)
def test_names_and_addresses_are_none(host: str) -> None:
    assert not is_odd_number(host)
