"""Public market data over real HTTP on loopback: paging, the forming bar, limits, failures, going on after a break."""

import asyncio
import socket
from collections.abc import Generator

import msgspec
import numpy as np
import pytest

from engine.candles import Candles
from engine.errors import InputError
from engine.sim.synthetic import Market, synthetic_candles
from engine.timeframe import HOUR
from server.adapters import bybit_public, candle_fetch
from server.adapters.bybit_rest import BybitRest
from server.samples import sample_candles
from server.store.candles import CandleSeries
from server.store.database import Database
from server.store.instruments import Instruments
from server.store.rules import Rules
from server.store.series import Stored
from tests.server.bybit_market import NOW, FakeBybit, limited, rate_at, serving

START = 1_704_067_200_000
CLOSED = 2500


@pytest.fixture
def fake() -> Generator[FakeBybit]:
    with serving(FakeBybit()) as served:
        yield served


@pytest.fixture
def store(database: Database) -> CandleSeries:
    return CandleSeries(database)


class BrokenOff(Exception):
    pass


waits: list[float] = []


def rest(fake: FakeBybit, attempts: int = 3) -> BybitRest:
    waits.clear()
    return BybitRest(fake.url, timeout=5, attempts=attempts, pause=0, sleep=waits.append)


async def fetch(
    fake: FakeBybit, store: CandleSeries, first: int, last: int, progress: candle_fetch.Progress | None = None
) -> Stored:
    """Bars `first` to before `last` of the fake market."""
    return await candle_fetch.fetch_candles(
        rest(fake), store, "BTCUSDT", "1h", START + first * HOUR, START + last * HOUR, now=NOW, progress=progress
    )


def real(fake: FakeBybit, first: int, last: int) -> Candles:
    """Candles of the fake market, as a file would hold them."""
    return msgspec.structs.replace(fake.candles.part(first, last), synthetic=False)


async def same(store: CandleSeries, fake: FakeBybit, first: int, last: int) -> bool:
    got = await store.load("BTCUSDT", "1h")
    names = ("time", "open", "high", "low", "close", "volume")
    return all(np.array_equal(getattr(got, n), getattr(fake.candles, n)[first:last]) for n in names)


async def test_all_closed_bars_and_not_the_forming_one(fake: FakeBybit, store: CandleSeries) -> None:
    seen: list[tuple[int, int]] = []
    stored = await fetch(fake, store, -5000, 9000, progress=lambda done, total: seen.append((done, total)))

    assert await same(store, fake, 0, CLOSED)
    assert (stored.rows, stored.origin, stored.synthetic) == (CLOSED, "Bybit public data", False)
    assert [done for done, _ in seen] == [999, 1998, 2500, 2500]
    assert seen[-1] == (CLOSED, CLOSED)
    assert len(fake.requests) == 4  # the fourth finds the beginning of the market


@pytest.mark.parametrize("backwards", [True, False])
def test_pages_are_exact_in_both_directions(backwards: bool, fake: FakeBybit) -> None:
    pages = list(
        bybit_public.candle_pages(
            rest(fake), "BTCUSDT", "1h", START + 1, START + 2100 * HOUR, now=NOW, backwards=backwards
        )
    )
    instants = np.sort(np.concatenate([page.time for page in pages]))

    assert [len(page) for page in pages] == [999, 999, 101]
    assert np.array_equal(instants, START + HOUR * np.arange(1, 2100))


async def test_only_what_is_missing_is_fetched(fake: FakeBybit, store: CandleSeries) -> None:
    await fetch(fake, store, 1000, 1500)
    fake.requests.clear()
    await fetch(fake, store, 700, 1800)

    asked = [(int(q["start"]) - START, int(q["end"]) - START) for _, q in fake.requests]
    assert asked == [(700 * HOUR, 999 * HOUR), (1500 * HOUR, 1799 * HOUR)]
    assert await same(store, fake, 700, 1800)
    fake.requests.clear()
    await fetch(fake, store, 700, 1800)
    assert fake.requests == []


async def test_a_break_keeps_what_was_fetched(fake: FakeBybit, store: CandleSeries) -> None:
    def stop(done: int, total: int) -> None:
        if done == 1998:
            raise BrokenOff

    with pytest.raises(BrokenOff):
        await fetch(fake, store, 0, CLOSED, progress=stop)
    assert await same(store, fake, 502, CLOSED)

    fake.requests.clear()
    await fetch(fake, store, 0, CLOSED)
    assert await same(store, fake, 0, CLOSED)
    assert len(fake.requests) == 1


async def test_holes_inside_are_filled(fake: FakeBybit, store: CandleSeries) -> None:
    for first, last in ((100, 200), (210, 1300), (2400, 2450)):
        await store.add(real(fake, first, last), allow_gaps=True)
    await fetch(fake, store, 150, 2200)

    asked = [(int(q["start"]) - START, int(q["end"]) - START) for _, q in fake.requests]
    assert asked == [(200 * HOUR, 209 * HOUR), (1300 * HOUR, 2199 * HOUR)]
    assert len(await store.gaps("BTCUSDT", "1h")) == 1, "what was not asked for stays open"
    stored = await fetch(fake, store, 50, CLOSED)
    assert await same(store, fake, 50, CLOSED)
    assert (stored.missing, stored.identity) == (0, (await store.load("BTCUSDT", "1h")).identity)


