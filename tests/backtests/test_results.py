"""What is read back is what the engine computed, to the last bit."""

import re
import struct
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest import backtest
from engine.candles import Candles
from engine.explain import Explainer
from engine.explain.decision import exit_words, size_words
from engine.matching.policy import policy_named
from engine.request import MarketData, Request
from engine.result import FILL, TRADE, Result
from engine.rows import value_words
from engine.sim.synthetic import Market, synthetic_candles
from engine.trade_rows import identity, trade_rows
from engine.values import ExitPolicy, Size
from server.backtests import job
from server.backtests.slices import slice_of
from server.backtests.wires import CHUNK, UNTOLD, unpack_chunk
from server.errors import Conflict, NotFound
from server.graph_checks import graph_of, registry
from server.graphs import BUILT_IN
from server.people import User
from server.store.outcome import Finished, unpacked_json
from server.store.packing import unpack, unpack_columns
from server.store.store import Store
from server.store.tables import backtest_columns, backtests
from tests.backtests.conftest import SHORT
from tests.backtests.started import Started, inputs_of

POLICY = policy_named("bybit_linear")
GRAPHS = ["ema_cross", "rsi_reversal", "donchian_breakout", "hh_ll", "market_regime"]


def direct(document: str, candles: Candles) -> Result:
    """The run as everybody else makes it: without the worker, the packing and the store."""
    market = MarketData(candles=candles)
    return backtest(Request(graph=graph_of(document), markets=(market,), policy=POLICY, capital=10_000.0), registry())


def same_bits(found: object, expected: object) -> None:
    assert isinstance(found, np.ndarray) and isinstance(expected, np.ndarray)
    assert found.dtype == expected.dtype and found.tobytes() == np.ascontiguousarray(expected).tobytes()


def told(wire: Any, digits: int) -> Any:
    """A value of the trace at one bar as it is stored."""
    if isinstance(wire, Size):
        return size_words(wire)
    if isinstance(wire, ExitPolicy):
        return "; ".join(exit_words(wire)) or "none"
    return UNTOLD if wire is None else value_words(wire, digits)


def spread(data: bytes, rows: int) -> list[Any]:
    """What a stored chunk says, row by row."""
    letter, value = unpack_chunk(data)
    if letter != "t":
        assert len(value) == rows
        return value.tolist()
    ends = [*(row for row, _ in value[1:]), rows]
    return [words for (row, words), end in zip(value, ends, strict=True) for _ in range(row, end)]


def same_wires(stored: dict[str, list[bytes]], result: Result) -> None:
    """Stored wires against the trace, at every bar."""
    trace, digits = result.traces[0], job.digits_of(result.data[0].instrument.tick)
    rows = len(trace.columns.supply.base)
    lengths = [min(CHUNK, rows - first) for first in range(0, rows, CHUNK)]
    wires = {name: [*chain(*map(spread, chunks, lengths))] for name, chunks in stored.items()}
    assert {len(values) for values in wires.values()} == {rows}
    for row in range(rows):
        expected = trace.at(row)
        for name, values in wires.items():
            found, wanted = values[row], expected[name]
            if isinstance(found, str):
                assert found == told(wanted, digits), (name, row)
            elif isinstance(found, float):
                wanted = float("nan") if wanted is None else wanted
                assert struct.pack("d", found) == struct.pack("d", wanted), (name, row)
            else:
                assert found == (-128 if wanted is None else wanted), (name, row)


def finished(document: str, candles: Candles) -> Finished:
    return job.done(inputs_of(document, candles, POLICY), registry(), lambda *_: None)


@settings(max_examples=4, deadline=None)
@given(
    st.sampled_from(GRAPHS),
    st.integers(0, 10_000),
    st.sampled_from(["15m", "1h"]),
    st.sampled_from([300, 700, CHUNK + 1]),
)
def test_every_wire_at_every_bar(name: str, seed: int, timeframe: str, bars: int) -> None:
    document = (BUILT_IN / f"{name}.json").read_text()
    candles = synthetic_candles(seed, bars, Market(timeframe=timeframe))
    result, done = direct(document, candles), finished(document, candles)
    wires = {wire["wire"] for wire in unpacked_json(done.columns["wires.0"])}
    trace = result.traces[0]
    kept = {n for n, v in zip(trace.plan.names, trace.columns.values, strict=True) if not isinstance(v, Candles | None)}
    assert wires == kept
    stored: dict[str, list[bytes]] = {wire: [] for wire in wires}
    for _, _, wire, data in done.traces:
        stored[wire].append(data)
    same_wires(stored, result)


