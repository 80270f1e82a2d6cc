"""What an output of a node needs of the node's inputs: the words a node uses to say how far it is from firing.

A node answers `needs(port, goal, seen)` with a tree of these, the same for all bars.  Numbers, flags and directions in
it are read from the columns of the run, so one tree explains every bar: the one that fired and those that did not.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.candles import FloatColumn
from engine.labels import Labels

Relation = Literal[">", ">=", "<", "<="]
Goal = int | str  # 1 or 0 of a flag, +1, 0 or -1 of a direction or signal, the name of a label


class Compare(msgspec.Struct, frozen=True, kw_only=True):
    """A number of an input against a level, or against another number if `against` names one.

    `a` and `against` name an input or output port of the node, or a column of one ("signal.confidence",
    "candles.close").  `ago` and `against_ago` are bars back.
    """

    a: str
    relation: Relation
    level: float = float("nan")
    against: str = ""
    ago: int = 0
    against_ago: int = 0


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """A number the node works out from its inputs (a column, NaN = not known) against a level, under a name."""

    name: str
    value: FloatColumn
    relation: Relation
    level: float | FloatColumn


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is so or not, without a distance: `met` per bar (or at all), and a sentence for both.

    The sentences follow the name of the node: "is blocked after an earlier signal".
    """

    met: NDArray[np.bool_] | bool
    yes: str
    no: str


class Wants(msgspec.Struct, frozen=True, kw_only=True):
    """A flag, direction, signal or label input has to be `goal` (to be anything else but it, if `differs`)."""

    port: str
    goal: Goal
    differs: bool = False
    ago: int = 0


class AllOf(msgspec.Struct, frozen=True):
    """Every part has to be so."""

    parts: tuple["Need", ...]


class AnyOf(msgspec.Struct, frozen=True):
    """One of the parts has to be so; the nearest one is told."""

    parts: tuple["Need", ...]


class After(msgspec.Struct, frozen=True):
    """`then` is a question only where `first` is so: a gate looks at signals, not at bars without one.

    `silent`: what is told is that `then` fails, not that it is so, as it is nearly everywhere.
    """

    first: "Need"
    then: "Need"
    silent: bool = False


class Hints(msgspec.Struct, frozen=True):
    """`itself` decides; `inputs` are told with it, as what speaks for or against it."""

    itself: "Need"
    inputs: tuple[Wants, ...]


Need = Compare | Measure | Fact | Wants | AllOf | AnyOf | After | Hints


class Seen(msgspec.Struct, frozen=True, eq=False):
    """The columns a node had at its wired inputs, by argument, and gave at its outputs, by port."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]

    def __contains__(self, port: str) -> bool:
        return port in self.inputs

    def column(self, name: str) -> Any:
        """A column by port, or by port and field ("signal.confidence"); None where the port is not wired."""
        port, _, field = name.partition(".")
        value = self.inputs.get(port, self.outputs.get(port))
        return getattr(value, field) if field and value is not None else value


def all_wired(seen: Seen, ports: tuple[str, ...], goal: Goal) -> tuple[Wants, ...]:
    """The same wish for each of the ports that is connected."""
    return tuple(Wants(port=p, goal=goal) for p in ports if p in seen)


def equals(value: Any, goal: Goal) -> NDArray[np.bool_]:
    """Where a flag, direction, signal or label column is `goal`."""
    if isinstance(value, Labels):
        return np.asarray(value.where(str(goal)) == 1)
    column = getattr(value, "direction", value)
    return np.asarray(column == goal)
