from engine.node import Node
from engine.values import Number, Signals
from nodes.kernels.signals import trades_of, with_target


class Level(Node, frozen=True, tag="target.level"):
    """A profit target at a given price.

    In: signal; level (quote currency).
    Out: the signal with its target at the level, whatever its side (gate.rr blocks one on the wrong side); no
    target where there is no trade; a trade whose level is unknown becomes unknown.
    """

    synonyms = ("take profit", "tp", "price", "resistance", "support")

    def compute(self, signal: Signals, level: Number) -> Signals:
        trades = trades_of(signal)
        return with_target(signal, trades, level[trades.rows], "target.level")
