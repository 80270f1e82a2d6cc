"""What the page holds of reasons and overlays: the same as the engine says, within the budget, unpacked again."""

import base64
import json
import zlib
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.backtest import MarketData, Request, backtest
from engine.candles import Candles, make_candles
from engine.explain import Explainer
from engine.matching.policy import BYBIT_LINEAR
from engine.registry import Registry
from engine.result import Result
from engine.sim.fixtures import fixture_pair
from server.graphs import load_graph
from server.report import explanations, overlays, series
from server.report.explanations import bars_told
from server.report.page import explain_line
from tests.server.report.sample import explained_result, renamed, sample_result


@pytest.fixture(scope="module")
def result() -> Result:
    return explained_result()


def unpacked(text: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(text)))


def items(store: dict[str, Any]) -> list[Any]:
    return [item for piece in store["pieces"] for item in unpacked(piece)]


def layers(result: Result) -> list[dict[str, Any]]:
    charts = series.candle_charts(result)
    found = overlays.overlays(result, charts, [rows for rows, _ in series.chart_rows(result)])[0]
    return [layer | ({"items": unpacked(layer["items"])} if "items" in layer else {}) for layer in found]


class TestReasons:
    def test_every_bar_says_what_the_engine_says(self, result: Result) -> None:
        why = explanations.explanations(result)
        assert why is not None
        (market,) = why["markets"]
        bars, explainer = items(market), Explainer(result)
        assert len(bars) == sum(count for _, count in market["segments"]) == len(result.candles[0])
        for row in range(0, len(bars), 97):
            one, (outcome, sentence, trade, *sides) = explainer.at(row), bars[row]
            assert (outcome, sentence) == (one.outcome, one.summary)
            assert trade == (-1 if one.trade is None else one.trade - 1)
            for side, (met, more, *told) in zip(one.sides, sides, strict=True):
                assert met == side.met
                assert [s for _, s in told] == [c.sentence for c in side.conditions[: explanations.NEAREST]]
                assert more == (len(side.conditions) > explanations.NEAREST)

    def test_every_trade_has_its_slice(self, result: Result) -> None:
        why = explanations.explanations(result)
        assert why is not None
        slices = items(why["slices"])
        assert why["slices"]["first"] == 0
        assert len(slices) == len(result.trades) > 10
        for found in slices:
            assert found["because"]
            assert [name for name, _ in found["rules"]] == ["Levels", "Size", "Order", "Exits"]
            titles = [node[0] for _, members in found["groups"] for node in members]
            assert {"entry", "stop", "target", "size"} <= set(titles)

    def test_of_many_bars_the_nearest_to_decisions_are_told(self, result: Result) -> None:
        explainer = Explainer(result)
        rows = bars_told(explainer, 300)
        assert len(rows) == 300
        assert np.array_equal(rows, np.unique(rows))
        assert set(result.trades["decision_bar"].tolist()) <= set(rows.tolist())
        nearest = np.abs(np.arange(len(explainer.base))[:, None] - result.trades["decision_bar"][None, :]).min(axis=1)
        left_out = np.setdiff1d(np.arange(len(explainer.base)), rows)
        assert nearest[rows].max() <= nearest[left_out].min()

    def test_without_trades_the_latest_bars_are_told(self, result: Result) -> None:
        empty = renamed(result, trades=result.trades[:0], fills=result.fills[:0])
        assert bars_told(Explainer(empty), 50).tolist() == list(range(1950, 2000))

    def test_of_many_trades_the_latest_are_told(self, result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(explanations, "SLICES", 5)
        why = explanations.explanations(result)
        assert why is not None
        assert why["slices"]["first"] == len(result.trades) - 5
        assert len(items(why["slices"])) == 5

    def test_bars_before_the_run_are_not_told(self) -> None:
        result = explained_result(400)
        later = renamed(result, time=result.time[100:])
        assert bars_told(Explainer(later), 1000)[0] == 100

    def test_no_trace_no_reasons(self) -> None:
        assert explanations.explanations(sample_result(100)) is None
        assert layers(sample_result(100)) == []

    def test_budget(self, result: Result) -> None:
        """2,000 bars and their trades take less than 60 bytes a bar."""
        assert len(json.dumps(explanations.explanations(result))) < 60 * 2000

    def test_several_markets_share_the_budget(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(explanations, "WHY_BARS", 200)
        why = explanations.explanations(explained_result(300, symbols=("BTCUSDT", "ETHUSDT")))
        assert why is not None
        assert [len(items(market)) for market in why["markets"]] == [100, 100]


class TestOverlays:
    def test_kinds_and_names(self, result: Result) -> None:
        found = [(layer["kind"], layer["name"], layer["on"]) for layer in layers(result)]
        assert found[:5] == [
            ("areas", "areas", True), ("marks", "labels", True), ("spans", "mood", True), ("line", "fast", True),
            ("line", "slow", True),
        ]  # fmt: skip
        assert ("line", "swings high", False) in found, "a line nothing compares is there when asked for"

    def test_areas_live_from_their_bar_to_their_end(self, result: Result) -> None:
        """The touch in between makes no second box; times are those from which the area was known."""
        boxes = next(layer for layer in layers(result) if layer["kind"] == "areas")["items"]
        candles: Candles = result.candles[0]
        assert len(boxes) == 40
        start, end, low, high, kind, touches = boxes[3]
        assert (start, end) == (candles.close_time[150], candles.close_time[190])
        assert (low, high) == pytest.approx((candles.close[150] * 0.995, candles.close[150] * 1.005))
        assert (kind, touches) == (1, 2)

    def test_swings_stand_at_their_own_bar(self, result: Result) -> None:
        """Three bars before they were known, at the extreme."""
        candles: Candles = result.candles[0]
        marks = next(layer for layer in layers(result) if layer["kind"] == "marks")["items"]
        assert {text for _, _, _, text in marks} == {"HH", "HL", "LH", "LL"}
        for time, price, side, text in marks:
            row = int(np.searchsorted(candles.time, time))
            assert price == (candles.high if side > 0 else candles.low)[row]
            assert (side > 0) == text.endswith("H")

    def test_label_spans_cover_the_run(self, result: Result) -> None:
        layer = next(layer for layer in layers(result) if layer["kind"] == "spans")
        assert layer["names"] == ["calm", "very_busy"]
        assert layer["items"][0][0] == result.candles[0].time[0]
        assert layer["items"][-1][1] == result.candles[0].close_time[-1]
        assert all(a[1] == b[0] and a[2] != b[2] for a, b in zip(layer["items"], layer["items"][1:], strict=False))

    def test_lines_survive_packing(self, result: Result) -> None:
        charts = series.candle_charts(result)
        layer = next(layer for layer in layers(result) if layer["name"] == "slow")
        raw = zlib.decompress(base64.b64decode(layer["steps"]["data"]))
        values = np.cumsum(np.frombuffer(raw, f"<i{layer['steps']['bits'] // 8}").astype(np.int64)) * charts[0]["unit"]
        trace = result.traces[0]
        column = trace.columns.values[trace.plan.names.index("slow.out")]
        known = np.isfinite(column)
        assert values[known] == pytest.approx(column[known], abs=charts[0]["unit"])
        gaps = np.zeros(len(column), bool)
        for start, end in zip(layer["gaps"][::2], layer["gaps"][1::2], strict=True):
            gaps[start:end] = True
        assert np.array_equal(gaps, ~known)

    def test_budget(self, result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
        """The areas nearest to trades stay and the page says how many do not; long charts have fewer lines."""
        monkeypatch.setattr(overlays, "AREAS", 7)
        monkeypatch.setattr(overlays, "LINE_POINTS", 4_000)
        found = layers(result)
        areas = next(layer for layer in found if layer["kind"] == "areas")
        assert (len(areas["items"]), areas["left_out"]) == (7, 33)
        instants = np.concatenate([result.trades["entry_time"], result.trades["exit_time"]])
        away = {start: np.abs(instants - start).min() for start in result.candles[0].close_time[::50].tolist()}
        assert [box[0] for box in areas["items"]] == sorted(sorted(away, key=lambda start: away[start])[:7])
        assert [layer["name"] for layer in found if layer["kind"] == "line"] == ["fast", "slow"]


def test_the_command_that_explains_a_bar(result: Result) -> None:
    words = ["tradegraph", "backtest", "my graph.json", "--candles", "a.csv", "--out", "x", "--json", "--fees", "0.1%"]
    given = msgspec.structs.replace(result, settings=result.settings | {"command": words})
    assert explain_line(given) == "tradegraph explain 'my graph.json' --candles a.csv --fees 0.1% --at"


def test_a_leg_is_drawn_with_what_lives_in_its_own_prices() -> None:
    """The other market of a pair has no graph of its own: levels of the main market mean nothing on its chart."""
    main, near = fixture_pair("fixture:pair", "ETHUSDT")
    dearer = {name: getattr(near, name) * 20 for name in ("open", "high", "low", "close")}
    leg = make_candles("ETHUSDT", "1h", time=near.time, volume=near.volume, synthetic=True, **dearer)
    graph = load_graph("spread")
    request = Request(
        graph=graph, markets=(MarketData(candles=main), MarketData(candles=leg)), policy=BYBIT_LINEAR, capital=1e4
    )
    result = backtest(request, Registry())
    charts = series.candle_charts(result)
    found = overlays.overlays(result, charts, [rows for rows, _ in series.chart_rows(result)])
    lines = [{layer["name"] for layer in market if layer["kind"] == "line"} for market in found]
    assert lines == [{"levels x stop", "levels x target"}, {"levels y stop", "levels y target"}]
    assert not any(layer["kind"] in ("areas", "marks") for layer in found[1])
