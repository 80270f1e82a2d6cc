"""Any sequence of overlapping parts makes the same series as the whole at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.candles import COLUMNS, Candles, make_candles
from engine.errors import InputError
from engine.sim.synthetic import synthetic_candles
from server.store.candles import CandleSeries
from server.store.database import Database
from server.store.series import BARS

ALL = synthetic_candles(5, 2 * BARS + 100)
EDGES = st.one_of(st.integers(0, len(ALL)), st.sampled_from([0, 1, BARS - 1, BARS, BARS + 1, len(ALL)]))
PARTS = st.lists(st.tuples(EDGES, EDGES).map(sorted).filter(lambda e: e[0] < e[1]), min_size=1, max_size=6)
SEVERAL = settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # fmt: skip


def on(url: str, check: Callable[[CandleSeries], Awaitable[None]]) -> None:
    """Runs a check on an empty store."""

    async def run() -> None:
        database = Database(url)
        try:
            for stored in await CandleSeries(database).list():
                await CandleSeries(database).remove(stored.symbol, stored.timeframe)
            await check(CandleSeries(database))
        finally:
            await database.close()

    asyncio.run(run())


def part(symbol: str, start: int, stop: int) -> Candles:
    columns: dict[str, Any] = {name: getattr(ALL, name)[start:stop] for name in COLUMNS}
    return make_candles(symbol, "1h", origin="part", **columns)


@SEVERAL
@given(parts=PARTS, shuffle=st.randoms(use_true_random=False))
def test_any_order_of_overlapping_parts_gives_the_whole(
    migrated_url: str, parts: list[list[int]], shuffle: Any
) -> None:
    async def check(series: CandleSeries) -> None:
        held: set[int] = set()
        added, stored = 0, None
        for start, stop in parts:
            stored = await series.add(part("X", start, stop), allow_gaps=True)
            held |= set(range(start, stop))
            added += stored.added
            assert (stored.rows, added, stored.missing) == (len(held), len(held), max(held) - min(held) + 1 - len(held))
        assert stored and sum(gap.bars for gap in await series.gaps("X", "1h")) == stored.missing
        whole = [[i * 1000, min(len(ALL), i * 1000 + 1500)] for i in range(9)]
        rest = [[0, len(ALL)]] if shuffle.random() < 0.5 else whole
        shuffle.shuffle(rest)
        for start, stop in rest:
            await series.add(part("X", start, stop), unfinished=True)
        assert (await series.finish("X", "1h")).identity == part("X", 0, len(ALL)).identity
        assert (await series.load("X", "1h")).identity == part("X", 0, len(ALL)).identity
        assert await series.gaps("X", "1h") == []

    on(migrated_url, check)


@SEVERAL
@given(parts=PARTS)
def test_without_gaps_allowed_only_what_touches_is_taken(migrated_url: str, parts: list[list[int]]) -> None:
    async def check(series: CandleSeries) -> None:
        (first, last), *others = parts
        await series.add(part("X", first, last))
        for start, stop in others:
            if start > last or stop < first:
                with pytest.raises(InputError, match="leaves a gap of"):
                    await series.add(part("X", start, stop))
            else:
                await series.add(part("X", start, stop))
                first, last = min(first, start), max(last, stop)
        assert (await series.load("X", "1h")).identity == part("X", first, last).identity

    on(migrated_url, check)
