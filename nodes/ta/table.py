"""The committed table of pandas-ta's functions: what is in it, and how it is read.

`nodes/ta/table.json` is written by `python -m nodes.ta.generate` from the signatures and docstrings of the installed
pandas-ta and from the notes of `nodes/ta/notes.toml`.  Reading it imports neither pandas nor pandas-ta.
"""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

PLACE = Path(__file__).with_name("table.json")

SERIES = ("open_", "high", "low", "close", "volume")  # arguments of pandas-ta that are columns of candles


class Param(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A parameter of a node: `kind` is int, float, bool or choice.

    `argument` is its name in pandas-ta if that is another one; `takes_float` says that pandas-ta wants a float.
    """

    kind: str
    preset: int | float | bool | str
    title: str
    unit: str = ""
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    choices: tuple[str, ...] = ()
    argument: str = ""
    takes_float: bool = False


class Output(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An output: its name, the column of pandas-ta with params in braces, and the kind of port."""

    name: str
    column: str
    kind: str = "number"


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A formula that must hold between params, and the sentence for when it does not."""

    holds: str
    otherwise: str


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A function of pandas-ta as a node.

    `columns` are the series the function takes.  `ports` are the input ports: `candles`, `source`, or one per series.
    `pinned` are arguments that are always passed with these values.  `seed` (a formula) is the number of rows until
    everything is known, `settle` the number of further rows after which nothing older matters.  `together` says that
    an output is known only where all are: the function gives none of them until the last has a value.
    """

    title: str
    sentence: str
    columns: tuple[str, ...]
    ports: tuple[str, ...]
    params: dict[str, Param] = {}
    pinned: dict[str, Any] = {}
    outputs: tuple[Output, ...]
    seed: str
    settle: str = "0"
    together: bool = False
    checks: tuple[Check, ...] = ()
    unit: str
    remarks: str = ""
    source: str = ""
    synonyms: tuple[str, ...] = ()


class Refusal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A function that is no node, with the proof: output `column` at row `bar` of the sample candles.

    `kind` "future": from all rows it is `found`, from rows 0 to `cut` it is `expected`.  "past": from all rows it is
    `found`, from row `cut` on it is `expected`.  "wrong": it is `found`, its definition gives `expected`.
    """

    function: str
    kind: str
    series: tuple[str, ...]
    scene: str = "busy"
    params: dict[str, Any]
    reason: str
    column: str
    bar: int
    cut: int = 0
    found: float | None
    expected: float | None
    instead: str = ""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every indicator of pandas-ta: as a node, as a native node (`native`: function → tag), or refused."""

    library: str
    nodes: dict[str, Entry]
    native: dict[str, str]
    refused: tuple[Refusal, ...]


@cache
def table() -> Table:
    """The committed table."""
    return msgspec.json.decode(PLACE.read_bytes(), type=Table)
