"""Holds the decisions: a shorter history decides the same up to its end, and no order fills before it was decided."""

from collections.abc import Iterator

import numpy as np

from engine.backtest import Run
from engine.candles import Candles
from engine.columns import ColumnPass
from engine.compare import close_numbers
from engine.matching.records import INTENT, Records
from engine.prove.cuts import Cut
from engine.prove.full import FullRun
from engine.prove.report import Problem
from engine.prove.truncation import utc
from engine.request import MarketData

FIELDS = tuple(n for n in INTENT.names or () if n != "policy")  # exit policies are numbered as they come


def intents_of(run: Run) -> Records:
    """All intents of a run in time order; those of the row pass are there once it was matched."""
    if run.lowers:
        return run.intents
    return np.concatenate([np.zeros(0, INTENT), *run.sent])


def cut_run(run: Run, passes: tuple[ColumnPass, ...], now: int) -> Run:
    """The decisions of a run on the candles closed by an instant, those of legs too."""
    markets = tuple(
        MarketData(
            candles=passes[s].supply.base if s < len(passes) else _until(market.candles, now),
            others=tuple(passes[s].supply.others.values()) if s < len(passes) else (),
            finer=None if market.finer is None else _until(market.finer, now),
            funding=market.funding,
            mark=market.mark,
            instrument=run.instruments[s],
        )
        for s, market in enumerate(run.markets)
    )
    return Run(run.request, run.plan, markets, passes)


def _until(candles: Candles, now: int) -> Candles:
    return candles.part(0, int((candles.close_time <= now).sum()))


def order_problems(
    run: Run, full: FullRun, expected: Records, passes: tuple[ColumnPass, ...], cut: Cut
) -> Iterator[Problem]:
    """Decisions of a shorter history against the same of the whole one; only if all symbols have begun by then."""
    now = full.now(cut.symbol, cut.instant)
    if now is None or len(passes) < len(full.passes):
        return
    shorter = cut_run(run, passes, now)
    if not shorter.lowers:
        shorter.match(run.request.policy)
    found = intents_of(shorter)
    expected = expected[expected["bar"] < len(shorter.tables.time)]
    at = first_other(found, expected)
    if at is not None:
        yield _other_order(run, found, expected, at, cut)


def first_other(found: Records, expected: Records, fields: tuple[str, ...] = FIELDS) -> int | None:
    """The first record that is another one: whole numbers exactly, others by the measure of `engine.compare`."""
    size = min(len(found), len(expected))
    differs = np.zeros(size, bool)
    for name in fields:
        a, b = found[name][:size], expected[name][:size]
        differs |= ~close_numbers(a, b, b) if a.dtype.kind == "f" else a != b
    if differs.any():
        return int(differs.argmax())
    return size if len(found) != len(expected) else None


def _other_order(run: Run, found: Records, expected: Records, at: int, cut: Cut) -> Problem:
    bar = min(int(log["bar"][at]) for log in (found, expected) if at < len(log))
    time = int(run.closing[bar])
    ours, theirs = (words_of(log, at) for log in (found, expected))
    node = ", ".join(step.id for step in run.plan.rows)
    return Problem(
        kind="order",
        node=node,
        port="",
        symbol=run.markets[cut.symbol].candles.symbol,
        bar_time=time,
        cut=cut.instant,
        found=ours,
        expected=theirs,
        message=(
            f"the decisions of {node} change with the future: at the bar that closes {utc(time)} there is {ours} while"
            f" the history ends at {utc(cut.instant)}, and {theirs} once later bars are known"
        ),
    )


def words_of(log: Records, at: int) -> str:
    """An intent in words."""
    if at >= len(log):
        return "no order"
    row = log[at]
    action = ("enter", "close", "cancel", "amend")[int(row["action"])]
    side = {1: " long", -1: " short"}.get(int(row["direction"]), "")
    prices = (f"{name} {float(row[name]):.10g}" for name in ("price", "stop", "target") if row[name] == row[name])
    return ", ".join([f"{action}{side}", *prices])


def early_fills(run: Run) -> Iterator[Problem]:
    """Fills of the whole run before the bar on which they were decided had closed."""
    fills = run.match(run.request.policy).executions
    entries = fills[fills["reason"] == 0]
    early = entries[run.tables.time[entries["bar"]] < run.closing[entries["decision_bar"]]]
    for row in early[:1]:
        symbol = run.markets[int(row["symbol"])].candles.symbol
        filled, decided = int(run.tables.time[row["bar"]]), int(run.closing[row["decision_bar"]])
        yield Problem(
            kind="early_fill",
            node=", ".join(step.id for step in run.plan.rows),
            port="",
            symbol=symbol,
            bar_time=decided,
            cut=0,
            found=utc(filled),
            expected=utc(decided),
            message=f"an order of {symbol} decided at {utc(decided)} filled in the bar that opened {utc(filled)}",
        )


def decision_instants(run: Run, full: FullRun, expected: Records) -> list[Cut]:
    """Bars at which something was decided, as places to cut."""
    bars = np.unique(expected["bar"])
    closing = run.closing
    symbols = np.where(expected["symbol"] < len(full.passes), expected["symbol"], 0)  # the first decides for its legs
    by_bar = dict(zip(expected["bar"].tolist(), symbols.tolist(), strict=True))
    return [Cut(by_bar[b], int(closing[b]), True) for b in bars.tolist() if b < len(closing) - 1]