async def test_a_stored_result_is_the_result(started: Started) -> None:
    run = await started.ended(await started.submit(SHORT))
    assert run.status == "done", run.error
    expected = direct(run.document, SHORT)
    rows, viewer = started.store.backtests, started.owner
    columns = await rows.columns(run.id, viewer, ["time", "equity", "trades", "fills"])
    same_bits(unpack(columns["time"]), expected.time)
    same_bits(unpack(columns["equity"]), expected.equity)
    for name, kind, table in (("trades", TRADE, expected.trades), ("fills", FILL, expected.fills)):
        names = kind.names or ()
        for column, found in unpack_columns(columns[name], names).items():
            same_bits(found, table[column])
    assert [t.row for t in await rows.trades(run.id, viewer)] == trade_rows(expected)
    assert run.result and run.result["metrics"] == expected.metrics
    assert run.result["pessimistic"]["metrics"] == expected.pessimistic
    assert run.result["policy"] == expected.policy and run.result["notes"] == list(expected.notes)
    wires = unpacked_json((await rows.columns(run.id, viewer, ["wires.0"]))["wires.0"])
    same_wires({w["wire"]: list(await rows.wire(run.id, viewer, 0, w["wire"])) for w in wires}, expected)


async def test_slices_are_those_of_the_explainer(started_on_sqlite: Started) -> None:

    run = await started_on_sqlite.ended(await started_on_sqlite.submit(SHORT))
    expected = Explainer(direct(run.document, SHORT)).decided(np.arange(3))
    for number, decided in enumerate(expected, start=1):
        trade = await started_on_sqlite.store.backtests.trade(run.id, started_on_sqlite.owner, number)
        assert trade.slice
        told = unpacked_json(trade.slice)
        asked = await started_on_sqlite.service.slice(run.id, started_on_sqlite.owner, number)

        assert told == msgspec.json.decode(msgspec.json.encode(slice_of(decided))) == msgspec.json.decode(asked)


async def test_an_old_run_is_explained_when_its_candles_are_gone(started_on_sqlite: Started) -> None:

    run = await started_on_sqlite.ended(await started_on_sqlite.submit(SHORT))
    await started_on_sqlite.store.candles.remove(SHORT.symbol, SHORT.timeframe)
    told = msgspec.json.decode(await started_on_sqlite.service.why(run.id, started_on_sqlite.owner, 0, 1_500))
    assert told["time"] == SHORT.time[1_500] and told["long"]["conditions"][0]["node"]


async def test_a_report_is_that_of_the_run(started_on_sqlite: Started) -> None:
    run = await started_on_sqlite.ended(await started_on_sqlite.submit(SHORT))
    page = (await started_on_sqlite.service.report(run.id, started_on_sqlite.owner)).decode()
    expected = direct(run.document, SHORT)
    found = re.search(r'<script[^>]* id="tradegraph-result"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found
    assert msgspec.json.decode(found[1]) == msgspec.json.decode(msgspec.json.encode(identity(expected)))


@pytest.mark.parametrize("damage", ["hash", "trades"])
async def test_a_run_that_comes_out_otherwise_is_not_explained(started_on_sqlite: Started, damage: str) -> None:

    run = await started_on_sqlite.ended(await started_on_sqlite.submit(SHORT))
    async with started_on_sqlite.store.database.write() as connection:
        if damage == "hash":
            changed = {**(run.result or {}), "logic_hash": "b2:another"}
            await connection.execute(sa.update(backtests).values(result=changed))
        else:
            where = backtest_columns.c.name == "trades"
            await connection.execute(sa.update(backtest_columns).where(where).values(data=b"other"))
    with pytest.raises(Conflict, match="run it again"):
        await started_on_sqlite.service.why(run.id, started_on_sqlite.owner, 0, 10)
    with pytest.raises(Conflict, match="run it again"):
        await started_on_sqlite.service.report(run.id, started_on_sqlite.owner)


async def test_delete_takes_everything(store: Store, started: Started) -> None:
    run = await started.ended(await started.submit(SHORT))
    assert all(await started.parts(run.id))
    other = User(id="other", name="Otto", role="admin")

    with pytest.raises(NotFound):
        await store.backtests.delete(run.id, other)
    await store.backtests.delete(run.id, started.owner)
    assert await started.parts(run.id) == [0, 0, 0]
