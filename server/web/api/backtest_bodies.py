"""What the API tells of back-tests."""

from typing import Any, Literal

import msgspec

from server.store.backtests import BacktestHead, Status, StoredBacktest


class Submitted(msgspec.Struct, frozen=True):
    """A back-test that waits for its turn."""

    id: str
    status: Status


class BacktestFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A back-test in the list; `summary` holds headline figures once it is done, `error` what went wrong.

    Instants in ms UTC; `progress` from 0 to 1; `seconds` is what the engine took.
    """

    id: str
    graph: str | None
    revision: int | None
    name: str
    logic_hash: str
    request: dict[str, Any]
    status: Status
    stage: str
    progress: float
    error: dict[str, Any] | None
    created_at: int
    started_at: int | None
    finished_at: int | None
    seconds: float | None
    summary: dict[str, Any] | None


class BacktestView(BacktestFacts, frozen=True, kw_only=True):
    """A back-test with the graph as it ran and, once it is done, all figures."""

    document: str
    result: dict[str, Any] | None
    trace_bytes: int


class BacktestList(msgspec.Struct, frozen=True):
    """A part of the list; `next` as `after` gives the following one, null at the end."""

    items: list[BacktestFacts]
    next: str | None


class TradeList(msgspec.Struct, frozen=True):
    """Trades in order of exit, each with its `number`; `next` as `after` gives the following ones, null at the end."""

    items: list[dict[str, Any]]
    next: int | None


class TradeSlice(msgspec.Struct, frozen=True):
    """Why a trade was made: `because` are [group, sentence, node], `groups` the nodes with their values by sub-graph.

    `rules` are [name, words], `nodes` the flat ids of all nodes that took part.
    """

    because: list[tuple[str, str, str]]
    groups: list[Any]
    rules: list[tuple[str, str]]
    nodes: list[str]
    side: str


class TradeView(msgspec.Struct, frozen=True):
    """A trade and why it was made."""

    row: dict[str, Any]
    slice: TradeSlice


class Curve(msgspec.Struct, frozen=True, omit_defaults=True):
    """Equity in at most 4,000 buckets: last value, deepest drawdown in percent, and where bars share a bucket also its
    lowest and highest value.  `t` are minutes after `t0` (ms UTC), `hold` the first market bought and held.
    """

    capital: float
    bars: int
    t0: int
    t: list[int]
    eq: list[float]
    dd: list[float]
    hold: list[float] | None
    lo: list[float] | None = None
    hi: list[float] | None = None


class Year(msgspec.Struct, frozen=True):
    """Returns of the months of a year and of all of it, as ratios; null where the run has no bar."""

    year: int
    months: list[float | None]
    start: float
    total: float | None


class MonthList(msgspec.Struct, frozen=True):
    """Years, the oldest first."""

    items: list[Year]


class CandleWindow(msgspec.Struct, frozen=True, kw_only=True):
    """Candles the run was made on, as columns; `from` is the first row, `rows` how many the market has."""

    symbol: str
    timeframe: str
    bar_ms: int
    rows: int
    first: int = msgspec.field(name="from")
    time: list[int]
    open: list[float | None]
    high: list[float | None]
    low: list[float | None]
    close: list[float | None]
    volume: list[float | None]


class WireFacts(msgspec.Struct, frozen=True):
    """A wire of the trace; `chart` tells whether it can be drawn on candles."""

    wire: str
    node: str
    port: str
    kind: str
    timeframe: str
    chart: bool


class WireList(msgspec.Struct, frozen=True):
    """All wires of a market, and how many rows a chunk of the trace has."""

    wires: list[WireFacts]
    chunk: int


class WireValues(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a wire carried: `k` n number, f flag, d direction with a value per row in `v` (null = not yet known), or t
    text with `runs` of [offset, words].
    """

    k: Literal["n", "f", "d", "t"]
    v: list[float | None] | None = None
    runs: list[tuple[int, str]] | None = None


class TraceChunk(msgspec.Struct, frozen=True):
    """What all wires carried over some rows of the run's timeframe."""

    first: int
    rows: int
    wires: dict[str, WireValues]


class ToldCondition(msgspec.Struct, frozen=True):
    """A condition of an entry; `met` is null where it is not yet known."""

    node: str
    sentence: str
    met: bool | None
    group: str


class ToldSide(msgspec.Struct, frozen=True):
    """What an entry on one side lacked, nearest first; `met` = it lacked nothing."""

    met: bool
    conditions: list[ToldCondition]


class BarReasons(msgspec.Struct, frozen=True):
    """Why a bar was, or was not, an entry; `trade` counts from 1, null = none.  `time` is its opening (ms UTC)."""

    outcome: str
    sentence: str
    trade: int | None
    time: int
    long: ToldSide
    short: ToldSide


class Dropped(msgspec.Struct, frozen=True):
    """How many rows of a trace were removed."""

    rows: int


def facts_of(head: BacktestHead) -> BacktestFacts:
    """A back-test for the list."""
    return BacktestFacts(**_shared(head))


def view_of(found: StoredBacktest, trace_bytes: int) -> BacktestView:
    """A back-test with everything."""
    return BacktestView(**_shared(found), document=found.document, result=found.result, trace_bytes=trace_bytes)


def _shared(head: BacktestHead) -> dict[str, Any]:
    own = [name for name in BacktestFacts.__struct_fields__ if name != "graph"]
    return {"graph": head.graph_id, **{name: getattr(head, name) for name in own}}
