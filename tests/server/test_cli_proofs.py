"""`tradegraph prove` and `tradegraph parity`: exit codes, JSON, what people are told."""

import json
from pathlib import Path
from typing import Any

import pytest

import server.cli.parity
import server.cli.progress
import server.cli.prove
from server.graphs import BUILT_IN
from tests.engine.faulty_nodes import FAULTY
from tests.engine.leaks.nodes import LEAKY
from tests.server.candle_tables import rows, write_table
from tests.server.conftest import Cli

GOOD = "BTCUSDT_1h.csv"
Doc = dict[str, Any]
QUICK = ("--cuts", 6)


def with_node(tag: str, **params: object) -> str:
    """ema_cross with a node before its fast average."""
    doc: Doc = json.loads((BUILT_IN / "ema_cross.json").read_text())
    doc["nodes"].append({"id": "suspect", "type": tag, "version": 1, "params": params})
    for edge in doc["edges"]:
        if edge["to"] == "ema_fast.source":
            edge["from"] = "suspect.out"
    doc["edges"].append({"from": "candles.close", "to": "suspect.a"})
    return json.dumps(doc)


@pytest.fixture
def suspects(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue with leaky and otherwise faulty nodes beside the real ones."""
    both = {**LEAKY, **FAULTY}
    registry = type(LEAKY)()
    registry.update(both)
    for module in (server.cli.prove, server.cli.parity):
        monkeypatch.setattr(module, "Registry", lambda: registry)


# --- prove -----------------------------------------------------------------------------------------------------------


def test_a_clean_graph_gets_a_table_of_seals(cli: Cli) -> None:
    told = cli("prove", "ema_cross", "--candles", GOOD, *QUICK)
    assert (told.code, told.err) == (0, "")
    lines = told.out.splitlines()
    assert lines[0] == "ema_cross on BTCUSDT 1h: 800 bars"
    assert lines[2].split() == ["node", "type", "seal", "cuts", "fired", "look-back", "off", "at", "1x,", "2x,", "4x"]
    assert any(line.startswith("ema_fast ") and " clean " in line and " 251 bars " in line for line in lines)
    assert lines[-1].startswith("clean: ")
    assert lines[-1].endswith("(seed 0)")


def test_the_proof_as_one_json_document(cli: Cli) -> None:
    told = cli("prove", "ema_cross", "--candles", GOOD, *QUICK, "--seed", 4, "--json")
    assert (told.code, told.err) == (0, "")
    document = told.document()
    assert document.keys() == {
        "graph", "logic_hash", "ok", "data", "seals", "problems", "cuts", "seed", "node_cuts", "whole_cuts", "poisoned",
        "seconds",
    }  # fmt: skip
    assert (document["ok"], document["problems"], document["cuts"], document["seed"]) == (True, [], 6, 4)
    assert document["data"][0].keys() == {"symbol", "timeframe", "bars", "identity"}
    seals = {s["node"]: s for s in document["seals"]}
    assert seals.keys() == {n["id"] for n in json.loads((BUILT_IN / "ema_cross.json").read_text())["nodes"]}
    assert seals["ema_fast"] == {
        "node": "ema_fast", "type": "indicator.ema", "seal": "clean", "cuts": 6, "fired": seals["ema_fast"]["fired"],
        "lookback": 251, "warm_up": [0.0, 0.0, 0.0], "memory": False, "reason": "",
    }  # fmt: skip


@pytest.mark.usefixtures("suspects")
def test_a_leak_is_told_in_one_sentence_and_exit_code_1(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text(with_node("leak.centred_mean"))
    told = cli("prove", "g.json", "--candles", GOOD, *QUICK)
    assert (told.code, told.err) == (1, "")
    (row,) = (line for line in told.out.splitlines() if line.startswith("suspect "))
    assert " LEAKS " in row
    (sentence,) = (line for line in told.out.splitlines() if line.startswith("node 'suspect'"))
    assert "(leak.centred_mean) looks ahead: its out at the bar that closes 20" in sentence
    assert " UTC is not yet known while the history ends at 20" in sentence
    assert "once later bars are known; inherited by ema_fast" in sentence
    assert told.out.splitlines()[-1].startswith("1 fault: ")
    document = cli("prove", "g.json", "--candles", GOOD, *QUICK, "--json").document()
    (problem,) = document["problems"]
    assert document["ok"] is False
    assert problem.keys() == {
        "kind", "node", "port", "symbol", "bar_time", "cut", "found", "expected", "message", "inherited_by",
    }  # fmt: skip
    assert (problem["kind"], problem["node"], problem["port"], problem["found"]) == ("leak", "suspect", "out", None)


@pytest.mark.usefixtures("suspects")
def test_a_short_look_back_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text(with_node("fault.short_memory"))
    told = cli("prove", "g.json", "--candles", GOOD, *QUICK)
    assert told.code == 1
    assert "WARM-UP TOO SHORT" in told.out
    assert "node 'suspect' (fault.short_memory) declares 3 bars and needs more" in told.out


@pytest.mark.usefixtures("suspects")
def test_a_node_that_fails_is_not_proved(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text(with_node("test.failing"))
    told = cli("prove", "g.json", "--candles", GOOD, *QUICK)
    assert told.code == 1
    assert "not checked (it fails on these candles)" in told.out
    assert told.out.splitlines()[-1].startswith("not proved, since a node fails on these candles: ")


@pytest.mark.parametrize(
    "options", [("--cuts", "0"), ("--cuts", "many"), ("--cuts", "-3"), ("--seed", "x"), ("--cuts", "1e9")]
)
def test_wrong_numbers_for_a_proof(cli: Cli, options: tuple[str, str]) -> None:
    assert options[1].lstrip("-") in cli("prove", "ema_cross", "--candles", GOOD, *options).refused()


# --- parity ----------------------------------------------------------------------------------------------------------


def test_the_same_bar_by_bar(cli: Cli) -> None:
    told = cli("parity", "ema_cross", "--candles", GOOD, "--bars", 50)
    assert (told.code, told.err) == (0, "")
    first, second, last = told.out.splitlines()
    assert first == "ema_cross on BTCUSDT 1h: 800 bars"
    assert second.startswith("the last 50 bars one at a time, ")
    assert last.startswith("the same bar by bar and in one pass, in ")
    document = cli("parity", "ema_cross", "--candles", GOOD, "--bars", 50, "--json").document()
    assert document.keys() == {
        "graph", "logic_hash", "ok", "data", "history", "bars", "values", "orders", "fills", "differences",
        "ms_per_bar", "seconds",
    }  # fmt: skip
    assert (document["ok"], document["differences"], document["history"], document["bars"]) == (True, [], 750, 50)


@pytest.mark.usefixtures("suspects")
def test_the_first_difference_is_named(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text(with_node("leak.shift"))
    told = cli("parity", "g.json", "--candles", GOOD, "--bars", 50)
    assert (told.code, told.err) == (1, "")
    (line,) = (line for line in told.out.splitlines() if line.startswith("first difference: "))
    assert line.startswith("first difference: suspect.out of BTCUSDT at the bar that closes 20")
    assert " UTC is not yet known bar by bar and " in line
    assert told.out.splitlines()[-1].startswith("NOT the same bar by bar and in one pass")
    document = cli("parity", "g.json", "--candles", GOOD, "--bars", 50, "--json").document()
    assert document["ok"] is False
    assert document["differences"][0].keys() == {
        "what", "node", "port", "symbol", "bar_time", "live", "vector", "message", "inherited",
    }  # fmt: skip


@pytest.mark.parametrize("bars", ["0", "x", "-1", "99999999"])
def test_wrong_numbers_of_bars(cli: Cli, bars: str) -> None:
    assert bars.lstrip("-")[:4] in cli("parity", "ema_cross", "--candles", GOOD, "--bars", bars).refused().replace(
        ",", ""
    )


# --- both ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["prove", "parity"])
def test_what_cannot_be_run_cannot_be_proved(cli: Cli, tmp_path: Path, command: str) -> None:
    doc = json.loads((BUILT_IN / "ema_cross.json").read_text())
    doc["nodes"][0]["params"]["symbol"] = 7
    (tmp_path / "g.json").write_text(json.dumps(doc))
    told = cli(command, "g.json", "--candles", GOOD, "--json")
    assert (told.code, told.document()["ok"]) == (1, False)
    assert "gone.csv" in cli(command, "ema_cross", "--candles", "gone.csv").refused()
    assert "gone" in cli(command, "gone", "--candles", GOOD).refused()
    assert "--candles" in cli(command, "ema_cross").refused()


@pytest.mark.parametrize("command", ["prove", "parity"])
def test_params_dates_and_timeframes_are_those_of_a_back_test(cli: Cli, command: str) -> None:
    few = QUICK if command == "prove" else ("--bars", 20)
    short = ("--param", "ema_slow.length=30", "--param", "ema_fast.length=9", "--to", "2024-01-31")
    document = cli(command, "ema_cross", "--candles", GOOD, *few, *short, "--json").document()
    assert document["ok"] is True
    assert document["data"][0]["bars"] == 720
    two = cli(command, "ema_cross", "--candles", GOOD, *few, "--timeframe", "2h", "--json").document()
    assert (two["data"][0]["timeframe"], two["data"][0]["bars"]) == ("2h", 400)


@pytest.mark.parametrize("command", ["prove", "parity"])
def test_a_file_too_short_for_the_warm_up_is_no_fault(cli: Cli, tmp_path: Path, command: str) -> None:
    name = write_table(tmp_path / "ETHUSDT_1h.csv", rows(60))
    assert cli(command, "ema_cross", "--candles", name).code == 0


def test_progress_is_shown_to_people_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    server.cli.progress.bar("proving")(0.5)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    show = server.cli.progress.bar("proving")
    show(0.5)
    show(0.501)
    assert capsys.readouterr().err == "\rproving [##########          ]  50 %"
    show(1.0)
    assert capsys.readouterr().err.strip("\r ") == ""
