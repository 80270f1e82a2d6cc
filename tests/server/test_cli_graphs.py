"""Readable graphs that are not valid, or whose nodes fail: exit code 1 and every problem told."""

import copy
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import server.cli.backtest
import server.cli.validate
from engine.registry import Registry
from server.graphs import BUILT_IN
from tests.server.conftest import Cli

GOOD = "BTCUSDT_1h.csv"
Doc = dict[str, Any]
EMA_CROSS: Doc = json.loads((BUILT_IN / "ema_cross.json").read_text())


def node(doc: Doc, identity: str) -> Doc:
    return next(n for n in doc["nodes"] if n["id"] == identity)


def add_edge(source: str, target: str) -> Callable[[Doc], None]:
    return lambda doc: doc["edges"].append({"from": source, "to": target})


def set_param(identity: str, name: str, value: object) -> Callable[[Doc], None]:
    return lambda doc: node(doc, identity)["params"].update({name: value})


def rewire(target: str, source: str) -> Callable[[Doc], None]:
    def change(doc: Doc) -> None:
        for edge in doc["edges"]:
            if edge["to"] == target:
                edge["from"] = source

    return change


def another_clock(doc: Doc) -> None:
    slow = {"symbol": "", "timeframe": "1d"}
    doc["nodes"].append({"id": "daily", "type": "source.candles", "version": 1, "params": slow})
    rewire("cross_up.b", "daily.close")(doc)


def a_loop(doc: Doc) -> None:
    plus = {"type": "math.add", "version": 1, "params": {}}
    doc["nodes"] += [{"id": "one", **plus}, {"id": "two", **plus}]
    for ends in ("one.out two.a", "two.out one.a", "candles.close one.b", "candles.close two.b"):
        add_edge(*ends.split())(doc)
    rewire("ema_fast.source", "one.out")(doc)


FAULTS: dict[str, tuple[Callable[[Doc], None], str, str]] = {
    "unknown node": (lambda doc: node(doc, "atr").update(type="indicator.atrr"), "unknown_node_type", "atr"),
    "unknown param": (set_param("ema_fast", "period", 5), "unknown_param", "ema_fast"),
    "missing param": (lambda doc: node(doc, "ema_fast")["params"].clear(), "missing_param", "ema_fast"),
    "text as param": (set_param("ema_fast", "length", "long"), "bad_param_type", "ema_fast"),
    "half a length": (set_param("ema_fast", "length", 1.5), "bad_param_type", "ema_fast"),
    "wrong type on a wire": (rewire("ema_fast.source", "cross_up.out"), "type_mismatch", "ema_fast"),
    "wrong clock": (another_clock, "time_mismatch", "cross_up"),
    "cycle": (a_loop, "cycle", "one"),
    "edge from nowhere": (add_edge("gone.out", "ema_fast.source"), "dangling_edge", ""),
    "edge to nowhere": (add_edge("ema_fast.out", "gone.source"), "dangling_edge", ""),
    "edge without ports": (add_edge("ema_fast", "ema_slow"), "dangling_edge", ""),
    "doubled id": (lambda doc: doc["nodes"].append(node(doc, "atr")), "duplicate_id", "atr"),
    "id that is none": (lambda doc: node(doc, "atr").update(id="A b"), "bad_id", "A b"),
    "negative size": (set_param("size", "percent", -1), "param_out_of_range", "size"),
    "no size": (set_param("size", "percent", 0), "param_out_of_range", "size"),
    "huge size": (set_param("size", "percent", 1e308), "param_out_of_range", "size"),
    "huge number": (set_param("ema_fast", "length", 10**400), "param_out_of_range", "ema_fast"),
    "no such timeframe": (set_param("candles", "timeframe", "7h"), "bad_param", "candles"),
    "version to come": (lambda doc: node(doc, "atr").update(version=99), "unknown_node_version", "atr"),
    "two wires into one port": (add_edge("candles.open", "ema_fast.source"), "duplicate_input", "ema_fast"),
    "nothing": (lambda doc: doc.update(nodes=[], edges=[]), "empty_graph", ""),
}


