"""What a back-test is asked to do, and the checks and cuts of its candles before anything runs."""

import msgspec
import numpy as np

from engine.candles import Candles
from engine.document import Graph
from engine.errors import InputError
from engine.matching.engine import Funding
from engine.matching.policy import Policy
from engine.result import Instrument


class MarketData(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a back-test may know of one market.

    `candles` are on the run's timeframe; `others` are candles of other timeframes or symbols the graph names; `finer`
    are shorter candles over the same time, on which orders are then matched and equity is marked.
    """

    candles: Candles
    others: tuple[Candles, ...] = ()
    finer: Candles | None = None
    funding: Funding | None = None
    mark: Candles | None = None
    instrument: Instrument | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A back-test to run: what, on which markets, under which rules, with how much.

    `start`/`end` (ms UTC, end exclusive) bound the bars traded; earlier candles serve as warm-up.  `lowered` False
    makes the row pass run even where the graph could be lowered.
    """

    graph: Graph
    markets: tuple[MarketData, ...]
    policy: Policy
    capital: float
    start: int | None = None
    end: int | None = None
    lowered: bool = True


def check_request(request: Request) -> None:
    """Raises InputError for a request that makes no sense whatever the graph."""
    if not request.markets:
        raise InputError("a back-test needs candles of at least one market")
    if not (request.capital > 0 and np.isfinite(request.capital)):
        raise InputError(f"capital is {request.capital:g}; it must be greater than 0")
    symbols = [m.candles.symbol for m in request.markets]
    doubled = next((s for s in symbols if symbols.count(s) > 1), None)
    if doubled:
        raise InputError(f"candles of {doubled} are given twice; give each market once (other timeframes are separate)")
    frames = {m.candles.timeframe for m in request.markets}
    if len(frames) > 1:
        raise InputError(f"markets on one account need candles of one timeframe, not {', '.join(sorted(frames))}")


def cut(market: MarketData, request: Request, warmup: int) -> MarketData:
    """The market with the candles that the run needs: `warmup` bars before `start`, nothing from `end` on."""
    candles = market.candles
    first, last = 0, len(candles)
    if request.end is not None:
        last = int(np.searchsorted(candles.time, request.end))
    if request.start is not None:
        first = int(np.searchsorted(candles.time, request.start))
    if last <= first:
        raise InputError(f"no candles of {candles.symbol} between --from and --to; the file covers {_range(candles)}")
    first = max(0, first - warmup)
    if (first, last) == (0, len(candles)):
        return market
    return msgspec.structs.replace(market, candles=candles.part(first, last))


def _range(candles: Candles) -> str:
    if not len(candles):
        return "nothing"
    first, last = (np.datetime64(int(t), "ms").astype(str)[:16] for t in (candles.time[0], candles.close_time[-1]))
    return f"{first} to {last} UTC"


def finest_candles(market: MarketData) -> Candles:
    """The candles orders are matched on.  Raises InputError if finer ones do not cover the run."""
    finer, base = market.finer, market.candles
    if finer is None:
        return base
    if finer.bar_ms >= base.bar_ms or base.bar_ms % finer.bar_ms:
        raise InputError(f"--finer candles of {finer.timeframe} are not finer parts of {base.timeframe} candles")
    first, last = np.searchsorted(finer.time, [base.time[0], base.time[-1] + base.bar_ms])
    finer = finer.part(int(first), int(last))
    if not len(finer) or finer.time[0] > base.time[0] or finer.time[-1] + finer.bar_ms < base.time[-1] + base.bar_ms:
        raise InputError(f"--finer candles of {finer.symbol} cover {_range(finer)}; the run needs {_range(base)}")
    return finer
