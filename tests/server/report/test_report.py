"""The files of a report: complete, self-contained, escaped, and as small as promised."""

import base64
import csv
import json
import re
import zlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.document import decode
from engine.metric_definitions import DEFINITIONS
from engine.result import TRADE, Result
from engine.trade_rows import identity, result_document, trade_rows
from server.report import write_report
from server.report.figures import graph_lines, path_dependent, show, span
from server.report.page import command_line
from server.report.series import candle_charts, equity_series, monthly_returns, window_rows
from tests.server.report.sample import CAPITAL, renamed, sample_candles, sample_result

EVIL = "</script><script>alert('x')</script><b>&\"bold\" <!--"


@pytest.fixture(scope="module")
def result() -> Result:
    return sample_result()


@pytest.fixture(scope="module")
def files(result: Result, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_report(result, tmp_path_factory.mktemp("report") / "out")


@pytest.fixture(scope="module")
def page(files: dict[str, Path]) -> str:
    return files["report.html"].read_text()


def embedded(page: str, name: str) -> Any:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found.group(1))


class TestFiles:
    def test_all_are_written(self, files: dict[str, Path]) -> None:
        names = {"report.html", "metrics.json", "trades.csv", "equity.csv", "graph.json", "result.json"}
        assert set(files) == names == {path.name for path in files["report.html"].parent.iterdir()}

    def test_result_is_the_document(self, files: dict[str, Path], result: Result) -> None:
        assert json.loads(files["result.json"].read_text()) == json.loads(json.dumps(result_document(result)))

    def test_metrics_name_their_definitions(self, files: dict[str, Path], result: Result) -> None:
        found = json.loads(files["metrics.json"].read_text())
        assert found["metrics"] == result.metrics
        assert found["definitions"]["sharpe"] == DEFINITIONS["sharpe"].id

    def test_graph_runs_again(self, files: dict[str, Path], result: Result) -> None:
        assert decode(files["graph.json"].read_bytes()) == result.graph

    def test_equity_is_exact(self, files: dict[str, Path], result: Result) -> None:
        table = np.loadtxt(files["equity.csv"], delimiter=",", skiprows=1)
        assert np.array_equal(table[:, 0].astype(np.int64), result.time)
        assert np.array_equal(table[:, 1], result.equity)
        assert table[:, 2].max() == pytest.approx(result.metrics["max_drawdown"], rel=1e-12)

    def test_trades_are_exact(self, files: dict[str, Path], result: Result) -> None:
        rows = list(csv.DictReader(files["trades.csv"].read_text().splitlines()))
        assert [float(row["pnl"]) for row in rows] == result.trades["pnl"].tolist()
        assert [int(row["entry_time"]) for row in rows] == result.trades["entry_time"].tolist()

    def test_same_result_same_bytes(self, files: dict[str, Path], result: Result, tmp_path: Path) -> None:
        again = write_report(result, tmp_path)
        assert all(again[name].read_bytes() == path.read_bytes() for name, path in files.items())


