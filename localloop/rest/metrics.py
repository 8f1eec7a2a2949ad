"""Numbers for Prometheus: requests, how long they took, sizes of write batches, and gauges read when asked.

Every process adds to cells of a file of its own, and whoever answers `/metrics` adds the files up. So the numbers
are live, those of a process that died are kept (its successor goes on with them), and a request costs 0.4 µs.
prometheus-client's own values cost 1.2 µs in one process and 2.9 µs in its multi-process mode, which also wants an
environment variable set before it is first imported; it still writes the exposition. What is true of the whole
machine (queue depth, requests in flight) is not counted per process but given as a `Gauge` when asked.
"""

from __future__ import annotations

import mmap
import os
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SIZES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
REQUESTS: Final = "localloop_requests"
REQUEST_SECONDS: Final = "localloop_request_seconds"
UNRECORDED: Final = "localloop_unrecorded_requests"
BATCH_SIZE: Final = "localloop_batch_size"
CELLS: Final = 1 << 17  # 1 MiB, of which the file system keeps what was used
SPILL: Final = CELLS - 32  # where what finds no room is added, and not shown
Labels: TypeAlias = tuple[str, ...]
Totals: TypeAlias = dict[tuple[str, tuple[str, ...]], list[float]]


class Series(Struct, frozen=True, array_like=True):
    """A line of a file's index: which cells belong to what."""

    metric: str
    labels: Labels
    first: int
    width: int


class Gauge(Struct, frozen=True):
    """A number of the whole machine, read by whoever renders."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


class Sheet:
    """The cells of one process: in memory, or in a file of `folder` that others read.

    A file belongs to a role of the supervisor ("api-0"), one process at a time; the next process of that role goes
    on where the last one stopped.
    """

    def __init__(self, folder: Path | None, role: str) -> None:
        self.series: dict[tuple[str, Labels], Series] = {}
        self._index: int | None = None
        if folder is None:
            self._map = mmap.mmap(-1, CELLS * 8)
        else:
            self._map = _mapped(folder / f"{role}.cells")
            self._index = self._read_index(folder / f"{role}.index")
        self.cells = memoryview(self._map).cast("d")

    def place(self, metric: str, labels: Labels, width: int) -> int:
        """The first of the `width` cells of a series; the spill when the sheet is full."""
        known = self.series.get((metric, labels))
        if known is not None:
            return known.first
        last = next(reversed(self.series.values()), None)
        first = last.first + last.width if last else 0
        if first + width > SPILL:
            return SPILL
        series = self.series[metric, labels] = Series(metric, labels, first, width)
        if self._index is not None:
            os.write(self._index, msgspec.json.encode(series) + b"\n")
        return first

    def close(self) -> None:
        self.cells.release()
        self._map.close()
        if self._index is not None:
            os.close(self._index)

    def _read_index(self, path: Path) -> int:
        known = _index_of(path) if path.exists() else []
        self.series.update({(series.metric, series.labels): series for series in known})
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        os.write(descriptor, b"".join(msgspec.json.encode(series) + b"\n" for series in known))
        return descriptor


class Metrics:
    """The numbers of one process, which makes it itself. Satisfies `app.Observer`."""

    def __init__(self, folder: Path | None = None, role: str = "") -> None:
        self._folder = folder
        self._sheet = Sheet(folder, role)
        self._cells = self._sheet.cells
        self._requests: dict[tuple[str, str, int], tuple[int, int]] = {}
        self._seconds: dict[str, int] = {}
        self._batches: dict[str, int] = {}

    def __call__(self, product: str, operation: str, status: int, seconds: float) -> None:
        """One finished request."""
        places = self._requests.get((product, operation, status))
        if places is None:
            places = self._place_request(product, operation, status)
        count, first = places
        cells = self._cells
        cells[count] += 1.0
        cells[first] += seconds
        cells[first + 1 + bisect_left(SECONDS, seconds)] += 1.0

    def batch(self, writer: str, size: int) -> None:
        """One flush of a group-commit writer."""
        first = self._batches.get(writer)
        if first is None:
            first = self._batches[writer] = self._place_histogram(BATCH_SIZE, (writer,), len(SIZES))
        self._cells[first] += size
        self._cells[first + 1 + bisect_left(SIZES, size)] += 1.0

    def unrecorded(self, count: int) -> None:
        """Requests that the record left out, since too many came."""
        self._cells[self._sheet.place(UNRECORDED, (), 1)] += count

    def render(self, gauges: Iterable[Gauge] = ()) -> bytes:
        """The exposition of every process on this folder, in the text format of Prometheus."""
        registry = CollectorRegistry()
        registry.register(_Sums(self._totals(), tuple(gauges)))
        return generate_latest(registry)

    def close(self) -> None:
        self._sheet.close()

    def _place_request(self, product: str, operation: str, status: int) -> tuple[int, int]:
        if product not in self._seconds:
            self._seconds[product] = self._place_histogram(REQUEST_SECONDS, (product,), len(SECONDS))
        count = self._sheet.place(REQUESTS, (product, operation, str(status)), 1)
        places = self._requests[product, operation, status] = (count, self._seconds[product])
        return places

    def _place_histogram(self, metric: str, labels: Labels, bounds: int) -> int:
        """Cells of a histogram: the sum, a bucket per bound, and one for what is above them all."""
        return self._sheet.place(metric, labels, bounds + 2)

    def _totals(self) -> Totals:
        if self._folder is None:
            return _added_up([(self._sheet.series.values(), list(self._cells))])
        return _added_up(_sheets(self._folder))


def clear(folder: Path) -> None:
    """Forgets the numbers of an earlier run; to be called before the first process starts."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for pattern in ("*.cells", "*.index"):
        for file in folder.glob(pattern):
            file.unlink()


