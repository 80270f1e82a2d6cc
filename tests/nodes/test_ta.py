"""The nodes made from the table of pandas-ta: equal to direct calls, known when the table says, refused with proof."""

import importlib.util
import operator
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import msgspec
import numpy as np
import pandas as pd
import pandas_ta
import pytest

from engine.candles import Candles
from engine.registry import Registry
from engine.signature import signature_of
from engine.values import UNKNOWN
from nodes.ta import formulas, generate, library, proofs
from nodes.ta.cdl_pattern import LOOKBACK, CdlPattern, Pattern
from nodes.ta.classes import arguments_of, make
from nodes.ta.table import PLACE, Entry, Refusal, table

# pandas_ta `pivots` and `ichimoku` with pandas 3; neither is reached by a node
pytestmark = [
    pytest.mark.filterwarnings("ignore:A future version of pandas will return a BaseOffset"),
    pytest.mark.filterwarnings("ignore:'d' is deprecated"),
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame"),
]

TABLE = table()
REGISTRY = Registry()
ROWS = 900
every_function = pytest.mark.parametrize("name", TABLE.nodes)
every_refusal = pytest.mark.parametrize("refusal", TABLE.refused, ids=lambda r: f"{r.function}-{r.kind}")


@cache
def market() -> Candles:
    return proofs.sample_candles().part(0, ROWS)


def inputs_of(name: str, candles: Candles) -> dict[str, Any]:
    given = {"candles": candles, "source": candles.close, "fast": candles.open, "slow": candles.low}
    return {port: given[port] for port in signature_of(REGISTRY[f"ta.{name}"]).inputs}


def columns_of(node: Any, inputs: dict[str, Any]) -> list[Any]:
    """The outputs as float64, NaN where unknown, in the order of the ports."""
    found = node.compute(**inputs)
    ports = list(found) if isinstance(found, tuple) else [found]
    return [p if p.dtype.kind == "f" else np.where(p == UNKNOWN, np.nan, p) for p in ports]


def params_of(node: Any) -> dict[str, Any]:
    return {name: getattr(node, name) for name in node.__struct_fields__}


def seed_of(name: str, node: Any) -> int:
    return formulas.value(TABLE.nodes[name].seed, params_of(node))


def direct(name: str, entry: Entry, arguments: dict[str, Any], candles: Candles) -> pd.DataFrame:
    """What pandas-ta gives when it is called as its documentation shows, on columns with an index of dates."""
    library.function(name)  # mended, as every node of this process sees it
    inputs = inputs_of(name, candles)
    index = pd.to_datetime(candles.time, unit="ms")
    series = {}
    for column in entry.columns:
        values = inputs[column] if column in inputs else getattr(candles, column.rstrip("_"))
        series[column] = pd.Series(values, index)
    with np.errstate(all="ignore"):
        found = getattr(pandas_ta, name)(**series, **arguments)
    found = found[0] if isinstance(found, tuple) else found
    return found.to_frame() if isinstance(found, pd.Series) else found


def assert_equal(found: Any, expected: Any, note: str, start: int) -> None:
    """Equal to 1e-12 from row `start` on; what is not finite there is unknown here."""
    expected = np.where(np.isfinite(expected), expected, np.nan)
    np.testing.assert_allclose(found[start:], expected[start:], rtol=1e-12, atol=1e-12, err_msg=note)


# --- the table --------------------------------------------------------------------------------------------------------


def test_the_committed_table_is_the_one_the_installed_library_gives() -> None:
    """Signatures, presets, columns and every proof are found anew; `python -m nodes.ta.generate` writes it."""
    assert generate.text_of(generate.generated()) == PLACE.read_bytes()


def test_every_indicator_of_the_library_is_accounted_for() -> None:
    """A node from the table, a node of our own that is there, or refused; no function is forgotten."""
    listed = {name for group in pandas_ta.Category.values() for name in group}
    refused = {r.function for r in TABLE.refused}
    assert listed - TABLE.nodes.keys() - TABLE.native.keys() - refused == set()
    assert not TABLE.nodes.keys() & TABLE.native.keys()
    assert [tag for tag in TABLE.native.values() if tag not in REGISTRY] == []
    assert len(TABLE.nodes) + len(TABLE.native) >= 125


def test_the_library_is_the_one_the_table_names() -> None:
    from importlib.metadata import version

    assert f"pandas-ta {version('pandas-ta')}" == TABLE.library


# What pandas-ta does when told nothing is not what we preset: its squares of a sample, its decay without effect.
OTHER_PRESETS = {"decay": "length", "mama": "talib", "trima": "talib", "wcp": "talib"}


