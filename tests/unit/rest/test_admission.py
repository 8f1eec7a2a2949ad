"""Concurrency and rates of accounts in one process; `test_admission_processes.py` has several."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from localloop.rest import admission as admission_module
from localloop.rest import limits as limits_module
from localloop.rest import shared
from localloop.rest.admission import Admission, Counts, LocalCounts, TooManyRequests
from localloop.rest.limits import Limits, Rule
from localloop.rest.shared import SharedTable

AC1, AC2 = "AC" + "1" * 32, "AC" + "2" * 32


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(admission_module, "monotonic", clock)
    monkeypatch.setattr(shared, "monotonic", clock)
    return clock


@pytest.fixture(params=["local", "shared"])
def counts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counts]:
    if request.param == "local":
        yield LocalCounts()
        return
    shared.create(tmp_path / "table")
    table = SharedTable(tmp_path / "table")
    yield table
    table.close()


def refused(admission: Admission, account: str, limits: tuple[limits_module.Limit, ...] = ()) -> int:
    with pytest.raises(TooManyRequests) as refusal:
        admission.enter(account, limits)
    assert (refusal.value.status, refusal.value.code) == (429, 20429)
    assert refusal.value.message == "Too Many Requests"
    return refusal.value.concurrent


def test_says_how_many_are_in(counts: Counts) -> None:
    admission = Admission(counts, Limits())

    assert [admission.enter(AC1) for _ in range(3)] == [1, 2, 3]
    admission.leave(AC1)
    assert admission.enter(AC1) == 3


def test_refuses_the_one_too_many_and_does_not_keep_it(counts: Counts) -> None:
    admission = Admission(counts, Limits(concurrency=2))
    admission.enter(AC1)
    admission.enter(AC1)

    assert refused(admission, AC1) == 3
    assert refused(admission, AC1) == 3
    admission.leave(AC1)
    assert admission.enter(AC1) == 2


def test_accounts_are_apart(counts: Counts) -> None:
    admission = Admission(counts, Limits(concurrency=1))

    assert admission.enter(AC1) == 1
    assert admission.enter(AC2) == 1


def test_the_limit_of_an_operation_comes_on_top(counts: Counts) -> None:
    limits = Limits(concurrency=10, operations={"sync.v1.CreateDocument": Rule(concurrency=2)})
    admission, own = Admission(counts, limits), limits.of("sync", "sync.v1.CreateDocument")
    admission.enter(AC1, own)
    admission.enter(AC1, own)

    assert refused(admission, AC1, own) == 3
    assert admission.enter(AC1, limits.of("sync", "sync.v1.FetchDocument")) == 3
    assert admission.enter(AC2, own) == 1
    admission.leave(AC1, own)
    assert admission.enter(AC1, own) == 3


def test_requests_per_second_with_a_burst(counts: Counts, clock: Clock) -> None:
    limits = Limits(products={"verify": Rule(per_second=10, burst=3)})
    admission, own = Admission(counts, limits), limits.of("verify", "verify.v2.CreateVerification")

    def let_in() -> int:
        for entered in range(10):
            try:
                admission.enter(AC1, own)
            except TooManyRequests:
                return entered
            admission.leave(AC1, own)
        return 10

    assert let_in() == 3
    clock.now += 0.1001
    assert let_in() == 1
    clock.now += 60
    assert let_in() == 3


def test_a_refusal_takes_nothing_of_other_limits(counts: Counts, clock: Clock) -> None:
    limits = Limits(
        products={"sync": Rule(per_second=1, burst=1)}, operations={"sync.v1.X": Rule(concurrency=1)}
    )
    admission, both = Admission(counts, limits), limits.of("sync", "sync.v1.X")
    admission.enter(AC1, both)
    clock.now += 1.001
    refused(admission, AC1, both)
    admission.leave(AC1, both)

    assert admission.enter(AC1, both) == 1


def test_many_accounts_come_and_go(counts: Counts) -> None:
    admission = Admission(counts, Limits(concurrency=1))
    accounts = [f"AC{number:032x}" for number in range(shared.ROWS * 2)]

    for account in accounts:
        assert admission.enter(account) == 1
        admission.leave(account)


def test_a_full_table_refuses_and_recovers(tmp_path: Path) -> None:
    shared.create(tmp_path / "table")
    table = SharedTable(tmp_path / "table")
    admission = Admission(table, Limits())
    inside = []
    for number in range(shared.ROWS * 2):
        try:
            admission.enter(f"AC{number}")
        except TooManyRequests:
            continue
        inside.append(number)

    assert shared.ROWS * 0.9 < len(inside) <= shared.ROWS
    for number in inside:
        admission.leave(f"AC{number}")
    assert admission.enter("ACnew") == 1
    table.close()


def test_a_process_has_one_table(tmp_path: Path) -> None:
    shared.create(tmp_path / "table")
    table = SharedTable(tmp_path / "table")

    with pytest.raises(RuntimeError, match="open in this process"):
        SharedTable(tmp_path / "table")
    table.close()
    SharedTable(tmp_path / "table").close()


def test_another_layout_is_not_read(tmp_path: Path) -> None:
    shared.create(tmp_path / "table")
    with (tmp_path / "table").open("r+b") as file:
        file.write(b"\x01")

    with pytest.raises(RuntimeError, match="not a table"):
        SharedTable(tmp_path / "table")


def test_the_shipped_limits() -> None:
    limits = limits_module.load()

    assert limits.concurrency == 100
    assert limits.of("api", "api.v2010.CreateMessage") == ()


@pytest.mark.parametrize(
    "text",
    [
        '{"concurrency": 0}',
        '{"concurrency": 100000}',
        '{"operations": {"a": {"per_second": 0}}}',
        '{"products": {"a": {"burst": 0}}}',
        '{"product": {}}',
        '{"products": {"a": {"persecond": 1}}}',
    ],
)
def test_limits_that_make_no_sense_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "limits.json"
    path.write_text(text)

    with pytest.raises(msgspec.ValidationError):
        limits_module.load(path)
