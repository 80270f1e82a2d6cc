"""What the commands print: one JSON document with --json, the promised keys, and reports that can be found."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from engine.legs import legs_of
from engine.metric_definitions import DEFINITIONS
from engine.registry import Registry, discover
from engine.result import EXIT_REASONS
from server.cli.stored import on_database
from server.graphs import BUILT_IN, built_in_ids, load_graph
from server.store.instruments import Instruments
from server.store.rules import Rules
from tests.server.candle_tables import BARS, rows, settlements, write_table
from tests.server.conftest import Cli

GOOD = "BTCUSDT_1h.csv"
KEYS = {"graph", "logic_hash", "data", "policy", "metrics", "trades", "pessimistic", "seconds"}
TRADE_KEYS = {
    "symbol", "side", "quantity", "entry_time", "entry_price", "exit_time", "exit_price", "exit_reason", "fees", "pnl",
    "nodes",
}  # fmt: skip


def test_backtest_json_is_one_document_with_the_promised_keys(cli: Cli) -> None:
    ran = cli("backtest", "ema_cross", "--candles", GOOD, "--param", "ema_slow.length=10", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("\n") == 1
    document = ran.document()
    assert document.keys() >= KEYS
    assert document["graph"]["id"] == "ema_cross"
    assert document["logic_hash"].startswith("b2:")
    assert [(d["symbol"], d["timeframe"], d["bars"]) for d in document["data"]] == [("BTCUSDT", "1h", BARS)]
    assert document["policy"]["name"] == "bybit_linear"
    assert document["pessimistic"]["metrics"].keys() == document["metrics"].keys()
    assert document["seconds"] > 0
    assert document["trades"]
    nodes = {n["id"] for n in document["graph"]["nodes"]}
    for trade in document["trades"]:
        assert trade.keys() >= TRADE_KEYS
        assert (trade["symbol"], trade["side"] in ("long", "short")) == ("BTCUSDT", True)
        assert trade["exit_reason"] in EXIT_REASONS[1:]
        assert trade["entry_time"] <= trade["exit_time"]
        assert trade["quantity"] > 0
        assert set(trade["nodes"]) <= nodes
        assert trade["nodes"]


def test_undefined_metrics_are_null(cli: Cli, tmp_path: Path) -> None:
    short = write_table(tmp_path / "short.csv", rows(20))
    ran = cli("backtest", "ema_cross", "--candles", short, "--json")
    document = ran.document()
    assert (ran.code, document["trades"]) == (0, [])
    assert document["metrics"].keys() <= DEFINITIONS.keys()
    assert document["metrics"]["win_rate"] is None
    assert any("warm-up" in note for note in document["notes"])


@pytest.mark.parametrize("graph", built_in_ids())
def test_every_built_in_graph_validates_and_runs(cli: Cli, graph: str) -> None:
    assert cli("validate", graph).code == 0
    report = cli("validate", graph, "--json", "--timeframe", "1h")
    assert (report.code, report.err) == (0, "")
    assert report.document()["ok"] is True
    assert cli("validate", graph, "--text").out.startswith(f'graph "{graph}" ')
    ran = cli("backtest", graph, "--candles", *candles_for(graph), "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.document().keys() >= KEYS


def candles_for(graph: str) -> list[str]:
    """The candles a built-in graph needs: those of its pair as well, here the same bars under another name."""
    legs = legs_of(load_graph(graph), Registry())
    return [GOOD, *(str(write_table(Path(f"{symbol}_1h.csv"), rows())) for symbol in legs)]


def test_a_market_read_inside_an_embedded_graph_is_context_and_not_traded(cli: Cli, tmp_path: Path) -> None:
    """However deep the node stands that names a symbol: no order may go to a market that is only looked at."""
    graph = json.loads((BUILT_IN / "ema_cross.json").read_text())
    ether = {"id": "ether", "type": "source.candles", "version": 1, "params": {"symbol": "ETHUSDT", "timeframe": ""}}
    output = {"name": "close", "kind": "number", "from": "ether.close"}
    other = {key: graph[key] for key in ("schema_version", "name", "kind", "description")}
    graph["subgraphs"] = {
        "other": other
        | {"id": "other", "nodes": [ether], "edges": [], "interface": {"version": 1, "outputs": [output]}}
    }
    graph["nodes"].append({"id": "other", "type": "subgraph.other", "version": 1, "params": {}})
    graph["edges"][0]["from"] = "other.close"  # the fast average is that of the other market
    (tmp_path / "mine.json").write_text(json.dumps(graph))
    write_table(tmp_path / "ETHUSDT_1h.csv", rows())
    ran = cli("backtest", "mine.json", "--candles", GOOD, "ETHUSDT_1h.csv", "--json")
    assert ran.code == 0, ran.err
    assert [market["symbol"] for market in ran.document()["data"]] == ["BTCUSDT"]


def test_options_reach_the_result(cli: Cli, tmp_path: Path) -> None:
    write_table(tmp_path / "BTCUSDT_FUNDING.csv", settlements(), "timestamp,funding_rate")
    ran = cli(
        "backtest", "ema_cross", "--candles", GOOD, "--funding", "BTCUSDT_FUNDING.csv", "--mark", GOOD,
        "--capital", "5000", "--policy", "frictionless", "--fees", "0.1%", "--rule", "funding=\"applied\"",
        "--param", "ema_slow.length=30", "--instrument", "BTCUSDT:tick=0.5,step=0.01",
        "--from", "2024-01-20", "--to", "2024-01-30T12:00", "--json",
    )  # fmt: skip
    document = ran.document()
    assert document["settings"]["capital"] == 5000
    assert (document["policy"]["taker_fee"], document["policy"]["maker_fee"]) == (0.001, 0.001)
    (data,) = document["data"]
    assert (data["instrument"]["tick"], data["instrument"]["step"]) == (0.5, 0.01)
    assert data["instrument"]["source"] == "given on the command line"
    assert "settlements applied" in data["funding"]
    slow = next(n for n in document["graph"]["nodes"] if n["id"] == "ema_slow")
    assert slow["params"]["length"] == 30
    assert all(1_705_708_800_000 <= t["entry_time"] <= 1_706_616_000_000 for t in document["trades"])


def test_report_is_written(cli: Cli, tmp_path: Path) -> None:
    ran = cli("backtest", "ema_cross", "--candles", GOOD, "--out", "a/b")
    assert (ran.code, ran.err) == (0, "")
    files = {p.name for p in (tmp_path / "a/b").iterdir()}
    assert files >= {"metrics.json", "trades.csv", "equity.csv", "graph.json", "result.json", "report.html"}
    assert ran.out.splitlines()[-1] == "report: a/b/report.html"
    again = cli("backtest", "ema_cross", "--candles", GOOD, "--out", "a/b", "--json")
    assert json.loads((tmp_path / "a/b/result.json").read_text()).keys() == again.document().keys()


def test_nodes(cli: Cli) -> None:
    tags = list(discover())
    told = cli("nodes")
    assert (told.code, told.err) == (0, "")
    assert all(f"  {tag} " in told.out for tag in tags)
    assert [entry["type"] for entry in cli("nodes", "--json").document()] == tags
    one = cli("nodes", "indicator.ema").out
    assert all(word in one for word in ("indicator.ema", "inputs:", "outputs:", "length", "modes:", "look-back"))
    assert cli("nodes", "indicator.ema", "--json").document()["type"] == "indicator.ema"


def definitions_of(document: Any) -> list[Any]:
    """All documents that stand in a document, at any depth."""
    inner = list(document.get("subgraphs", {}).values())
    return [*inner, *(d for one in inner for d in definitions_of(one))]


def test_schema_accepts_the_built_in_graphs(cli: Cli) -> None:
    schemas = cli("nodes", "--schema").document()
    params = {entry["type"]: entry["params"] for entry in schemas["catalogue"]}
    document: Any = None
    for graph in built_in_ids():
        document = cli("backtest", graph, "--candles", *candles_for(graph), "--json").document()["graph"]
        assert faults_of(document, schemas["document"], schemas["document"]) == []
        for node in [n for part in (document, *definitions_of(document)) for n in part["nodes"]]:
            if not node["type"].startswith("subgraph."):  # whose params are the parameters of its definition
                assert faults_of(node["params"], params[node["type"]], params[node["type"]]) == []
    assert faults_of({**document, "id": 5}, schemas["document"], schemas["document"])
    assert faults_of({**document, "more": 5}, schemas["document"], schemas["document"])


TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
    "null": type(None),
}  # fmt: skip


def faults_of(value: Any, schema: dict[str, Any], root: dict[str, Any], place: str = "$") -> list[str]:
    """What a value breaks of a JSON Schema, as far as msgspec's schemas go."""
    if "$ref" in schema:
        return faults_of(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, place)
    if "anyOf" in schema:
        tried = [faults_of(value, one, root, place) for one in schema["anyOf"]]
        return [] if [] in tried else min(tried, key=len)
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{place}: {value!r} is not one of {schema['enum']}"]
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{place}: {value!r} is no {kind}"]
    found: list[str] = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{place}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, inner in value.items():
            more = known.get(name, schema.get("additionalProperties", True))
            if more is False:
                found.append(f"{place}.{name} is unknown")
            elif isinstance(more, dict):
                found += faults_of(inner, more, root, f"{place}.{name}")
    elif isinstance(value, list):
        each = schema.get("prefixItems") or [schema.get("items", {})] * len(value)
        for i, (inner, one) in enumerate(zip(value, each, strict=False)):
            found += faults_of(inner, one or {}, root, f"{place}[{i}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        for name, wrong in (("minimum", value < schema.get("minimum", value)),
                            ("maximum", value > schema.get("maximum", value))):  # fmt: skip
            found += [f"{place}: {value} breaks {name}"] if wrong else []
    return found