def _mapped(path: Path) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.ftruncate(descriptor, CELLS * 8)
        return mmap.mmap(descriptor, CELLS * 8)
    finally:
        os.close(descriptor)


def _index_of(path: Path) -> list[Series]:
    complete, _, _ = path.read_bytes().rpartition(
        b"\n"
    )  # a last line may still be on its way, or have been cut off
    return [msgspec.json.decode(line, type=Series) for line in complete.splitlines()]


def _sheets(folder: Path) -> Iterator[tuple[Collection[Series], list[float]]]:
    for index in sorted(folder.glob("*.index")):
        series = _index_of(index)
        if series:
            used = (series[-1].first + series[-1].width) * 8
            with index.with_suffix(".cells").open("rb") as cells:
                yield series, list(memoryview(cells.read(used)).cast("d"))


def _added_up(sheets: Iterable[tuple[Collection[Series], list[float]]]) -> Totals:
    totals: Totals = {}
    for series, cells in sheets:
        for one in series:
            mine = cells[one.first : one.first + one.width]
            others = totals.get((one.metric, one.labels))
            if others is not None:
                mine = [a + b for a, b in zip(others, mine, strict=True)]
            totals[one.metric, one.labels] = mine
    return totals


class _Sums(Collector):
    """Hands the totals to prometheus-client."""

    def __init__(self, totals: Totals, gauges: tuple[Gauge, ...]) -> None:
        self._totals = totals
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            REQUESTS, "Answered requests.", labels=("product", "operation", "status")
        )
        seconds = HistogramMetricFamily(
            REQUEST_SECONDS, "Time from a request's first line to its answer.", labels=("product",)
        )
        batches = HistogramMetricFamily(BATCH_SIZE, "Rows per flush of a writer.", labels=("writer",))
        unrecorded = CounterMetricFamily(UNRECORDED, "Requests that the console's record left out.")
        for (metric, labels), cells in sorted(self._totals.items()):
            if metric == REQUESTS:
                requests.add_metric(labels, cells[0])
            elif metric == REQUEST_SECONDS:
                seconds.add_metric(labels, _buckets(SECONDS, cells), cells[0])
            elif metric == UNRECORDED:
                unrecorded.add_metric(labels, cells[0])
            else:
                batches.add_metric(labels, _buckets(SIZES, cells), cells[0])
        yield from (requests, seconds, batches, unrecorded)
        yield from self._gauge_families()

    def _gauge_families(self) -> Iterator[Metric]:
        by_name: dict[str, list[Gauge]] = defaultdict(list)
        for gauge in self._gauges:
            by_name[gauge.name].append(gauge)
        for name, members in by_name.items():
            family = GaugeMetricFamily(
                name, members[0].help, labels=[label for label, _ in members[0].labels]
            )
            for gauge in members:
                family.add_metric([value for _, value in gauge.labels], gauge.value)
            yield family


def _buckets(bounds: tuple[float, ...], cells: list[float]) -> list[tuple[str, float]]:
    """Cumulative counts, as Prometheus has them."""
    total, buckets = 0.0, []
    for bound, count in zip((*map(str, bounds), "+Inf"), cells[1:], strict=True):
        total += count
        buckets.append((bound, total))
    return buckets