class TestPage:
    def test_needs_no_network(self, page: str) -> None:
        """No address anywhere, no element that loads anything, and a policy that would forbid it."""
        assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]", page.replace("://", "//"), re.IGNORECASE)
        assert not re.search(r"<(img|iframe|object|embed|video|audio)\b|@import|url\((?!#)|\bsrc=", page)
        assert "default-src 'none'" in page

    def test_size(self, page: str) -> None:
        assert len(page) < 1_500_000

    def test_embedded_result_is_the_result(self, page: str, result: Result) -> None:
        assert embedded(page, "tradegraph-result") == json.loads(json.dumps(identity(result)))

    def test_embedded_trades(self, page: str, result: Result) -> None:
        trades = embedded(page, "pictures")["trades"]
        assert trades["entry_time"] == result.trades["entry_time"].tolist()
        assert trades["pnl"] == pytest.approx(result.trades["pnl"].tolist(), abs=1e-6)

    def test_says_what_must_be_said(self, page: str, result: Result) -> None:
        assert "SYNTHETIC DATA" in page and "PATH-DEPENDENT" in page
        for text in (
            *result.notes,
            result.policy_id,
            result.logic_hash,
            result.data[0].identity,
            result.data[0].funding,
        ):
            assert text in page
        for name, value in result.policy.items():
            assert name.replace("_", " ") in page, value
        for definition in DEFINITIONS.values():
            assert definition.id in page

    def test_real_and_robust_has_no_banner(self, result: Result, tmp_path: Path) -> None:
        data = tuple(msgspec.structs.replace(info, synthetic=False) for info in result.data)
        plain = renamed(result, data=data, pessimistic=result.metrics, notes=())
        page = write_report(plain, tmp_path)["report.html"].read_text()
        assert "SYNTHETIC" not in page and "PATH-DEPENDENT" not in page and "Notes on this run" not in page

    def test_names_are_escaped(self, result: Result, tmp_path: Path) -> None:
        graph = msgspec.structs.replace(result.graph, name=EVIL, description=EVIL)
        data = tuple(msgspec.structs.replace(info, origin=EVIL) for info in result.data)
        evil = renamed(result, graph=graph, notes=(EVIL,), data=data, settings={"capital": CAPITAL, EVIL: EVIL})
        page = write_report(evil, tmp_path)["report.html"].read_text()
        assert "<script>alert" not in page and "<b>&" not in page
        assert page.count("</script>") == 3
        assert embedded(page, "tradegraph-result")["graph"]["name"] == EVIL

    @pytest.mark.parametrize("bars", [1, 2, 60])
    def test_without_trades(self, bars: int, tmp_path: Path) -> None:
        page = write_report(sample_result(bars), tmp_path)["report.html"].read_text()
        assert "no trades" in page