@every_function
def test_presets_are_those_of_the_library(name: str) -> None:
    """Told nothing but what is pinned, a function gives what it gives with our presets."""
    if name in OTHER_PRESETS:
        return
    entry = TABLE.nodes[name]
    node: Any = REGISTRY[f"ta.{name}"]()
    told = direct(name, entry, arguments_of(entry, params_of(node)), market())
    untold = direct(name, entry, entry.pinned, market())
    assert len(told.columns) == len(untold.columns)
    np.testing.assert_array_equal(told.to_numpy(float), untold.to_numpy(float))


# --- values -----------------------------------------------------------------------------------------------------------


def other_values(about: Any, value: Any) -> Iterator[Any]:
    """Other allowed values of a parameter."""
    if about.kind == "bool":
        yield not value
    elif about.kind == "choice":
        yield from (c for c in about.choices if c != value)
    else:
        given = (value + 1, value + 7, value - 1) if about.kind == "int" else (value / 2, value * 1.2, value * 2, 1.0)
        inside = {"ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt}
        limits = [(inside[n], getattr(about, n)) for n in inside if getattr(about, n) is not None]
        yield from (v for v in given if v != value and all(holds(v, limit) for holds, limit in limits))


# What a parameter needs to have an effect.
WITH = {"strict": {"length": 4}, "to_degrees": {"as_angle": True}, "percent": {"length": 4, "strict": True}}


def variants(name: str) -> Iterator[tuple[str, Any, Any]]:
    """Each parameter with nodes that differ in it alone."""
    cls: Any = REGISTRY[f"ta.{name}"]
    for param, about in TABLE.nodes[name].params.items():
        for value in other_values(about, about.preset):
            node = cls(**WITH.get(param, {}), **{param: value})
            if node.check() is None:
                yield param, cls(**WITH.get(param, {})), node


@every_function
def test_outputs_are_the_columns_of_a_direct_call(name: str) -> None:
    """Equal to 1e-12 where known, in the order of the ports, for the presets and a change of each parameter."""
    entry = TABLE.nodes[name]
    cls: Any = REGISTRY[f"ta.{name}"]
    changed = {param: node for param, _, node in variants(name)}
    for param, node in [("", cls()), *changed.items()]:
        frame = direct(name, entry, arguments_of(entry, params_of(node)), market())
        wanted = [formulas.filled(o.column, params_of(node)) for o in entry.outputs]
        found = columns_of(node, inputs_of(name, market()))
        assert len(found) == len(wanted)
        for output, column in zip(found, wanted, strict=True):
            expected = frame[column].to_numpy(float)
            expected = expected if entry.outputs[0].kind == "number" else np.where(expected == 100, 1.0, expected)
            assert_equal(output, expected, f"{param} {column}", seed_of(name, node) - 1)


@every_function
def test_every_parameter_matters(name: str) -> None:
    """A parameter that changed nothing would be a promise that is not kept."""
    still = dict.fromkeys(TABLE.nodes[name].params)
    for param, plain, node in variants(name):
        if param in still:
            before, after = (columns_of(n, inputs_of(name, market())) for n in (plain, node))
            if any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(before, after, strict=True)):
                del still[param]
    assert list(still) == []


@every_function
def test_known_from_the_seed_on(name: str) -> None:
    """Nothing is known with one row less than the seed, everything with the seed, and that value stays."""
    node: Any = REGISTRY[f"ta.{name}"]()
    seed, whole = seed_of(name, node), columns_of(node, inputs_of(name, market()))
    less = columns_of(node, inputs_of(name, market().part(0, seed - 1)))
    just = columns_of(node, inputs_of(name, market().part(0, seed)))
    assert all(np.isnan(column).all() for column in less)
    for all_rows, column in zip(whole, just, strict=True):
        assert column[-1] == all_rows[seed - 1]
        assert np.isnan(column[:-1]).all()


@every_function
def test_a_hole_starts_everything_anew(name: str) -> None:
    """After a row that is not known comes what comes in a history that begins there."""
    candles = market().part(0, 400)
    holed = {c: getattr(candles, c).copy() for c in ("open", "high", "low", "close", "volume")}
    for column in holed.values():
        column[250] = np.nan
    broken = msgspec.structs.replace(candles, **holed)
    node: Any = REGISTRY[f"ta.{name}"]()
    found, before = columns_of(node, inputs_of(name, broken)), columns_of(node, inputs_of(name, candles))
    after = columns_of(node, inputs_of(name, candles.part(251, 400)))
    for column, old, fresh in zip(found, before, after, strict=True):
        np.testing.assert_array_equal(column[:250], old[:250])
        assert np.isnan(column[250])
        np.testing.assert_array_equal(column[251:], fresh)


