"""What a proof answers, in a shape that command line, editor and JSON share."""

from typing import Literal

import msgspec

from engine.compare import Plain

ProblemKind = Literal["leak", "warm_up", "unstable", "order", "early_fill", "failed"]
SealKind = Literal["clean", "leaks", "warm_up_too_short", "unstable", "failed", "not_checked"]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that keeps a result from being trusted.

    kind      "leak": a value depends on later bars; "warm_up": it depends on bars before the declared look-back;
              "unstable": it is another one in a second run; "order": decisions differ; "early_fill": an order filled
              before the bar it was decided on had closed; "failed": the node fails on a shorter history
    bar_time  closing instant (ms UTC) of the bar whose value differs
    cut       instant (ms UTC) at which the history ended, or from which on it was poisoned; 0 = neither
    found, expected  the value of the shortened or changed history, and that of the whole one; None = not yet known
    inherited_by     nodes downstream that differ only because this one does
    """

    kind: ProblemKind
    node: str
    port: str
    symbol: str
    bar_time: int
    cut: int
    found: Plain
    expected: Plain
    message: str
    inherited_by: tuple[str, ...] = ()


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about one node.

    cuts, fired   cuts of its history, and how many of them at bars where it, or what it reads, fired
    lookback      bars it declares; None for nodes without columns
    warm_up       percent by which the last value from 1x, 2x and 4x the declared bars differed at most from that from
                  all bars; empty if not measured
    memory        it remembers since the start of the history, so that no number of bars is enough
    reason        why it was not, or only partly, checked
    """

    node: str
    type: str
    seal: SealKind
    cuts: int = 0
    fired: int = 0
    lookback: int | None = None
    warm_up: tuple[float, ...] = ()
    memory: bool = False
    reason: str = ""


class Proved(msgspec.Struct, frozen=True, kw_only=True):
    """Candles of one market a proof was made on."""

    symbol: str
    timeframe: str
    bars: int
    identity: str


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `prove`.

    cuts        cuts per node asked for; `node_cuts`, `whole_cuts` and `poisoned` are the runs made: of single nodes,
                of the whole graph on a shorter history, and of the whole graph on a changed future
    """

    graph: str
    logic_hash: str
    ok: bool
    data: tuple[Proved, ...]
    seals: tuple[Seal, ...]
    problems: tuple[Problem, ...]
    cuts: int
    seed: int
    node_cuts: int
    whole_cuts: int
    poisoned: int
    seconds: float
