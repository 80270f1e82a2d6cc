"""Reads what a run needs from the store: the candles asked for, those the graph names, funding and trading rules."""

import asyncio
from collections.abc import Iterable
from typing import Any

import numpy as np

from engine.candles import Candles
from engine.document import Graph
from engine.errors import InputError
from engine.legs import legs_of
from engine.timeframe import duration
from engine.validate.expand import expand
from server.backtests.ask import Ask, MarketAsk
from server.backtests.tables import Inputs, MarketInputs, Table, funding_table, table_of
from server.graph_checks import graph_of, registry, report_of
from server.store.series import FUNDING, Stored
from server.store.store import Store

Key = tuple[str, str]


class Chosen:
    """Which of the candles asked for are traded, and on which timeframe the run goes.

    As on the command line: a symbol that a candle node names is context, not traded, unless the graph sends orders for
    it; the run's timeframe is the shortest of the traded ones.
    """

    def __init__(self, graph: Graph, markets: list[MarketAsk]) -> None:
        flat = expand(graph).graph  # embedded graphs read candles too
        self.named: list[Key] = [
            (str(n.params.get("symbol") or ""), str(n.params.get("timeframe") or ""))
            for n in flat.nodes
            if n.type == "source.candles"
        ]
        symbols, legs = {symbol for symbol, _ in self.named}, legs_of(flat, registry())
        self.traded = [m for m in markets if m.symbol in legs or m.symbol not in symbols] or markets
        self.timeframe = min((m.timeframe for m in self.traded), key=duration)
        self.bases = [m for m in self.traded if m.timeframe == self.timeframe]
        self.others = [m for m in markets if m not in self.bases]
        lacking = {m.symbol for m in self.traded} - {m.symbol for m in self.bases}
        if lacking:
            raise InputError(
                f"{', '.join(sorted(lacking))} has no {self.timeframe} candles among the markets, the timeframe of the"
                " run; all markets of a run need candles of one timeframe"
            )

    def context(self, stored: Iterable[Stored]) -> list[Key]:
        """Candles of other symbols that nodes of the graph read, as far as they are stored and were not asked for.

        Where the exact timeframe is missing, the longest shorter one that divides it is put together.
        """
        have = {(s.symbol, s.timeframe) for s in stored if s.timeframe != FUNDING}
        own = {m.symbol for m in self.traded}
        found: dict[Key, None] = {}
        for symbol, timeframe in self.named:
            wanted = timeframe or self.timeframe
            if not symbol or symbol in own:
                continue
            finer = [t for s, t in have if s == symbol and duration(wanted) % duration(t) == 0]
            if finer:
                found[symbol, max(finer, key=duration)] = None
        return list(found)


class Gatherer:
    """The inputs of one run."""

    def __init__(self, store: Store, document: str, ask: Ask) -> None:
        self._store, self._document, self._ask = store, document, ask
        self._places: dict[tuple[str, str], int] = {}
        self._tables: list[Table] = []

    async def inputs(self) -> Inputs:
        """Everything.  Raises InputError for what is not stored."""
        ask = self._ask
        chosen = await asyncio.to_thread(Chosen, graph_of(self._document), ask.markets)
        report = await asyncio.to_thread(report_of, self._document, "backtest", chosen.timeframe)
        warmup = max(report.derived.warmup_bars.values(), default=0)
        bases = [await self._base(market, warmup) for market in chosen.bases]
        keys = [(m.symbol, m.timeframe) for m in chosen.others]
        keys += [key for key in chosen.context(await self._store.candles.list()) if key not in keys]
        others = [await self._candles(*key) for key in keys]
        markets = [
            MarketInputs(
                base=await self._keep(candles),
                others=[await self._keep(c) for c in (*others, *bases) if c is not candles],
                **await self._more(market, candles),
            )
            for market, candles in zip(chosen.bases, bases, strict=True)
        ]
        return Inputs(
            document=self._document, policy=ask.fill_rules(), capital=ask.capital, start=ask.start, end=ask.end,
            markets=markets, tables=self._tables,
        )  # fmt: skip

    async def _base(self, market: MarketAsk, warmup: int) -> Candles:
        """The candles of a market from the warm-up before the start on."""
        series, first = self._store.candles, None
        key = market.symbol, market.timeframe
        if self._ask.start is not None:
            row = await series.row_of(*key, self._ask.start)
            time = (await series.rows(*key, max(0, row - warmup), 1))["time"]
            first = int(time[0]) if len(time) else None
        return await series.load(*key, first, self._ask.end)

    async def _candles(self, symbol: str, timeframe: str) -> Candles:
        return await self._store.candles.load(symbol, timeframe, None, self._ask.end)

    async def _keep(self, candles: Candles) -> int:
        """The place of candles among the tables."""
        key = candles.symbol, candles.timeframe
        if key not in self._places:
            table = await asyncio.to_thread(table_of, candles)
            self._places[key] = len(self._tables)
            self._tables.append(table)
        return self._places[key]

    async def _more(self, market: MarketAsk, candles: Candles) -> dict[str, Any]:
        """Finer candles, funding and trading rules of a market."""
        rules = await self._store.instruments.find(market.symbol)
        return {
            "finer": await self._finer(market, candles) if market.finer else None,
            "funding": await self._funding(market),
            "instrument": rules.instrument(candles) if rules else None,
        }

    async def _finer(self, market: MarketAsk, candles: Candles) -> int:
        span = int(candles.time[0]), int(candles.time[-1]) + candles.bar_ms
        return await self._keep(await self._store.candles.load(market.symbol, market.finer, *span))

    async def _funding(self, market: MarketAsk) -> int | None:
        if market.funding is False:
            return None
        if market.funding is None and await self._store.candles.find(market.symbol, FUNDING) is None:
            return None
        time, rate = await self._store.candles.load_funding(market.symbol)
        kept = slice(None) if self._ask.end is None else slice(int(np.searchsorted(time, self._ask.end)))
        self._tables.append(await asyncio.to_thread(funding_table, market.symbol, time[kept], rate[kept]))
        return len(self._tables) - 1