@every_function
def test_a_market_without_a_move_never_fails(name: str) -> None:
    """No range, no change, no volume: what would be 0/0 is unknown, and stays so when the market begins to move."""
    flat = np.full(150, 100.0)
    still = {c: np.concatenate([flat, getattr(market(), c)[:150]]) for c in ("open", "high", "low", "close")}
    still["volume"] = np.concatenate([0.0 * flat, market().volume[:150]])
    candles = msgspec.structs.replace(market().part(0, 300), **still)
    node: Any = REGISTRY[f"ta.{name}"]()
    whole = columns_of(node, inputs_of(name, candles))
    assert not any(np.isinf(column).any() for column in whole)
    for stop in (120, 151, 153, 160, 175):
        part = columns_of(node, inputs_of(name, candles.part(0, stop)))
        for column, all_rows in zip(part, whole, strict=True):
            np.testing.assert_array_equal(column, all_rows[:stop])


# --- the library ------------------------------------------------------------------------------------------------------


def test_a_replaced_argument_is_an_error() -> None:
    """pandas-ta makes 14 of a length of -5 in silence; the name of the column tells, and the call fails."""
    close = {"close": market().close}
    with pytest.raises(ValueError, match=r"pandas-ta rsi gave RSI_14 where RSI_-5 was asked for"):
        library.call("rsi", close, {"length": -5, "talib": False}, ["RSI_-5"])


def test_too_few_rows_give_nothing() -> None:
    close = {"close": market().close[:5]}
    assert library.call("rsi", close, {"length": 14, "talib": False}, ["RSI_14"]) is None


def original(module: str) -> Any:
    """A module of pandas-ta as it is on disk, without what the library module replaces."""
    spec = importlib.util.find_spec(module)
    assert spec and spec.loader
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    return fresh


def test_the_smallest_step_is_added_where_it_is_needed_only() -> None:
    """The original changes earlier rows once a later bar has no range; ours equals it but for that."""
    theirs, ours = original("pandas_ta.utils._core").non_zero_range, library._non_zero_range
    high, low = pd.Series([1e-8, 3e-8, 2e-8]), pd.Series([0.9e-8, 2e-8, 2e-8])
    assert theirs(high, low)[0] != theirs(high[:2], low[:2])[0]
    assert ours(high, low)[0] == ours(high[:2], low[:2])[0] == theirs(high[:2], low[:2])[0]
    assert ours(high, low)[2] == theirs(high, low)[2] == sys.float_info.epsilon


@pytest.mark.parametrize("length", [2, 3, 20])
def test_the_simple_average_is_the_original_but_for_its_first_digit(length: int) -> None:
    values = market().close
    theirs = original("pandas_ta.overlap.sma").nb_sma(values, length)
    ours = library._simple_average(values, length)
    np.testing.assert_allclose(ours, theirs, rtol=1e-14)
    for rows in (length, length + 1, length + 7):
        np.testing.assert_array_equal(library._simple_average(values[:rows], length), ours[:rows])


def test_windows_are_weighed_one_by_one() -> None:
    windows = np.lib.stride_tricks.sliding_window_view(market().close, 9)
    weights = np.arange(9.0) / 36
    ours = library._tensordot(windows, weights, axes=1)
    np.testing.assert_allclose(ours, np.tensordot(windows, weights, axes=1), rtol=1e-14)
    np.testing.assert_array_equal(library._tensordot(windows[:5], weights, axes=1), ours[:5])


def test_a_straight_line_from_ta_lib_is_that_of_pandas_ta() -> None:
    """The table takes linreg from TA-Lib for its speed."""
    close = {"close": market().close}
    quick, slow = (library.call("linreg", close, {"length": 14, "talib": t}, ["LINREG_14"]) for t in (True, False))
    assert quick is not None and slow is not None
    np.testing.assert_allclose(quick, slow, rtol=1e-9)


# --- formulas ---------------------------------------------------------------------------------------------------------


def test_formulas_are_arithmetic() -> None:
    assert formulas.value("max(fast, slow) + 1", {"fast": 3, "slow": 5}) == 6
    assert formulas.filled("A{'s' if strict else ''}_{length}", {"strict": True, "length": 7}) == "As_7"


