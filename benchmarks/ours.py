"""Tradegraph as a worker: a graph document, back-tested warm without a column cache."""

from pathlib import Path

from benchmarks.worker import Job, Outcome, Prepared, columns_of, serve
from engine.backtest import MarketData, Request, backtest
from engine.candles import make_candles
from engine.document import decode
from engine.instruments import Instrument
from engine.matching.policy import policy_named
from engine.memory import keep_memory
from engine.plan import compile_graph
from engine.registry import Registry

GRAPHS = Path(__file__).parent / "graphs"
FEE = 0.00055
# The rules all engines share: stop first inside a bar, fills at touched prices, open position closed at the last open.
POLICY = policy_named("frictionless", path="pessimistic", maker_fee=FEE, taker_fee=FEE, at_end="open")


def prepare(job: Job) -> Prepared:
    candles = make_candles("SYNTH", "1m", synthetic=True, **columns_of(job))
    graph = decode((GRAPHS / f"{job['strategy']}.json").read_bytes())
    market = MarketData(candles=candles, instrument=Instrument(source="benchmark"))
    request = Request(graph=graph, markets=(market,), policy=POLICY, capital=job["capital"])
    registry = Registry()
    plan = compile_graph(graph, registry, candles.timeframe)
    if max(plan.warmup.values()) - 1 != job["warm"]:
        raise SystemExit(
            f"the peers are told to begin at row {job['warm']}, the graph at {max(plan.warmup.values()) - 1}"
        )

    def run() -> Outcome:
        result = backtest(request, registry)
        return {"trades": len(result.trades), "equity": float(result.equity[-1]), "rejected": result.rejected}

    return run


if __name__ == "__main__":
    keep_memory()  # the peers get the same by environment variables
    serve(prepare)
