"""`tradegraph explain`: one bar in words and as JSON, the options of a back-test, one sentence for what cannot be."""

from pathlib import Path
from typing import Any

import pytest

from tests.server.candle_tables import rows, write_table
from tests.server.conftest import Cli

GOOD = "BTCUSDT_1h.csv"
FAST = ("--param", "ema_slow.length=10", "--param", "ema_fast.length=5", "--param", "atr.length=5")


def decision(cli: Cli) -> dict[str, Any]:
    """The first trade of the run that is explained."""
    return cli("backtest", "ema_cross", "--candles", GOOD, *FAST, "--json").document()["trades"][0]


def at(instant: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(instant / 1000, UTC).strftime("%Y-%m-%dT%H:%M")


def explain(cli: Cli, instant: int, *more: str) -> Any:
    return cli("explain", "ema_cross", "--candles", GOOD, *FAST, "--at", at(instant), *more)


def test_a_trade_in_words(cli: Cli) -> None:
    trade = decision(cli)
    ran = explain(cli, trade["decision_time"] - 60_000)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].startswith("BTCUSDT 1h bar, opens 2024-") and ", closes 2024-" in lines[0]
    assert lines[1].startswith(f"Entered {trade['side']} at ") and lines[1].endswith(": trade 1.")
    assert f"decided for a {trade['side']} by:" in lines
    sign = ">" if trade["side"] == "long" else "<"
    assert any(line.startswith("  + ema_fast ") and f" {sign} ema_slow " in line for line in lines)
    assert any(line.startswith("levels: entry ") for line in lines)
    assert "size: 1 % of the equity is lost if the stop is hit" in lines
    other = "short" if trade["side"] == "long" else "long"
    assert f"no {other}, nearest first:" in lines


def test_a_bar_without_a_trade_in_words(cli: Cli) -> None:
    trade = decision(cli)
    ran = explain(cli, trade["decision_time"] + 60_000)
    lines = ran.out.splitlines()
    assert lines[1] == "No entry: neither side had all its conditions."
    for side in ("long", "short"):
        place = lines.index(f"no {side}, nearest first:")
        assert lines[place + 1].startswith("  - ")
        assert " of its usual move per bar)" in lines[place + 1] or " its usual move per bar)" in lines[place + 1]


def test_json_is_one_document(cli: Cli) -> None:
    trade = decision(cli)
    ran = explain(cli, trade["decision_time"] - 60_000, "--json")
    document = ran.document()
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    assert document["close_time"] == trade["decision_time"]
    assert document["open_time"] == trade["decision_time"] - 3_600_000
    assert (document["outcome"], document["trade"]) == ("entry", 1)
    assert document["decided"]["side"] == trade["side"]
    assert set(trade["nodes"]) - {"order"} <= {n["node"] for n in document["decided"]["nodes"]}
    assert {s["side"]: s["met"] for s in document["sides"]} == {
        "long": trade["side"] == "long", "short": trade["side"] == "short",
    }  # fmt: skip


def test_the_bar_is_the_one_whose_interval_contains_the_time(cli: Cli) -> None:
    trade = decision(cli)
    first = trade["decision_time"] - 3_600_000
    answers = [explain(cli, first + shift, "--json").document()["open_time"] - first for shift in (0, 3_540_000)]
    assert answers == [0, 0]
    assert explain(cli, first + 3_600_000, "--json").document()["open_time"] == first + 3_600_000


@pytest.mark.parametrize("time", ["1999-01-01", "2050-01-01T12:00"])
def test_a_time_outside_the_data(cli: Cli, time: str) -> None:
    line = cli("explain", "ema_cross", "--candles", GOOD, "--at", time).refused()
    assert line.startswith(f"--at {time}: no 1h bar of BTCUSDT contains {time[:10]}")
    assert "; the candles cover 2024-" in line


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--at", "noon"), "--at 'noon' is not a date"),
        ((), "--at"),
        (("--at", "2024-01-20", "--market", "DOGE"), "--market DOGE is not traded in this run; choose one of BTCUSDT"),
        (("--at", "2024-01-20", "--param", "nothing.x=1"), "--param"),
    ],
)
def test_wrong_usage(cli: Cli, arguments: tuple[str, ...], part: str) -> None:
    assert part in cli("explain", "ema_cross", "--candles", GOOD, *arguments).refused()


def test_an_invalid_graph_is_told_like_everywhere(cli: Cli) -> None:
    ran = cli("explain", "ema_cross", "--candles", GOOD, "--param", "ema_fast.length=-5", "--at", "2024-01-20")
    assert ran.code == 1
    assert "ema_fast" in ran.err


def test_one_of_several_markets(cli: Cli, tmp_path: Path) -> None:
    write_table(tmp_path / "ETHUSDT_1h.csv", rows())
    both = ("--candles", GOOD, "ETHUSDT_1h.csv", "--at", "2024-01-15T12:00")
    assert cli("explain", "ema_cross", *both).out.startswith("BTCUSDT 1h bar")
    assert cli("explain", "ema_cross", *both, "--market", "ETHUSDT").out.startswith("ETHUSDT 1h bar")