@pytest.mark.parametrize("text", ["().__class__", "[1]", "lambda: 1", "(x := 1)", "f'{a}'", "(lambda: 1)()"])
def test_formulas_are_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match="not arithmetic"):
        formulas.value(text, {})


def test_an_average_that_never_forgets_is_refused() -> None:
    hwma: Any = REGISTRY["ta.hwma"]
    assert hwma().check() is None
    assert "never forgets" in hwma(na=0.01, nb=0.99, nc=0.99).check()


def test_relations_between_parameters_are_told() -> None:
    """pandas-ta would exchange the two in silence."""
    ao: Any = REGISTRY["ta.ao"]
    assert ao(fast=34, slow=5).check() == "The fast length must be below the slow length."


def test_a_made_class_is_like_a_written_one() -> None:
    """Ports, parameters and documentation are read from it in the same way, and it is made once."""
    cls = REGISTRY["ta.aberration"]
    assert cls is REGISTRY["ta.aberration"]
    assert list(signature_of(cls).outputs) == ["middle", "upper", "lower", "atr"]
    assert msgspec.convert({"type": "ta.aberration", "length": 5, "atr_length": 15}, cls) == cls()
    with pytest.raises(msgspec.ValidationError, match="length"):
        msgspec.convert({"type": "ta.aberration", "length": 0, "atr_length": 15}, cls)
    assert make("aberration", TABLE.nodes["aberration"]).__doc__ == cls.__doc__


# --- refusals ---------------------------------------------------------------------------------------------------------


def call_of(refusal: Refusal) -> proofs.Call:
    fields = {name: getattr(refusal, name) for name in proofs.Call.__struct_fields__}
    return proofs.Call(**fields)


def assert_number(found: float, written: float | None) -> None:
    assert np.isnan(found) if written is None else found == pytest.approx(written, rel=1e-9)


@every_refusal
def test_every_proof_can_be_seen_again(refusal: Refusal) -> None:
    """The two values of the proof are what the function gives with more and with less history, or its definition."""
    call, bar, cut = call_of(refusal), refusal.bar, refusal.cut
    assert_number(call.column_of()[bar], refusal.found)
    match refusal.kind:
        case "future":
            assert bar < cut
            assert_number(call.column_of(stop=cut)[bar], refusal.expected)
        case "past":
            assert bar - cut >= proofs.LONG
            assert_number(call.column_of(start=cut)[bar - cut], refusal.expected)
        case _:
            assert_number(proofs.DEFINITIONS[refusal.function]()[bar], refusal.expected)
    assert refusal.found != refusal.expected


def test_no_proof_is_found_where_there_is_nothing_to_prove() -> None:
    """The same search on functions that are nodes finds neither look-ahead nor endless memory."""
    sma = proofs.Call(function="sma", series=("close",), params={"length": 20, "talib": False}, column="SMA_20")
    for kind in ("future", "past"):
        with pytest.raises(ValueError, match="no proof"):
            proofs.prove(sma, kind)


# --- candle patterns --------------------------------------------------------------------------------------------------

every_pattern = pytest.mark.parametrize("pattern", get_args(Pattern))


def test_every_pattern_of_ta_lib_is_there() -> None:
    import talib

    listed = {name.removeprefix("CDL").lower() for name in talib.get_function_groups()["Pattern Recognition"]}
    assert set(get_args(Pattern)) == listed


@every_pattern
def test_a_pattern_is_that_of_ta_lib_and_needs_the_lookback_only(pattern: Any) -> None:
    import talib

    candles = proofs.sample_candles()
    candles = msgspec.structs.replace(
        candles, **{c: np.round(getattr(candles, c), 1) for c in ("open", "high", "low", "close")}
    )  # prices in ticks, so that bodies and shadows are often equal
    node, length = CdlPattern(pattern=pattern), len(candles)
    found = node.compute(candles)
    theirs = getattr(talib, f"CDL{pattern.upper()}")(candles.open, candles.high, candles.low, candles.close)
    np.testing.assert_array_equal(found[LOOKBACK - 1 :], np.sign(theirs[LOOKBACK - 1 :]))
    assert (found[: LOOKBACK - 1] == UNKNOWN).all()
    fired = LOOKBACK + np.flatnonzero(found[LOOKBACK:])
    for bar in {*fired[:8].tolist(), *range(LOOKBACK, length, 300)}:
        assert node.compute(candles.part(bar + 1 - LOOKBACK, bar + 1))[-1] == found[bar]
        assert node.compute(candles.part(0, bar + 1))[-1] == found[bar]
