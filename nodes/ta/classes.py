"""Makes the node classes of the table, each when it is first asked for."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, cast

import msgspec
import numpy as np

from engine.candles import FloatColumn
from engine.node import Contract, Node
from engine.values import UNKNOWN, Candles, Direction, Flag, Number
from nodes.kernels.prices import FloatGrid, solid
from nodes.ta import formulas, library
from nodes.ta.stretches import stretches
from nodes.ta.table import Entry, Output, Param, table

_KINDS: dict[str, Any] = {"number": Number, "flag": Flag, "direction": Direction}
_TYPES: dict[str, type] = {"int": int, "float": float, "bool": bool}


class TaNodes(Mapping[str, type[Contract]]):
    """Node classes by the name of their function."""

    def __init__(self) -> None:
        self._made: dict[str, type[Contract]] = {}

    def __getitem__(self, name: str) -> type[Contract]:
        if name not in self._made:
            self._made[name] = make(name, table().nodes[name])
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in table().nodes

    def __iter__(self) -> Iterator[str]:
        return iter(table().nodes)

    def __len__(self) -> int:
        return len(table().nodes)


def make(name: str, entry: Entry) -> type[Node]:
    """The class for an entry of the table, as if it had been written by hand."""
    title = "".join(part.capitalize() for part in name.split("_"))
    methods = {
        "__doc__": _doc(name, entry),
        "__annotations__": {},
        "synonyms": entry.synonyms,
        "check": lambda self: _check(entry, _params(self)),
        "lookback": lambda self: _lookback(entry, _params(self)),
        "compute": _compute(title, name, entry),
    }
    fields = [(param, _annotation(about), about.preset) for param, about in entry.params.items()]
    made = msgspec.defstruct(
        title, fields, bases=(Node,), namespace=methods, module="nodes.ta", frozen=True, tag=f"ta.{name}"
    )
    return cast(type[Node], made)


def _annotation(about: Param) -> Any:
    kind = Literal[about.choices] if about.choices else _TYPES[about.kind]
    limits: dict[str, Any] = {bound: getattr(about, bound) for bound in ("ge", "gt", "le", "lt")}
    if about.kind == "int":
        limits = {bound: None if limit is None else int(limit) for bound, limit in limits.items()}
    return Annotated[kind, msgspec.Meta(title=about.title, description=about.unit or None, **limits)]


def _doc(name: str, entry: Entry) -> str:
    known = formulas.value(entry.seed, {n: p.preset for n, p in entry.params.items()})
    bars = f"the first {known - 1} bars" if known > 2 else "the first bar"
    when = f"; unknown for {bars}{' at the presets' if entry.params else ''}" if known > 1 else ""
    rows = [f"Out: {entry.unit}{when}."]
    rows += [entry.remarks] if entry.remarks else []
    rows += ["A row that is not known gives none and starts everything anew after it, seeds included; 0/0 is unknown."]
    takes = "candles" if entry.ports == ("candles",) else f"{' and '.join(entry.ports)}, any unit"
    source = f"Source: {entry.source.rstrip('.')}; " if entry.source else "Source: "
    return "\n".join(
        [f"{entry.title}: {entry.sentence}", "", f"In: {takes}.", *rows, f"{source}computed by pandas-ta `{name}`."]
    )


def _params(node: Any) -> dict[str, Any]:
    return {name: getattr(node, name) for name in node.__struct_fields__}


def _check(entry: Entry, params: Mapping[str, Any]) -> str | None:
    return next((c.otherwise for c in entry.checks if not formulas.value(c.holds, params)), None)


def _lookback(entry: Entry, params: Mapping[str, Any]) -> int:
    return int(formulas.value(entry.seed, params)) + int(formulas.value(entry.settle, params))


def _compute(title: str, name: str, entry: Entry) -> Callable[..., Any]:
    """The method `compute` with the ports of the entry as its signature."""
    gives = _KINDS[entry.outputs[0].kind] if len(entry.outputs) == 1 else _lines(title, entry.outputs)
    takes = {port: Candles if port == "candles" else Number for port in entry.ports}

    def compute(self: Any, **inputs: Any) -> Any:
        grid = _grid(name, entry, _params(self), _series(entry, inputs))
        ports = [_port(row, output.kind) for row, output in zip(grid, entry.outputs, strict=True)]
        return ports[0] if len(ports) == 1 else gives(*ports)

    arguments = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    arguments += [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, annotation=t) for n, t in takes.items()]
    compute.__annotations__ = {**takes, "return": gives}
    compute.__signature__ = inspect.Signature(arguments, return_annotation=gives)  # type: ignore[attr-defined]
    return compute


def _lines(title: str, outputs: tuple[Output, ...]) -> Any:
    made: Any = cast(Any, NamedTuple)(f"{title}Lines", [(o.name, _KINDS[o.kind]) for o in outputs])
    made.__module__ = "nodes.ta"
    return made


def _series(entry: Entry, inputs: Mapping[str, Any]) -> dict[str, FloatColumn]:
    """The columns the function wants, by its names for them."""
    if entry.ports == ("candles",):
        candles = inputs["candles"]
        return {column: getattr(candles, column.rstrip("_")) for column in entry.columns}
    return {column: solid(inputs[port]) for column, port in zip(entry.columns, entry.ports, strict=True)}


def _grid(name: str, entry: Entry, params: Mapping[str, Any], series: Mapping[str, FloatColumn]) -> FloatGrid:
    """All outputs: the function on every stretch of known rows, unknown until the stretch has `seed` of them.

    A function that is handed a row that is not known carries it on, fills it or gives up; cut into stretches its rows
    depend on earlier ones only, whatever it does.
    """
    seed, arguments = int(formulas.value(entry.seed, params)), arguments_of(entry, params)
    columns = [formulas.filled(output.column, params) for output in entry.outputs]
    out = np.full((len(columns), len(next(iter(series.values())))), np.nan)
    for start, stop in stretches(series.values()):
        if stop - start >= seed:
            part = {n: column[start:stop] for n, column in series.items()}
            found = library.call(name, part, arguments, columns)
            if found is not None:
                out[:, start + seed - 1 : stop] = found[:, seed - 1 :]
    out[~np.isfinite(out)] = np.nan
    if entry.together:
        out[:, np.isnan(out).any(axis=0)] = np.nan
    return out


def arguments_of(entry: Entry, params: Mapping[str, Any]) -> dict[str, Any]:
    """What pandas-ta is called with, beside the series, for these params."""
    named = {name: (entry.params[name], value) for name, value in params.items()}
    return {p.argument or n: float(v) if p.takes_float else v for n, (p, v) in named.items()} | entry.pinned


def _port(row: FloatColumn, kind: str) -> Any:
    if kind == "number":
        return np.ascontiguousarray(row)
    unknown = np.isnan(row)
    return np.where(unknown, UNKNOWN, np.sign(np.where(unknown, 0.0, row))).astype(np.int8)