def test_doctor(cli: Cli) -> None:
    told = cli("doctor")
    assert (told.code, told.err) == (0, "")
    assert all(line.startswith("ok ") for line in told.out.splitlines())
    assert all(finding["ok"] for finding in cli("doctor", "--json").document())


def test_candles_are_imported_listed_and_used(cli: Cli, tmp_path: Path) -> None:
    assert "nothing is stored yet" in cli("candles", "list").out
    assert cli("candles", "list", "--json").document() == []
    (stored,) = cli("candles", "import", GOOD, "--json").document()
    assert (stored["symbol"], stored["timeframe"], stored["rows"], stored["added"]) == ("BTCUSDT", "1h", BARS, BARS)
    assert (tmp_path / "home/tradegraph.db").is_file()
    listed = cli("candles", "list").out
    assert listed.startswith("BTCUSDT ")
    assert "(+" not in listed, "what an import added is no fact of the series"
    assert "(+" not in cli("candles", "import", GOOD).out
    ran = cli("backtest", "ema_cross", "--candles", "BTCUSDT:1h", "--json").document()
    direct = cli("backtest", "ema_cross", "--candles", GOOD, "--json").document()
    assert ran["trades"] == direct["trades"]
    assert ran["data"][0]["identity"] == direct["data"][0]["identity"]
    (one,) = cli("candles", "list", GOOD, "--json").document()
    assert one["rows"] == BARS


