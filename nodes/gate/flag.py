from engine.needs import AllOf, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Flag as FlagColumn
from engine.values import Signals
from nodes.kernels.signals import gated, trades_of


class Flag(Node, frozen=True, tag="gate.flag"):
    """Lets a signal pass only where a flag is true.

    In: signal; allow, a flag.
    Out: the signal with direction 0 where the flag is false or unknown; an unknown direction stays unknown.
    """

    synonyms = ("filter", "regime", "condition", "allow")

    def compute(self, signal: Signals, allow: FlagColumn) -> Signals:
        trades = trades_of(signal)
        return gated(signal, trades, allow[trades.rows] == 1, "gate.flag")

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return AllOf((Wants(port="signal", goal=goal), Wants(port="allow", goal=1)))
