"""Laws every column node obeys; a new node file is covered the moment it exists.

Inputs are made from the ports a node declares, parameters from the ranges it declares.  The node's own clock has hourly
bars, a second one four-hour bars; all arrays are read-only.  A node of watchlist scope gets (symbol, bar) tables.
"""

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any, get_type_hints

import hypothesis.strategies as st
import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from msgspec import inspect as types

from engine.candles import COLUMNS, Candles, make_candles
from engine.errors import InputError, NodeError
from engine.node import Contract, Decision, Fold, Node
from engine.registry import discover
from engine.rows import rows_of
from engine.signature import signature_of
from engine.timeframe import HOUR
from engine.values import (
    UNKNOWN,
    ExitPolicy,
    Labels,
    Line,
    Signal,
    Size,
    Text,
    Zones,
    constant,
    is_unknown,
    make_zones,
    no_zones,
)

NODES = dict(discover("nodes"))
COLUMN_NODES = [t for t, c in NODES.items() if issubclass(c, Node | Fold) and signature_of(c).inputs]
MONDAY = 1_704_067_200_000  # 2024-01-01
CLOCKS = {"": 1, "other": 4}  # hours per bar
SYMBOLS = 3  # of a watchlist
MAX_LOOKBACK = 300  # generated parameters stay below, presets may be above

# What these say does not come from the values they read: a constant is known, so is the time.
KNOWN_FROM_NOTHING = {"math.constant", "time.session", "time.weekday"}
CHANGES_CLOCK = {"time.resample"}

laws = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
)
every_column_node = pytest.mark.parametrize("tag", COLUMN_NODES)
every_node = pytest.mark.parametrize("tag", NODES)


# --- inputs ----------------------------------------------------------------------------------------------------------


def frozen(array: Any) -> Any:
    array.flags.writeable = False
    return array


def walk(rows: int, seed: int) -> Any:
    return 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, rows)))


def candles(rows: int, seed: int, hours: int) -> Candles:
    rng = np.random.default_rng(seed)
    close = walk(rows, seed)
    opened = close * np.exp(rng.normal(0, 0.003, rows))
    return make_candles(
        "TEST",
        f"{hours}h",
        time=MONDAY + hours * HOUR * np.arange(rows),
        open=opened,
        high=np.maximum(opened, close) * (1 + rng.random(rows) / 100),
        low=np.minimum(opened, close) * (1 - rng.random(rows) / 100),
        close=close,
        volume=rng.random(rows) * 1000,
    )


def signal(rows: int, seed: int) -> Signal:
    rng = np.random.default_rng(seed)
    direction = rng.integers(-1, 2, rows).astype(np.int8)
    entry = walk(rows, seed)
    away = np.where(direction == 0, np.nan, direction * entry * rng.random(rows) / 20)
    return Signal(
        direction=frozen(direction),
        entry=frozen(entry),
        confidence=frozen(rng.random(rows)),
        stop=frozen(entry - away),
        target=frozen(entry + 2 * away),
        quality=frozen(rng.random(rows)),
        environment=constant(1.0, rows),
        reasons=("test",),
    )


LABEL_NAMES = ("trending", "ranging", "volatile")


def labels(rows: int, seed: int) -> Labels:
    return Labels(frozen(np.random.default_rng(seed).integers(0, len(LABEL_NAMES), rows).astype(np.int8)), LABEL_NAMES)


def zones(rows: int, seed: int, hours: int) -> Zones:
    """An area in about every third bar, which lives for up to 40 bars near the walk of the same seed."""
    rng = np.random.default_rng(seed)
    since = np.flatnonzero(rng.random(rows) < 0.3)
    low = walk(rows, seed)[since] * (1 + rng.normal(0, 0.01, len(since)))
    return make_zones(
        rows,
        since,
        np.minimum(since + rng.integers(1, 40, len(since)), rows),
        low,
        low * (1 + rng.random(len(since)) / 100),
        rng.integers(-1, 2, len(since)).astype(np.int8),
        rng.integers(1, 6, len(since)),
        rng.random(len(since)),
        MONDAY + hours * HOUR * (since + 1),
    )