class TestSeries:
    def test_peaks_survive(self) -> None:
        """A single bar out of 500,000 is still seen, and there are never more than 4,000 buckets."""
        result = sample_result(500)
        bars = 500_000
        equity = np.full(bars, 10_000.0)
        equity[123_456], equity[321_000] = 25_000.0, 5_000.0
        time = result.time[0] + 60_000 * np.arange(bars)
        found = equity_series(renamed(result, equity=equity, time=time, trades=np.zeros(0, TRADE)))
        assert len(found["t"]) == len(found["lo"]) == len(found["dd"]) == 4000
        assert (max(found["hi"]), min(found["lo"])) == (25_000.0, 5_000.0)
        assert min(found["dd"]) == pytest.approx(-80, abs=1e-3)

    def test_few_bars_are_all_there(self) -> None:
        result = sample_result(900)
        found = equity_series(result)
        assert "lo" not in found
        assert found["eq"] == pytest.approx(result.equity.tolist(), rel=1e-6)
        times = [found["t0"] + minutes * 60_000 for minutes in found["t"]]
        assert times == result.time.tolist()

    def test_candles_survive_packing(self) -> None:
        result = sample_result(5000)
        chart, candles = candle_charts(result)[0], result.candles[0]

        def numbers(name: str) -> Any:
            raw = zlib.decompress(base64.b64decode(chart[name]["data"]))
            return np.frombuffer(raw, f"<i{chart[name]['bits'] // 8}").astype(np.int64)

        close = chart["base"] + np.cumsum(numbers("close"))
        open_ = np.concatenate(([chart["base"]], close[:-1])) + numbers("open")
        high = np.maximum(open_, close) + numbers("high")
        low = np.minimum(open_, close) - numbers("low")
        for name, units in {"open": open_, "high": high, "low": low, "close": close}.items():
            assert units * chart["unit"] == pytest.approx(getattr(candles, name), rel=1e-9), name
        volume = chart["most"] * np.exp((numbers("volume") - 4000) / 200)
        assert volume == pytest.approx(candles.volume, rel=0.003)
        assert chart["segments"] == [[int(candles.time[0]), 5000]]

    def test_windows_hold_every_entry_and_exit(self) -> None:
        result = sample_result(20_000)
        candles, trades = result.candles[0], result.trades[::10]
        rows, pad = window_rows(candles, trades, 12_000)
        assert pad == 60 and len(rows) < 12_000
        assert set(trades["entry_bar"].tolist()) | set(trades["exit_bar"].tolist()) <= set(rows.tolist())
        fewer, narrow = window_rows(candles, trades, len(rows) // 3)
        assert narrow < pad and len(fewer) <= len(rows) // 3

    def test_too_many_trades_keep_the_latest(self) -> None:
        result = sample_result(20_000)
        rows, _ = window_rows(result.candles[0], result.trades, 50)
        assert len(rows) == 50 and rows[-1] >= result.trades["exit_bar"].max()

    def test_months_compound(self) -> None:
        result = sample_result(20_000)
        years = monthly_returns(result)
        months = [m for year in years for m in year["months"] if m is not None]
        total = 1 + result.metrics["total_return"]  # type: ignore[operator]
        assert np.prod([1 + m for m in months]) == pytest.approx(total)
        assert np.prod([1 + year["total"] for year in years]) == pytest.approx(total)
        assert [year["year"] for year in years] == [2023, 2024, 2025]

    def test_a_month_ends_with_the_bar_that_closes_at_its_end(self) -> None:
        result = sample_result(24 * 59)  # January and February 2023
        jan, feb = monthly_returns(result)[0]["months"][:2]
        assert jan == pytest.approx(result.equity[24 * 31 - 1] / CAPITAL - 1)
        assert feb == pytest.approx(result.equity[-1] / result.equity[24 * 31 - 1] - 1)


class TestWords:
    @pytest.mark.parametrize(
        ("name", "value", "text"),
        [
            ("total_return", 0.1234, "+12.34 %"),
            ("max_drawdown", 0.5, "50.00 %"),
            ("sharpe", None, "n/a"),
            ("trades", 1234, "1,234"),
            ("low_count", True, "yes"),
            ("max_drawdown_duration_ms", 3 * 86_400_000 + 7_200_000, "3 d 2 h"),
            ("expectancy", -3.456, "-3.46"),
            ("best_trade_percent", 3.4567, "+3.457 %"),
        ],
    )
    def test_figures(self, name: str, value: Any, text: str) -> None:
        assert show(name, value) == text

    def test_spans(self) -> None:
        assert [span(m * 60_000) for m in (5, 60, 65, 1440, 1500, 200 * 1440)] == [
            "5 min", "1 h", "1 h 05 min", "1 d", "1 d 1 h", "200 d",
        ]  # fmt: skip

    def test_graph_text_puts_sources_first(self, result: Result) -> None:
        lines = graph_lines(msgspec.to_builtins(result.graph))
        assert lines[:2] == ["candles: source.candles v1", "fast: indicator.ema v1 (length 20)"]
        assert lines.index("cross: signal.cross v1") > lines.index("slow: indicator.ema v1 (length 50)")

    def test_graph_text_has_embedded_graphs(self) -> None:
        inner = {"nodes": [{"id": "b", "type": "t", "version": 2, "params": {"length": 3}}], "edges": []}
        lines = graph_lines({"nodes": [], "edges": [], "subgraphs": {"trend": inner}})
        assert lines == ["sub-graph trend:", "    b: t v2 (length 3)"]

    def test_graph_text_of_a_cycle_and_ghosts(self) -> None:
        nodes = [{"id": name, "type": "t", "version": 1, "params": {}} for name in "ab"]
        edges = [{"from": "a.x", "to": "b.x"}, {"from": "b.x", "to": "a.x"}, {"from": "gone.x", "to": "a.y"}]
        assert graph_lines({"nodes": nodes, "edges": edges})[0] == "a: t v1"

    def test_path_dependence(self, result: Result) -> None:
        assert path_dependent(result)
        assert not path_dependent(renamed(result, pessimistic={"total_return": 0.01}))
        assert not path_dependent(renamed(result, pessimistic={}))

    def test_command(self, result: Result) -> None:
        assert command_line(result).startswith(
            "tradegraph backtest graph.json --candles BTCUSDT_1h.csv --capital 10000"
        )
        given = renamed(result, settings={"capital": 1.0, "command": ["tradegraph", "backtest", "my graph.json"]})
        assert command_line(given) == "tradegraph backtest 'my graph.json'"


def test_rows_are_reused(result: Result) -> None:
    assert sample_candles(10).identity == sample_candles(10).identity
    assert len(trade_rows(result)) == result.metrics["trades"]
