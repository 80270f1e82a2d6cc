"""Puts the rows of values together again: the opposite of `engine.rows.rows_of`."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from engine.candles import COLUMNS, Candles
from engine.rows import unknown
from engine.values import ExitPolicy, Labels, Signal, Text, Zones, make_zones
from engine.zones import COLUMNS as ZONE_COLUMNS


def joined(values: Sequence[Any]) -> Any:
    """One value whose rows are those of the given ones in turn; what is the same at all rows is taken from the last."""
    last = values[-1]
    if len(values) == 1:
        return last
    if isinstance(last, np.ndarray):
        return np.concatenate(values)
    if isinstance(last, Labels):
        names = next((v.names for v in reversed(values) if v.names), ())
        return Labels(np.concatenate([v.codes for v in values]), names)
    if isinstance(last, Zones):
        return _zones(values)
    if isinstance(last, Text):
        return _text(values)
    if isinstance(last, Candles):
        return msgspec.structs.replace(last, **{n: np.concatenate([getattr(v, n) for v in values]) for n in COLUMNS})
    if isinstance(last, Signal | ExitPolicy):
        columns = [n for n in last.__struct_fields__ if isinstance(getattr(last, n), np.ndarray)]
        return msgspec.structs.replace(last, **{n: np.concatenate([getattr(v, n) for v in values]) for n in columns})
    return last


def _zones(values: Sequence[Zones]) -> Zones:
    """Tables one behind the other; a version that goes on unchanged over a seam is one version."""
    starts = np.cumsum([0, *(v.rows for v in values)])
    columns: dict[str, Any] = {n: np.concatenate([getattr(v, n) for v in values]) for n in ZONE_COLUMNS}
    shift = np.repeat(starts[:-1], [len(v.since) for v in values])
    columns["since"], columns["until"] = columns["since"] + shift, columns["until"] + shift
    fields = [columns[n] for n in ZONE_COLUMNS if n not in ("since", "until")]
    order = np.lexsort((columns["since"], *fields))
    columns = {n: c[order] for n, c in columns.items()}
    goes_on = columns["since"][1:] == columns["until"][:-1]
    for name in ZONE_COLUMNS[2:]:
        goes_on &= columns[name][1:] == columns[name][:-1]
    goes_on &= np.isin(columns["since"][1:], starts)
    first, last = np.append(True, ~goes_on), np.append(~goes_on, True)
    if not len(order):
        first = last = np.zeros(0, bool)
    rest = [columns[n][first] for n in ZONE_COLUMNS[2:]]
    return make_zones(int(starts[-1]), columns["since"][first], columns["until"][last], *rest)


def _text(values: Sequence[Text]) -> Text:
    """Texts line by line; one without lines, which a failed node leaves, counts as unknown."""
    form = max(values, key=lambda text: len(text.lines))
    lines = tuple(
        msgspec.structs.replace(
            line,
            value=joined([t.lines[i].value if len(t.lines) > i else _unknown_like(line.value, t.rows) for t in values]),
        )
        for i, line in enumerate(form.lines)
    )
    return Text(sum(v.rows for v in values), form.title, lines)


def _unknown_like(value: Any, rows: int) -> Any:
    kinds = {Labels: "label", Zones: "zones", Text: "text", Signal: "signal"}
    if isinstance(value, np.ndarray):
        return unknown("number" if value.dtype.kind == "f" else "flag", rows)
    return unknown(kinds.get(type(value), ""), rows)