@pytest.mark.parametrize("case", FAULTS)
def test_invalid_graph(cli: Cli, tmp_path: Path, case: str) -> None:
    change, code, place = FAULTS[case]
    doc = copy.deepcopy(EMA_CROSS)
    change(doc)
    (tmp_path / "g.json").write_text(json.dumps(doc))

    told = cli("validate", "g.json")
    assert (told.code, told.out) == (1, "")
    assert f"error   {code} " in told.err
    assert all(word not in told.err for word in ("Traceback", "\x1b"))
    assert told.err.splitlines()[-1].endswith(": the graph cannot run")

    report = cli("validate", "g.json", "--json")
    assert (report.code, report.err) == (1, "")
    document = report.document()
    assert document["ok"] is False
    found = [i for i in document["issues"] if i["code"] == code]
    assert found
    assert not place or any(place in (i.get("node"), *i.get("blocks", ())) or place in i["message"] for i in found)

    refused = cli("backtest", "g.json", "--candles", GOOD, "--json")
    assert (refused.code, refused.err) == (1, "")
    assert refused.document().keys() == {"ok", "issues"}
    assert refused.document()["ok"] is False
    assert code in [i["code"] for i in refused.document()["issues"]]
    plain = cli("backtest", "g.json", "--candles", GOOD, "--out", "report")
    assert (plain.code, plain.out) == (1, "")
    assert code in plain.err
    assert not (tmp_path / "report").exists()


def test_all_problems_are_told_at_once(cli: Cli, tmp_path: Path) -> None:
    doc = copy.deepcopy(EMA_CROSS)
    codes = set[str]()
    for case in ("unknown param", "huge size", "edge from nowhere", "unknown node", "no such timeframe"):
        change, code, _ = FAULTS[case]
        change(doc)
        codes.add(code)
    (tmp_path / "g.json").write_text(json.dumps(doc))
    document = cli("validate", "g.json", "--json").document()
    assert codes <= {i["code"] for i in document["issues"]}
    assert document["summary"]["errors"] == sum(i["severity"] == "error" for i in document["issues"])
    lines = cli("validate", "g.json").err.splitlines()
    assert len(lines) == len(document["issues"]) + 1, "one line each and the sum"


def test_replaced_param_is_judged_by_the_validator(cli: Cli) -> None:
    for value in ("abc", "0", "-5", "1.5", "null", "1e9", "9" * 50, "[1]", "true"):
        told = cli("backtest", "ema_cross", "--candles", GOOD, "--param", f"ema_fast.length={value}", "--json")
        assert (told.code, told.err) == (1, "")
        assert [i["param"] for i in told.document()["issues"]] == ["length"]


def test_hostile_names_stay_on_their_line(cli: Cli, tmp_path: Path) -> None:
    doc = {**copy.deepcopy(EMA_CROSS), "name": "a\nb\x1b[31m"}
    (tmp_path / "g.json").write_text(json.dumps(doc))
    assert cli("validate", "g.json").out.startswith("a b\\x1b[31m: valid")
    assert cli("backtest", "g.json", "--candles", GOOD).out.startswith("a b\\x1b[31m on BTCUSDT")
    node(doc, "atr")["id"] = "x\ny\x1b[31m"
    (tmp_path / "g.json").write_text(json.dumps(doc))
    told = cli("validate", "g.json").err
    assert "\x1b" not in told
    assert all(line.startswith(("error ", "warning ")) for line in told.splitlines()[:-1])


@pytest.mark.parametrize("shape", ["chain", "one id", "unknown types"])
def test_ten_thousand_nodes_take_less_than_five_seconds(cli: Cli, tmp_path: Path, shape: str) -> None:
    nodes: list[Doc] = [
        {"id": f"n{i}", "type": "indicator.ema", "version": 1, "params": {"length": 20}} for i in range(10_000)
    ]
    for i, each in enumerate(nodes):
        if shape == "one id":
            each["id"] = "n"
        elif shape == "unknown types":
            each["type"] = f"x{i}.y{i}"
    edges = [{"from": f"n{i}.out", "to": f"n{i + 1}.source"} for i in range(9_999)]
    (tmp_path / "g.json").write_text(json.dumps({**EMA_CROSS, "nodes": nodes, "edges": edges}))
    began = time.perf_counter()
    told = cli("validate", "g.json", "--json")
    assert time.perf_counter() - began < 5
    assert told.code == 1
    assert len(told.document()["issues"]) >= (2 if shape == "chain" else 10_000)