def sample(kind: str, rows: int, seed: int, hours: int) -> Any:
    rng = np.random.default_rng(seed)
    match kind:
        case "label":
            return labels(rows, seed)
        case "zones":
            return zones(rows, seed, hours)
        case "text":
            return Text(rows, "sample", (Line("close", frozen(walk(rows, seed))),))
        case "any":
            return sample(
                ("number", "flag", "direction", "label", "zones", "signal", "text")[seed % 7], rows, seed, hours
            )
        case "number":
            return frozen(walk(rows, seed))
        case "flag":
            return frozen((rng.random(rows) < 0.3).astype(np.int8))
        case "direction":
            return frozen(rng.integers(-1, 2, rows).astype(np.int8))
        case "candles":
            return candles(rows, seed, hours)
        case "signal":
            return signal(rows, seed)
        case "exit_policy":
            flag = frozen((rng.random(rows) < 0.3).astype(np.int8))
            return ExitPolicy(trail_percent=1.0, exit_long=flag, atr=frozen(walk(rows, seed)))
        case _:
            raise NotImplementedError(f"a sample for ports of kind {kind!r}")


def inputs_of(cls: type[Contract], rows: int, *, wired: bool = True) -> dict[str, Any]:
    """Values for the input ports; optional ones only if `wired`."""
    inputs = {}
    for seed, (name, port) in enumerate(signature_of(cls).inputs.items()):
        if wired or not port.optional:
            hours = CLOCKS[port.clock]
            several = SYMBOLS if cls.scope == "watchlist" else 1
            made = [sample(port.kind, rows // hours, seed + 100 * i, hours) for i in range(several)]
            inputs[name] = frozen(np.stack(made)) if several > 1 else made[0]
    return inputs


def changed(value: Any, change: Any) -> Any:
    """The value with `change` done to each of its columns (not to the times)."""
    if isinstance(value, np.ndarray):
        return frozen(change(value))
    if isinstance(value, Zones):
        return value  # an area that is not known is not there: see `unknown_inputs`
    if isinstance(value, Labels):
        return Labels(frozen(change(value.codes)), value.names)
    if isinstance(value, Text):
        return Text(
            value.rows,
            value.title,
            tuple(msgspec.structs.replace(x, value=changed(x.value, change)) for x in value.lines),
        )
    fields = {n: getattr(value, n) for n in value.__struct_fields__ if n != "time"}
    new = {n: frozen(change(v)) for n, v in fields.items() if isinstance(v, np.ndarray)}
    return msgspec.structs.replace(value, **new)


def unknown_at(rows: Any) -> Any:
    """A change that makes rows unknown."""

    def change(column: Any) -> Any:
        out = column.copy()
        out[..., rows] = np.nan if out.dtype.kind == "f" else UNKNOWN
        return out

    return change


def unknown_inputs(inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs with nothing known in them."""
    out = {n: changed(v, unknown_at(slice(None))) for n, v in inputs.items()}
    return {n: no_zones(v.rows) if isinstance(v, Zones) else v for n, v in out.items()}


def cut(cls: type[Contract], inputs: dict[str, Any], start: int, stop: int) -> dict[str, Any]:
    """Rows `start` to `stop`; of other clocks as many bars, up to the last one closed by then."""
    out = {}
    for name, value in inputs.items():
        hours = CLOCKS[signature_of(cls).inputs[name].clock]
        last = stop // hours
        first = max(last - (stop - start), 0) if start else 0
        out[name] = value[..., first:last] if isinstance(value, np.ndarray) else rows_of(value, first, last)
    return out


# --- running ---------------------------------------------------------------------------------------------------------


def close_times(clock: str, rows: int, start: int = 0) -> Any:
    hours = CLOCKS[clock]
    first = max(rows // hours - (rows - start), 0) if start else 0
    return frozen(MONDAY + hours * HOUR * np.arange(first + 1, rows // hours + 1))


def run(node: Any, inputs: dict[str, Any], stop: int, start: int = 0) -> Any:
    """The outputs for inputs that cover rows `start` to `stop`."""
    times = {n: close_times(clock, stop, start) for n, clock in signature_of(type(node)).times.items()}
    symbols = signature_of(type(node)).symbols
    told = {symbols: tuple(f"S{i}" for i in range(SYMBOLS))} if symbols else {}
    if issubclass(type(node), Fold):
        return node.step(node.State(), **inputs, **times)[1]
    return node.compute(**inputs, **times, **told)


def columns(out: Any, name: str = "") -> dict[str, Any]:
    """The arrays of an output by name."""
    if isinstance(out, np.ndarray):
        return {name or "out": out}
    if isinstance(out, Labels):
        return {name or "out": out.codes}
    if isinstance(out, Zones):
        return zone_columns(out, name or "out")
    if isinstance(out, Text):
        return {k: v for i, line in enumerate(out.lines) for k, v in columns(line.value, f"{name}.{i}").items()}
    if isinstance(out, Candles):
        return {f"{name}.{c}": getattr(out, c) for c in COLUMNS}
    if isinstance(out, Signal | ExitPolicy):
        fields = {f"{name}.{n}": getattr(out, n) for n in out.__struct_fields__}
        return {n: v for n, v in fields.items() if isinstance(v, np.ndarray)}
    if isinstance(out, Size):
        return {}
    assert isinstance(out, tuple)
    return {k: v for n, part in out._asdict().items() for k, v in columns(part, n).items()}  # type: ignore[attr-defined]


def zone_columns(zones: Zones, name: str) -> dict[str, Any]:
    """What is known of areas at each bar, as columns: how many there are and sums over each of their fields."""
    out = {f"{name}.zone_count": np.zeros(zones.rows)} | {f"{name}.zone_{n}": np.zeros(zones.rows) for n in ZONE_FIELDS}
    for i in np.lexsort((zones.kind, zones.high, zones.low)):  # at each bar in an order that no cut changes
        held = slice(zones.since[i], zones.until[i])
        weight = 1.0 + zones.low[i] % 0.01  # so that fields of two areas cannot change places unseen
        out[f"{name}.zone_count"][held] += 1
        for field in ZONE_FIELDS:
            out[f"{name}.zone_{field}"][held] += weight * getattr(zones, field)[i]
    return out


ZONE_FIELDS = ("low", "high", "kind", "touches", "score", "born")


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, column in expected.items():
        np.testing.assert_array_equal(found[name], column, err_msg=name)


def bars_needed(node: Any) -> int:
    """Hourly bars the last row depends on."""
    return node.lookback_from(HOUR) if hasattr(node, "lookback_from") else node.lookback()


def refuses(node: Contract, inputs: dict[str, Any]) -> bool:
    """Whether the node says that it cannot work with what is connected: an input is missing, bars do not fit."""
    try:
        run(node, cut(type(node), inputs, 0, 40), 40)
    except NodeError as error:
        assert "connect" in str(error)
        return True
    except InputError:
        assert type(node).__struct_config__.tag in CHANGES_CLOCK
        return True
    return False


# --- parameters ------------------------------------------------------------------------------------------------------


def values_of(kind: types.Type, preset: Any) -> st.SearchStrategy[Any]:
    """Values in the declared range, not far from its lower end, where look-backs are short."""
    match kind:
        case types.Metadata():
            return values_of(kind.type, preset)
        case types.IntType():
            low = kind.ge if kind.ge is not None else (kind.gt + 1 if kind.gt is not None else -50)
            high = min(x for x in (kind.le, kind.lt and kind.lt - 1, low + 60) if x is not None)
            return st.integers(low, high)
        case types.FloatType():
            low = kind.ge if kind.ge is not None else kind.gt
            high = kind.le if kind.le is not None else kind.lt
            low = -150.0 if low is None else float(low)
            high = low + 300.0 if high is None else min(float(high), low + 300.0)
            inside = st.floats(low, high, allow_subnormal=False)
            return inside.filter(lambda x: (kind.gt is None or x > kind.gt) and (kind.lt is None or x < kind.lt))
        case types.BoolType():
            return st.booleans()
        case types.LiteralType():
            return st.sampled_from(kind.values)
        case _:
            return st.just(preset)


def low_end(kind: types.Type, preset: Any) -> Any:
    """A value at the lower end of the declared range, or the last choice."""
    match kind:
        case types.Metadata():
            return low_end(kind.type, preset)
        case types.IntType():
            return kind.ge if kind.ge is not None else preset
        case types.FloatType():
            low = kind.ge if kind.ge is not None else kind.gt
            return (low + preset) / 2 if low is not None else preset
        case types.BoolType():
            return not preset
        case types.LiteralType():
            return kind.values[-1]
        case _:
            return preset


@cache
def few_nodes(tag: str) -> tuple[Any, ...]:
    """A node with presets, one with all parameters at their lower end, and one with every second there."""
    cls: Any = NODES[tag]
    lows = [(field.name, low_end(field.type, field.default)) for field in types.type_info(cls).fields]  # type: ignore[attr-defined]
    others = [node for node in (cls(**dict(lows)), cls(**dict(lows[::2]))) if bars_needed(node) <= MAX_LOOKBACK]
    return tuple({node: None for node in (cls(), *others) if node.check() is None})


def nodes(tag: str) -> st.SearchStrategy[Any]:
    """Nodes of a type; few of those that share their code and wait for a slow library."""
    return st.sampled_from(few_nodes(tag)) if NODES[tag].__module__ == "nodes.ta" else any_nodes(tag)


@st.composite
def any_nodes(draw: st.DrawFn, tag: str) -> Any:
    """A node with presets, or with some parameters replaced by generated ones."""
    cls = NODES[tag]
    params = {}
    for field in types.type_info(cls).fields:  # type: ignore[attr-defined]
        if draw(st.booleans()):
            params[field.name] = draw(values_of(field.type, field.default))
    node: Any = cls(**params)
    assume(node.check() is None)
    if params and issubclass(cls, Node | Fold):
        assume(bars_needed(node) <= MAX_LOOKBACK)
    return node


def cases(data: st.DataObject, tag: str) -> Iterator[tuple[Any, dict[str, Any], int]]:
    """A node with inputs and their number of rows: everything connected, then only what must be."""
    node = data.draw(nodes(tag))
    rows = max(400, bars_needed(node) + 100)
    optional = any(port.optional for port in signature_of(type(node)).inputs.values())
    for wired in (True, False) if optional else (True,):
        inputs = inputs_of(type(node), rows, wired=wired)
        if not refuses(node, inputs):
            yield node, inputs, rows


# --- the laws --------------------------------------------------------------------------------------------------------


@every_column_node
@laws
@given(data=st.data())
def test_a_row_never_depends_on_later_ones(tag: str, data: st.DataObject) -> None:
    for node, inputs, rows in cases(data, tag):
        holes = [*range(7), 60, 61, 200]
        for values in (inputs, {n: changed(v, unknown_at([h for h in holes if h < 90])) for n, v in inputs.items()}):
            full = columns(run(node, values, rows))
            for stop in (1, 2, 5, 23, 131, rows - 3, rows):
                part = columns(run(node, cut(type(node), values, 0, stop), stop))
                length = (
                    {n: c.shape[-1] for n, c in part.items()} if tag in CHANGES_CLOCK else dict.fromkeys(part, stop)
                )
                assert_same(part, {n: c[..., : length[n]] for n, c in full.items()})


@every_column_node
@laws
@given(data=st.data())
def test_the_last_row_depends_on_lookback_rows_only(tag: str, data: st.DataObject) -> None:
    if issubclass(NODES[tag], Fold):
        return
    for node, inputs, rows in cases(data, tag):
        for stop in (rows, rows - 41):
            start = stop - bars_needed(node)
            full = columns(run(node, cut(type(node), inputs, 0, stop), stop))
            tail = columns(run(node, cut(type(node), inputs, start, stop), stop, start))
            for name, column in full.items():
                if not column.shape[-1]:
                    continue  # a timeframe of which these candles show no bars
                small = 1e-12 * np.nanmax(np.abs(column), initial=0.0) if column.dtype.kind == "f" else 0
                np.testing.assert_allclose(tail[name][..., -1], column[..., -1], rtol=1e-9, atol=small, err_msg=name)


@pytest.mark.parametrize("tag", [t for t in COLUMN_NODES if issubclass(NODES[t], Fold)])
@laws
@given(data=st.data())
def test_a_fold_may_be_cut_anywhere(tag: str, data: st.DataObject) -> None:
    for node, inputs, rows in cases(data, tag):
        full = columns(run(node, inputs, rows))
        cuts = sorted({0, 1, 2, *data.draw(st.lists(st.integers(1, rows - 1), max_size=5)), rows})
        state, parts = node.State(), []
        for start, stop in pairwise(cuts):
            state, out = node.step(state, **cut(type(node), inputs, start, stop))
            state = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=node.State)  # as a checkpoint
            parts.append(columns(out))
        assert_same({n: np.concatenate([p[n] for p in parts]) for n in full}, full)


@every_column_node
@laws
@given(data=st.data())
def test_as_many_rows_come_out_as_go_in(tag: str, data: st.DataObject) -> None:
    for node, inputs, rows in cases(data, tag):
        if tag not in CHANGES_CLOCK:
            assert all(c.shape[-1] == rows for c in columns(run(node, inputs, rows)).values())


@every_column_node
@laws
@given(data=st.data())
def test_inputs_are_left_alone_and_the_same_comes_out_again(tag: str, data: st.DataObject) -> None:
    for node, inputs, rows in cases(data, tag):
        before = {n: {k: v.copy() for k, v in columns(x).items()} for n, x in inputs.items()}
        first = columns(run(node, inputs, rows))
        for name, value in inputs.items():
            assert_same(columns(value), before[name])
        assert_same(columns(run(node, inputs, rows)), first)


@every_column_node
@laws
@given(data=st.data())
def test_constant_columns_may_be_views(tag: str, data: st.DataObject) -> None:
    for node, inputs, rows in cases(data, tag):
        loose = {n: v for n, v in inputs.items() if not isinstance(v, Candles)}  # candles are always contiguous
        views = inputs | {n: changed(v, lambda c: np.broadcast_to(c[..., -1:], c.shape)) for n, v in loose.items()}
        copies = inputs | {
            n: changed(v, lambda c: np.broadcast_to(c[..., -1:], c.shape).copy()) for n, v in loose.items()
        }
        assert_same(columns(run(node, views, rows)), columns(run(node, copies, rows)))


@every_column_node
@laws
@given(data=st.data())
def test_unknown_stays_unknown(tag: str, data: st.DataObject) -> None:
    if tag in KNOWN_FROM_NOTHING:
        return
    for node, inputs, rows in cases(data, tag):
        if getattr(node, "initial", None) is not None:
            continue  # a delay told what to say while it knows nothing
        for name, column in columns(run(node, unknown_inputs(inputs), rows)).items():
            if ".zone_" in name:
                assert not column.any(), name
            elif not name.endswith((".time", ".confidence", ".quality", ".environment")):
                assert is_unknown(column).all(), name


@every_column_node
@pytest.mark.parametrize("rows", [0, 1, 2])
@pytest.mark.parametrize("wired", [True, False])
def test_few_rows_are_enough_to_run(tag: str, rows: int, wired: bool) -> None:
    cls = NODES[tag]
    if issubclass(cls, Fold) and rows == 0:
        return  # a fold gets at least one
    if not wired and refuses(cls(), inputs_of(cls, 40, wired=False)):
        return
    inputs = cut(cls, inputs_of(cls, 8, wired=wired), 0, rows)
    found = columns(run(cls(), inputs, rows))
    if tag not in CHANGES_CLOCK:
        assert all(c.shape[-1] == rows for c in found.values())


@every_node
def test_the_presets_are_allowed(tag: str) -> None:
    cls = NODES[tag]
    assert msgspec.json.decode(msgspec.json.encode(cls()), type=cls) == cls()
    assert cls().check() is None


@every_node
@laws
@given(data=st.data())
def test_parameters_round_trip(tag: str, data: st.DataObject) -> None:
    node = data.draw(nodes(tag))
    assert msgspec.json.decode(msgspec.json.encode(node), type=NODES[tag]) == node


@every_node
def test_unknown_parameters_are_refused(tag: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": tag, "no_such_parameter": 1}, NODES[tag])


@every_node
def test_parameters_have_titles(tag: str) -> None:
    hints = get_type_hints(NODES[tag], include_extras=True)
    for name in NODES[tag].__struct_fields__:
        metas = [m for m in getattr(hints[name], "__metadata__", ()) if isinstance(m, msgspec.Meta)]
        assert any(m.title for m in metas), f"{name} has no title"


@every_node
def test_the_doc_is_a_sentence_and_says_what_goes_in_and_out(tag: str) -> None:
    cls = NODES[tag]
    first, _, rest = (cls.__dict__.get("__doc__") or "").strip().partition("\n\n")
    sentence = " ".join(first.split())
    assert sentence.endswith(".") and ". " not in sentence, sentence
    assert "In: " in rest and "Out: " in rest


@every_node
def test_what_the_kind_of_node_needs_is_there(tag: str) -> None:
    cls: Any = NODES[tag]
    assert cls.version >= 1 and isinstance(cls.synonyms, tuple)
    if issubclass(cls, Fold | Decision):
        assert cls.State() == cls.State()  # presets are the state before the first bar
    if issubclass(cls, Node | Fold):
        assert cls().lookback() >= 1


def test_the_catalogue_loads_without_heavy_libraries() -> None:
    code = "import sys; from engine.registry import discover; discover(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numba", "pandas", "pandas_ta", "networkx", "pyarrow", "llvmlite", "talib", "statsmodels", "scipy"}
    assert not heavy & set(done.stdout.split())