async def test_a_cancelled_fetch_keeps_what_it_has_and_gives_the_series_its_identity(
    fake: FakeBybit, store: CandleSeries
) -> None:
    def stop(done: int, total: int) -> None:
        if done == 999:
            task.cancel()

    task = asyncio.ensure_future(fetch(fake, store, 0, CLOSED, progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await task

    stored = await store.find("BTCUSDT", "1h")
    assert stored is not None and stored.rows == 999
    assert stored.identity == (await store.load("BTCUSDT", "1h")).identity


async def test_no_connection_is_held_while_the_exchange_is_awaited(fake: FakeBybit, database: Database) -> None:
    held: list[int] = []
    answer = fake.answer

    def watched(path: str, query: dict[str, str]) -> dict:
        held.append(database.engine.pool.checkedout())  # type: ignore[attr-defined]
        return answer(path, query)

    fake.answer = watched  # type: ignore[method-assign]
    series = CandleSeries(database)
    await series.add(real(fake, 1000, 1200))
    await fetch(fake, series, 0, CLOSED)
    await candle_fetch.fetch_funding(rest(fake), series, "BTCUSDT", START, NOW)
    assert len(held) > 4 and set(held) == {0}


async def test_rate_limit_waits_as_long_as_asked(fake: FakeBybit, store: CandleSeries) -> None:
    fake.faults = [limited(1700), limited(-500), (429, b"", {})]
    await candle_fetch.fetch_candles(rest(fake, attempts=4), store, "BTCUSDT", "1h", START, START + 10 * HOUR, now=NOW)

    assert waits == [1.7, 1.0, 2.0]  # the reset time, then our own doubling
    assert await same(store, fake, 0, 10)


@pytest.mark.parametrize(
    "fault",
    [(500, b"", {}), (502, b"<html>", {}), (200, None, {}), (200, b'{"retCode":10016,"retMsg":"Server error"}', {})],
    ids=["500", "502", "hung up", "10016"],
)
async def test_passing_failures_are_tried_again(fault: tuple, fake: FakeBybit, store: CandleSeries) -> None:
    fake.faults = [fault, fault]
    await fetch(fake, store, 0, 10)

    assert waits == [0.5, 1.0]
    assert await same(store, fake, 0, 10)


LASTING = {
    "limit": (limited(0), 3, "limits the rate of requests (3 attempts); try again later or import a candle file"),
    "error": ((503, b"", {}), 3, "has an error of its own (HTTP 503) (3 attempts); try again later or import a candle"),
    "banned": (
        (403, b"", {}),
        1,
        "refuses this machine (HTTP 403: too many requests, or a region it does not serve); ",
    ),
    "no such page": ((404, b"", {}), 1, "refused the request (HTTP 404); check the host or import a candle file"),
    "no JSON": ((200, b"<html>login</html>", {}), 1, "gave an answer of unknown shape (JSON is malformed"),
    "other JSON": ((200, b"[1,2]", {}), 1, "gave an answer of unknown shape (Expected `object`, got `array`); try"),
    "other result": ((200, b'{"retCode":0,"result":{"list":[7]}}', {}), 1, "gave an answer of unknown shape (Expected"),
    "refused": (
        (200, b'{"retCode":10001,"retMsg":"params error:\\n x"}', {}),
        1,
        "refused the request (10001 params error: x); check symbol, timeframe and dates",
    ),
}


@pytest.mark.parametrize("case", LASTING)
async def test_lasting_failure_is_one_sentence(case: str, fake: FakeBybit, store: CandleSeries) -> None:
    fault, requests, message = LASTING[case]
    fake.faults = [fault] * 9

    with pytest.raises(InputError) as caught:
        await fetch(fake, store, 0, 10)

    assert str(caught.value).startswith(f"{fake.url} {message}")
    assert len(fake.requests) == requests
    assert await store.list() == []


BAD_ROWS = {
    "no number": ([str(START), "x", "1", "1", "1", "1", "0"], "a value of BTCUSDT is no number"),
    "too short": ([str(START), "1", "1"], "a candle of BTCUSDT has too few values"),
    "impossible": ([str(START), "1", "1", "2", "1", "1", "0"], "high 1.0 is below low 2.0"),
}


@pytest.mark.parametrize("case", BAD_ROWS)
async def test_candles_are_checked(case: str, fake: FakeBybit, store: CandleSeries) -> None:
    row, message = BAD_ROWS[case]
    fake.answer = lambda path, query: {"retCode": 0, "result": {"list": [row]}}  # type: ignore[method-assign]

    with pytest.raises(InputError, match=message):
        await fetch(fake, store, 0, 10)
    assert await store.list() == []


async def test_nobody_answers(store: CandleSeries) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}"

    with pytest.raises(InputError) as caught:
        nobody = BybitRest(closed, attempts=2, sleep=waits.append)
        await candle_fetch.fetch_candles(nobody, store, "BTCUSDT", "1h", START, NOW, now=NOW)

    told = str(caught.value)
    assert told.startswith(f"{closed} cannot be reached (") and "Connection refused) (2 attempts); try again" in told


async def test_silence_is_a_failure_too(store: CandleSeries) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(InputError, match=r"cannot be reached \(timed out\) \(1 attempts\)"):
            await candle_fetch.fetch_candles(
                BybitRest(host, timeout=0.05, attempts=1), store, "BTCUSDT", "1h", START, NOW, now=NOW
            )


async def test_unknown_symbol_dates_without_candles_and_host(fake: FakeBybit, store: CandleSeries) -> None:
    with pytest.raises(InputError, match=r"refused the request .10001 params error: Symbol Invalid.; check symbol"):
        await candle_fetch.fetch_candles(rest(fake), store, "NOPE", "1h", START, NOW, now=NOW)
    with pytest.raises(InputError, match="Bybit has no closed 1h candles of BTCUSDT between 2023-12-20 16:00 UTC and"):
        await fetch(fake, store, -272, -100)
    with pytest.raises(InputError, match="is no web address"):
        BybitRest("file:///etc/passwd")


async def test_synthetic_candles_are_not_continued_with_real_ones(fake: FakeBybit, store: CandleSeries) -> None:
    await store.add(synthetic_candles(1, 10, Market(symbol="BTCUSDT")))

    with pytest.raises(InputError, match="the stored BTCUSDT 1h is synthetic; remove it before fetching"):
        await fetch(fake, store, 0, 100)


def test_requests_keep_a_distance(fake: FakeBybit) -> None:
    slow = BybitRest(fake.url, pause=60, sleep=waits.append)
    waits.clear()
    for _ in range(2):
        bybit_public.fetch_rules(slow, "BTCUSDT", now=NOW)

    assert len(waits) == 1 and 59 < waits[0] <= 60


def test_mark_prices_have_no_volume(fake: FakeBybit) -> None:
    pages = bybit_public.candle_pages(
        rest(fake), "BTCUSDT", "1h", START, START + 5 * HOUR, now=NOW, backwards=True, mark=True
    )
    (page,) = pages

    assert np.array_equal(page.close, fake.candles.close[:5])
    assert set(page.volume) == {0.0}


async def test_funding_over_several_pages(fake: FakeBybit, store: CandleSeries) -> None:
    stored = await candle_fetch.fetch_funding(rest(fake), store, "BTCUSDT", START, NOW)
    instants, rates = await store.load_funding("BTCUSDT")

    assert stored.rows == len(instants) == 313
    assert np.array_equal(instants, np.arange(START, NOW, 8 * HOUR))
    assert rates.tolist() == [float(rate_at(t)) for t in instants.tolist()]
    fake.requests.clear()
    await candle_fetch.fetch_funding(rest(fake), store, "BTCUSDT", START, NOW)
    assert len(fake.requests) == 1  # asks only for what may have come since


async def test_rules_of_a_market_are_kept_as_text(fake: FakeBybit, database: Database) -> None:
    instruments = Instruments(database)
    rules = await candle_fetch.fetch_rules(rest(fake), instruments, "BTCUSDT", now=NOW)

    assert rules == Rules(
        symbol="BTCUSDT", tick="0.10", step="0.001", min_quantity="0.001", min_notional="5",
        source="Bybit instruments-info", updated_at=NOW,
    )  # fmt: skip
    assert await instruments.find("BTCUSDT") == rules
    await candle_fetch.fetch_rules(rest(fake), instruments, "BTCUSDT", now=NOW + 1)
    assert [r.updated_at for r in await instruments.list()] == [NOW + 1]
    assert await instruments.find("ETHUSDT") is None
    as_numbers = rules.instrument(fake.candles)
    assert (as_numbers.tick, as_numbers.step, as_numbers.min_notional) == (0.1, 0.001, 5.0)
    assert as_numbers.maintenance_margin == 0.005, "what is not known is inferred"


async def test_sample_is_real_if_the_exchange_answers(fake: FakeBybit, database: Database) -> None:
    candles = await sample_candles(database, host=fake.url, now=NOW)

    assert (candles.symbol, candles.synthetic, len(candles)) == ("BTCUSDT", False, CLOSED)


async def test_sample_is_synthetic_and_says_so_otherwise(fake: FakeBybit, database: Database) -> None:
    fake.faults = [(500, b"", {})]
    candles = await sample_candles(database, host=fake.url, now=NOW)
    again = await sample_candles(database, host=fake.url, now=NOW)

    assert (candles.symbol, candles.synthetic, len(candles)) == ("SYNTHUSDT", True, 8760)
    assert candles.origin == "synthetic market, seed 7"
    assert again.identity == candles.identity
    assert len(fake.requests) == 1  # the second time it is simply there


async def test_sample_asks_nobody_when_offline(fake: FakeBybit, database: Database) -> None:
    assert (await sample_candles(database, online=False, host=fake.url, now=NOW)).synthetic
    assert fake.requests == []