# --- nodes that fail at run time --------------------------------------------------------------------------------------


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue with the nodes of `tests/server/faulty_nodes` beside the real ones."""
    registry = Registry(("nodes", "tests.server.faulty_nodes"))
    monkeypatch.setattr(server.cli.backtest, "Registry", lambda: registry)
    monkeypatch.setattr(server.cli.validate, "Registry", lambda: registry)


def with_faulty(tag: str, on_error: str) -> str:
    """ema_cross with a faulty node before its fast average."""
    doc = copy.deepcopy(EMA_CROSS)
    doc["nodes"].append({"id": "bad", "type": tag, "version": 1, "params": {}, "on_error": on_error})
    rewire("ema_fast.source", "bad.out")(doc)
    add_edge("candles.close", "bad.source")(doc)
    return json.dumps(doc)


@pytest.mark.usefixtures("faulty")
@pytest.mark.parametrize("on_error", ["hold", "skip", "pause"])
@pytest.mark.parametrize("tag", ["fault.raises", "fault.short"])
def test_node_that_fails_at_run_time(cli: Cli, tmp_path: Path, tag: str, on_error: str) -> None:
    (tmp_path / "g.json").write_text(with_faulty(tag, on_error))
    assert cli("validate", "g.json").code == 0
    ran = cli("backtest", "g.json", "--candles", GOOD, "--json")
    plain = cli("backtest", "g.json", "--candles", GOOD)
    assert ran.err == ""
    document = ran.document()
    if on_error == "pause":
        assert (ran.code, plain.code, plain.out) == (1, 1, "")
        assert plain.err.startswith("tradegraph: node 'bad': failed (")
        assert plain.err.count("\n") == 1
        (issue,) = document["issues"]
        assert (document["ok"], issue["code"], issue["node"]) == (False, "node_failed", "bad")
    else:
        assert (ran.code, plain.code, plain.err) == (0, 0, "")
        assert document["trades"] == []
        assert any("node 'bad' failed on BTCUSDT" in note for note in document["notes"])
        assert "note: node 'bad' failed on BTCUSDT" in plain.out


@pytest.mark.usefixtures("faulty")
@pytest.mark.parametrize("tag", ["fault.refuses", "fault.looks_back"])
def test_node_whose_own_check_fails_is_a_problem_of_the_graph(cli: Cli, tmp_path: Path, tag: str) -> None:
    (tmp_path / "g.json").write_text(with_faulty(tag, "hold"))
    told = cli("backtest", "g.json", "--candles", GOOD)
    assert told.code == 1
    assert "on purpose" in told.err


@pytest.mark.usefixtures("faulty")
@pytest.mark.parametrize("on_error", ["hold", "skip", "pause"])
def test_decision_that_fails(cli: Cli, tmp_path: Path, on_error: str) -> None:
    doc = copy.deepcopy(EMA_CROSS)
    node(doc, "order").update(type="fault.decides", params={}, on_error=on_error)
    (tmp_path / "g.json").write_text(json.dumps(doc))
    ran = cli("backtest", "g.json", "--candles", GOOD, "--json")
    assert ran.err == ""
    document = ran.document()
    if on_error == "pause":
        assert ran.code == 1
        assert [i["node"] for i in document["issues"]] == ["order"]
    else:
        assert ran.code == 0
        assert document["trades"] == []
        assert any("node 'order' failed" in note for note in document["notes"])


@pytest.mark.usefixtures("faulty")
def test_decision_whose_order_cannot_be_stops_the_run(cli: Cli, tmp_path: Path) -> None:
    doc = copy.deepcopy(EMA_CROSS)
    node(doc, "order").update(type="fault.unsized", params={})
    (tmp_path / "g.json").write_text(json.dumps(doc))
    told = cli("backtest", "g.json", "--candles", GOOD)
    assert (told.code, told.out) == (1, "")
    assert told.err == "tradegraph: node 'order': an entry without a size; give the intent a size\n"


@pytest.mark.usefixtures("faulty")
@pytest.mark.parametrize("tag", ["fault.nothing", "fault.plain"])
def test_node_that_gives_no_column_is_blamed_itself(cli: Cli, tmp_path: Path, tag: str) -> None:
    (tmp_path / "g.json").write_text(with_faulty(tag, "hold"))
    notes = cli("backtest", "g.json", "--candles", GOOD, "--json").document()["notes"]
    assert any("node 'bad' failed on BTCUSDT" in note for note in notes)
