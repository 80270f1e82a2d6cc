"""Puts candle, funding and mark files together to the markets of a back-test."""

import argparse
from collections.abc import Iterable

import msgspec
import numpy as np

from engine.backtest import MarketData
from engine.candles import Candles
from engine.document import Graph
from engine.errors import InputError
from engine.instruments import infer_instrument
from engine.legs import legs_of
from engine.matching.engine import Funding
from engine.registry import Registry
from engine.result import Instrument
from engine.timeframe import DURATIONS, duration
from engine.validate.expand import expand
from server.adapters import candle_files
from server.cli.values import LARGEST, settings
from server.store.rules import Rules
from server.store.series import FUNDING, SYMBOL


class Loaded(msgspec.Struct, frozen=True):
    """What the store gave: candles and funding by the names they were asked for with, trading rules by symbol."""

    candles: dict[str, Candles] = {}
    funding: dict[str, Funding] = {}
    rules: dict[str, Rules] = {}


def gather_markets(options: argparse.Namespace, graph: Graph) -> tuple[MarketData, ...]:
    """The markets of a run.

    A symbol that a candle node of the graph names is context, not traded, unless only such symbols are given or the
    graph sends orders for it as the other leg of a pair.  The run's timeframe is --timeframe or the shortest of the
    candles given; other timeframes of a symbol serve the nodes that ask for them.
    """
    store = _stored(options)
    given = [_candles(name, options, store) for name in options.candles]
    flat = expand(graph).graph  # embedded graphs read candles too
    named = {n.params.get("symbol") for n in flat.nodes if n.type == "source.candles"}
    legs = legs_of(flat, Registry())
    traded = [c for c in given if c.symbol in legs or c.symbol not in named] or given
    timeframe = options.timeframe or min((c.timeframe for c in traded), key=duration)
    duration(timeframe)
    finer = _by_symbol("--finer", ((c.symbol, c) for c in (_candles(n, options, store) for n in options.finer)))
    marks = _by_symbol("--mark", ((c.symbol, c) for c in (_marks(n, options, store) for n in options.mark)))
    funding = _by_symbol("--funding", ((_funding_symbol(n), _funding(n, store)) for n in options.funding))
    rules = _rules(options.instrument)
    markets = [
        _market(symbol, timeframe, given, finer.get(symbol), marks.get(symbol), funding.get(symbol), rules, store)
        for symbol in dict.fromkeys(c.symbol for c in traded)
    ]
    known = {m.candles.symbol for m in markets}
    for option, symbols in (("--finer", finer), ("--mark", marks), ("--funding", funding)):
        _check_known(option, symbols, known)
    _check_known("--instrument", (s for s in rules if s), known)
    return tuple(markets)


def _by_symbol[T](option: str, given: Iterable[tuple[str, T]]) -> dict[str, T]:
    out: dict[str, T] = {}
    for symbol, value in given:
        if symbol in out:
            raise InputError(f"{option} is given twice for {symbol}; leave one of the files out")
        out[symbol] = value
    return out


def _check_known(option: str, symbols: Iterable[str], known: set[str]) -> None:
    for symbol in symbols:
        if symbol not in known:
            raise InputError(f"{option} is for {symbol}, of which no candles were given (there are {', '.join(known)})")


def _market(
    symbol: str, timeframe: str, given: list[Candles], finer: Candles | None, mark: Candles | None,
    funding: Funding | None, rules: dict[str, dict[str, float]], store: Loaded,
) -> MarketData:  # fmt: skip
    own = [c for c in given if c.symbol == symbol]
    frames = [c.timeframe for c in own]
    doubled = next((f for f in frames if frames.count(f) > 1), None)
    if doubled:
        raise InputError(f"candles of {symbol} {doubled} are given twice; import the files to join them")
    base = next((c for c in own if c.timeframe == timeframe), None)
    if base is None:
        base = _resampled(symbol, timeframe, own)
    instrument = None
    if symbol in store.rules:
        instrument = store.rules[symbol].instrument(base)
    if values := rules.get(symbol, rules.get("")):
        known = instrument or infer_instrument(base)
        instrument = msgspec.structs.replace(known, source="given on the command line", **values)
    others = tuple(c for c in given if c is not base)
    return MarketData(candles=base, others=others, finer=finer, mark=mark, funding=funding, instrument=instrument)


def _resampled(symbol: str, timeframe: str, own: list[Candles]) -> Candles:
    from engine.resample import resample

    for candles in sorted(own, key=lambda c: -c.bar_ms):
        if duration(timeframe) % candles.bar_ms == 0 and candles.bar_ms < duration(timeframe):
            return resample(candles, timeframe)
    have = ", ".join(c.timeframe for c in own)
    raise InputError(f"there are no {timeframe} candles of {symbol}, and {have} candles cannot be put together to them")


def _stored(options: argparse.Namespace) -> Loaded:
    """What is named as SYMBOL:TIMEFRAME, read in one visit; without such names the database stays closed."""
    names = [*options.candles, *options.finer, *options.mark]
    candles = [name for name in names if name.partition(":")[2] in DURATIONS]
    funding = [name for name in options.funding if name.partition(":")[2] == FUNDING]
    if not candles and not funding:
        return Loaded()
    from server.cli.stored_markets import load

    return load(candles, funding)


def _candles(name: str, options: argparse.Namespace, store: Loaded) -> Candles:
    if name in store.candles:
        return store.candles[name]
    given = options.symbol
    if given is not None and not SYMBOL.fullmatch(given):
        raise InputError(f"--symbol {given!r} cannot be a symbol; use letters, digits, points and hyphens")
    return candle_files.read_candles(name, symbol=given, allow_gaps=options.allow_gaps)


def _marks(name: str, options: argparse.Namespace, store: Loaded) -> Candles:
    """Their symbol is that of the file's name, since --symbol may be of several markets."""
    if name in store.candles:
        return store.candles[name]
    return candle_files.read_candles(name, allow_gaps=options.allow_gaps)


def _funding_symbol(name: str) -> str:
    symbol, colon, what = name.partition(":")
    return symbol if colon and what == FUNDING else candle_files.symbol_of(name)


def _funding(name: str, store: Loaded) -> Funding:
    if name in store.funding:
        return store.funding[name]
    time, rate = candle_files.read_funding(name)
    return Funding(np.ascontiguousarray(time), np.ascontiguousarray(rate))


def _rules(options: list[str]) -> dict[str, dict[str, float]]:
    """Instrument rules by symbol; "" = every symbol."""
    names = [n for n in Instrument.__struct_fields__ if n != "source"]
    out: dict[str, dict[str, float]] = {}
    for option in options:
        symbol, colon, text = option.partition(":")
        if not colon:
            symbol, text = "", option
        elif not symbol:
            raise InputError(f"--instrument {option!r} names no symbol before the colon; leave the colon out")
        if symbol in out:
            raise InputError(f"--instrument is given twice for {symbol or 'all symbols'}; join them with commas")
        values = settings(text.split(","), "--instrument")
        for name, value in values.items():
            if name not in names:
                raise InputError(f"--instrument {name!r} is not a trading rule; use {', '.join(names)}")
            most = 0.5 if name == "maintenance_margin" else LARGEST
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
                raise InputError(f"--instrument {name}={value}: it must be a number from 0 to {most:g}")
        out[symbol] = {name: float(value) for name, value in values.items()}
    return out