def test_stored_trading_rules_are_used_with_stored_candles(cli: Cli) -> None:
    rules = Rules(symbol="BTCUSDT", tick="0.10", step="0.001", min_quantity="0.001", min_notional="5", source="Bybit")
    cli("candles", "import", GOOD)
    on_database(lambda database: Instruments(database).put(rules))

    def instrument(*options: str) -> dict[str, Any]:
        return cli("backtest", "ema_cross", "--json", *options).document()["data"][0]["instrument"]

    stored = instrument("--candles", "BTCUSDT:1h")
    assert (stored["source"], stored["tick"], stored["step"], stored["min_notional"]) == ("Bybit", 0.1, 0.001, 5)
    assert stored["maintenance_margin"] == 0.005
    assert instrument("--candles", GOOD)["source"] == "inferred from the candles"
    mixed = instrument("--candles", "BTCUSDT:1h", "--instrument", "step=0.01")
    assert (mixed["source"], mixed["tick"], mixed["step"]) == ("given on the command line", 0.1, 0.01)


def test_first_bad_file_stops_an_import_and_what_was_merged_stays(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("junk")
    assert cli("candles", "import", GOOD, "bad.csv").refused().startswith("bad.csv ")
    assert [row["symbol"] for row in cli("candles", "list", "--json").document()] == ["BTCUSDT"]


def test_file_name_that_is_no_text(cli: Cli, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.csv")
    write_table(tmp_path / name, rows())
    ran = cli("backtest", "ema_cross", "--candles", name, "--out", os.fsdecode(b"out\xe9"), "--json")
    assert ran.code == 0
    assert ran.document()["data"][0]["origin"] == "caf\\udce9.csv"
    assert (tmp_path / os.fsdecode(b"out\xe9") / "report.html").is_file()
    assert "caf\\udce9.csv" in cli("candles", "list", name).out
    assert "symbol 'caf" in cli("candles", "import", name).refused()
    (stored,) = cli("candles", "import", name, "--symbol", "BTCUSDT", "--json").document()
    assert stored["origins"] == ["caf\\udce9.csv"]
