"""Graphs in graphs: what is unfolded, what a parameter turns, and what can be wrong with an embedding."""

import copy
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.backtest import MarketData
from engine.columns import Supply
from engine.document import canonical, encode, logic_hash, with_params
from engine.errors import InputError
from engine.matching.policy import FRICTIONLESS
from engine.sweep import sweep
from engine.textform import parse, to_text
from engine.upgrade import upgrade
from engine.validate import validate
from engine.validate.expand import MOST_NODES, expand
from tests.engine.documents import Doc, document, graph, node, patched, plain, sound
from tests.engine.executor import CATALOGUE, candles, columns, value, walk
from tests.engine.tiny_nodes import REGISTRY


def smoothed() -> Doc:
    """A definition: closes smoothed twice, and an order that nobody outside asks for.

    source ──► first ──► second ──► (out)
                 └────────────────► (half)
    candles ─► cross ─► entry ─► stop ─► order
    """
    inner = document(
        [
            node("first", "indicator.ema"),
            node("second", "indicator.ema"),
            *sound()["nodes"][:1],
            *sound()["nodes"][2:],
        ],
        [
            "first.out > second.source", "candles.close > cross.a", "second.out > cross.b",
            "cross.out > entry.enter_long", "candles.close > entry.price", "entry.out > stop.signal",
            "stop.out > order.signal", "size.out > order.size",
        ],
    )  # fmt: skip
    return inner | {
        "id": "smoothed",
        "parameters": [{"name": "length", "to": ["first.length", "second.length"], "title": "Length"}],
        "interface": {
            "version": 2,
            "inputs": [{"name": "source", "kind": "number", "to": ["first.source"]}],
            "outputs": [
                {"name": "out", "kind": "number", "from": "second.out"},
                {"name": "half", "kind": "number", "from": "first.out"},
            ],
        },
    }


def embedding() -> Doc:
    """The sound graph with its average taken from the definition."""
    doc = sound()
    doc["nodes"][1] = {"id": "ema", "type": "subgraph.smoothed", "version": 2, "params": {"length": 9}}
    return doc | {"subgraphs": {"smoothed": smoothed()}}


def codes(doc: Doc) -> list[str]:
    return [i.code for i in validate(graph(doc), REGISTRY).issues]


def test_only_what_the_wired_outputs_need_is_unfolded() -> None:
    report = validate(graph(embedding()), REGISTRY)
    assert report.issues == ()
    assert set(report.derived.order) == {
        "candles", "ema/first", "ema/second", "cross", "entry", "stop", "size", "order",
    }  # fmt: skip
    assert report.derived.bindings["cross"]["b"] == "ema/second.out"
    assert report.derived.bindings["ema/first"]["source"] == "candles.close"
    assert report.derived.orders_from == ("order",)


def test_params_of_the_node_are_the_parameters_of_the_definition() -> None:
    flat = {n.id: n for n in expand(graph(embedding())).graph.nodes}
    assert flat["ema/first"].params["length"] == flat["ema/second"].params["length"] == 9
    assert flat["ema/first"].params["weight"] == 0.5


def test_an_unused_branch_is_left_out() -> None:
    doc = embedding()
    doc["edges"][2]["from"] = "ema.half"
    assert "ema/second" not in validate(graph(doc), REGISTRY).derived.order


def test_an_embedded_graph_in_an_embedded_graph() -> None:
    outer = document([{"id": "twice", "type": "subgraph.smoothed", "version": 2, "params": {"length": 5}}], [])
    outer = outer | {
        "subgraphs": {"smoothed": smoothed()},
        "parameters": [{"name": "span", "to": ["twice.length"]}],
        "interface": {
            "version": 1,
            "inputs": [{"name": "source", "kind": "number", "to": ["twice.source"]}],
            "outputs": [{"name": "out", "kind": "number", "from": "twice.out"}],
        },
    }
    doc: Doc = sound()
    ema: Doc = {"id": "ema", "type": "subgraph.outer", "version": 1, "params": {"span": 33}}
    doc["nodes"][1] = ema
    doc["subgraphs"] = {"outer": outer}
    report = validate(graph(doc), REGISTRY)
    assert report.issues == ()
    assert report.derived.bindings["cross"]["b"] == "ema/twice/second.out"
    assert report.derived.bindings["ema/twice/first"]["source"] == "candles.close"
    assert report.derived.warmup_bars["ema/twice/second"] == 33 + 32
    ema["params"]["span"] = 9999
    issue = next(i for i in validate(graph(doc), REGISTRY).issues if i.code == "param_out_of_range")
    assert issue.path == "/nodes/1/params/span" and issue.node == "ema/twice/first"


def real(length: int = 9) -> tuple[Doc, Doc]:
    """A graph that runs, once with an embedded average and once drawn flat."""
    nodes = [
        {"id": "candles", "type": "source.candles", "version": 1, "params": {"symbol": "", "timeframe": ""}},
        {"id": "ema", "type": "indicator.ema", "version": 1, "params": {"length": length}},
        {"id": "cross", "type": "compare.cross_above", "version": 1, "params": {}},
        {"id": "entry", "type": "signal.flags", "version": 1, "params": {"confidence": 1.0}},
        {"id": "stop", "type": "stop.percent", "version": 1, "params": {"percent": 2.0}},
        {"id": "size", "type": "size.risk", "version": 1, "params": {"percent": 1.0, "max_loss": 0.0}},
        {"id": "order", "type": "order.place", "version": 1,
         "params": {"order": "market", "opposite": "reverse", "same": "ignore", "leverage": 1.0, "post_only": False,
                    "reduce_only": False}},
    ]  # fmt: skip
    flat = document(nodes, [f"{e['from']} > {e['to']}" for e in sound()["edges"]])
    average = document([copy.deepcopy(nodes[1])], []) | {
        "parameters": [{"name": "length", "to": ["ema.length"]}],
        "interface": {
            "version": 1,
            "inputs": [{"name": "source", "kind": "number", "to": ["ema.source"]}],
            "outputs": [{"name": "out", "kind": "number", "from": "ema.out"}],
        },
    }
    embedded: Doc = copy.deepcopy(flat) | {"subgraphs": {"average": average}}
    embedded["nodes"][1] = {"id": "ema", "type": "subgraph.average", "version": 1, "params": {"length": length}}
    return flat, embedded


def test_an_embedded_graph_computes_what_its_nodes_compute() -> None:
    flat, embedded = (columns(graph(doc), Supply(candles(walk(300, 1)))) for doc in real())
    np.testing.assert_array_equal(
        value(embedded[0], embedded[1][0], "ema/ema.out"), value(flat[0], flat[1][0], "ema.out")
    )
    np.testing.assert_array_equal(
        value(embedded[0], embedded[1][0], "stop.out").direction, value(flat[0], flat[1][0], "stop.out").direction
    )


def test_a_parameter_is_what_a_sweep_turns() -> None:
    flat, embedded = real()
    embedded["parameters"] = [{"name": "span", "to": ["ema.length"]}]
    market = (MarketData(candles=candles(walk(600, 2))),)
    by_name = sweep(graph(embedded), CATALOGUE, market, FRICTIONLESS, 1e4, {"span": [5, 9, 30]})
    by_param = sweep(graph(flat), CATALOGUE, market, FRICTIONLESS, 1e4, {"ema.length": [5, 9, 30]})
    assert [m["final_equity"] for _, m in by_name] == [m["final_equity"] for _, m in by_param]
    assert len({m["final_equity"] for _, m in by_name}) == 3


def test_with_params_sets_every_target_of_a_parameter() -> None:
    doc = smoothed()
    turned = with_params(graph(doc), {"length": 77})
    assert [n.params["length"] for n in turned.nodes[:2]] == [77, 77]
    with pytest.raises(InputError, match="'span' names no parameter of the graph; it has length"):
        with_params(graph(doc), {"span": 1})


def test_the_hash_covers_definitions_and_leaves_out_what_a_graph_shows_of_itself() -> None:
    doc = embedding()
    changed = copy.deepcopy(doc)
    changed["subgraphs"]["smoothed"]["nodes"][0]["params"]["weight"] = 0.6
    assert logic_hash(graph(changed)) != logic_hash(graph(doc))
    renamed = copy.deepcopy(doc)
    renamed["subgraphs"]["smoothed"]["name"] = "Another name"
    renamed["parameters"] = [{"name": "span", "to": ["ema.length"]}]
    assert logic_hash(graph(renamed)) == logic_hash(graph(doc))


def test_documents_and_texts_keep_everything_that_is_logic() -> None:
    doc = graph(embedding())
    assert plain(doc)["subgraphs"]["smoothed"]["interface"]["version"] == 2
    assert encode(graph(plain(doc))) == encode(doc)
    text = to_text(doc)
    assert canonical(parse(text)) == canonical(doc)
    assert '  parameter length "Length" "" -> first.length, second.length\n' in text
    assert "  input source number -> first.source\n  output out number <- second.out\n" in text
    assert b"parameters" not in encode(graph(sound()))  # graphs that embed nothing look as they always did


def wrong(change: Any) -> Doc:
    doc = embedding()
    change(doc)
    return doc


INNER = "/subgraphs/smoothed"
CASES: dict[str, tuple[Any, str, str, str]] = {
    "no such definition": (lambda d: d.update(subgraphs={}), "unknown_node_type", "/nodes/1", "'smoothed'"),
    "a definition without interface": (
        lambda d: d["subgraphs"]["smoothed"].pop("interface"), "bad_interface", "/nodes/1", "has no interface",
    ),
    "another version of the interface": (
        lambda d: d["nodes"][1].update(version=1), "unknown_node_version", "/nodes/1", "is version 2, the node",
    ),
    "a param the definition lacks": (
        lambda d: d["nodes"][1]["params"].update(speed=1), "unknown_param", "/nodes/1/params/speed", "it has length",
    ),
    "a param that is missing": (
        lambda d: d["nodes"][1]["params"].pop("length"), "missing_param", "/nodes/1", "'length' is missing",
    ),
    "a param out of range": (
        lambda d: d["nodes"][1]["params"].update(length=0), "param_out_of_range", "/nodes/1/params/length", "from 1",
    ),
    "a fault inside": (
        lambda d: d["subgraphs"]["smoothed"]["nodes"][1]["params"].update(weight=7),
        "param_out_of_range", f"{INNER}/nodes/1/params/weight", "'ema/second'",
    ),
    "an output that is not there": (
        lambda d: d["edges"][2].update({"from": "ema.full"}), "unknown_port", "/edges/2", "it has out, half",
    ),
    "an input that is not there": (
        lambda d: d["edges"][0].update(to="ema.src"), "unknown_port", "/edges/0", "it has source",
    ),
    "an input without a wire": (
        lambda d: d["edges"].pop(0), "missing_input", f"{INNER}/nodes/0", "'ema/first'",
    ),
    "an interface of a node that is gone": (
        lambda d: d["subgraphs"]["smoothed"]["interface"]["outputs"][1].update({"from": "gone.out"}),
        "bad_interface", f"{INNER}/interface", "there is no node 'gone'",
    ),
    "an interface that names another kind": (
        lambda d: d["subgraphs"]["smoothed"]["interface"]["outputs"][0].update(kind="flag"),
        "bad_interface", f"{INNER}/nodes/1", "is said to be flag",
    ),
    "a parameter of nothing": (
        lambda d: d.update(parameters=[{"name": "x", "to": ["ema.nothing"]}]),
        "bad_parameter", "/parameters/0", "no param 'ema.nothing'",
    ),
    "a parameter whose targets disagree": (
        lambda d: d.update(parameters=[{"name": "x", "to": ["stop.percent", "size.percent"]}]),
        "bad_parameter", "/parameters/0", "give all of them the same",
    ),
    "a bypass": (lambda d: d["nodes"][1].update(mode="bypass"), "cannot_bypass", "/nodes/1", "cannot be bypassed"),
    "a slash in an id": (lambda d: d["nodes"][4].update(id="a/b"), "bad_id", "/nodes/4", "not allowed"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_with_an_embedding_is_said_at_its_place(case: str) -> None:
    change, code, path, says = CASES[case]
    doc = wrong(change)
    issues = validate(graph(doc), REGISTRY).issues
    issue = next((i for i in issues if i.code == code), None)
    assert issue is not None, issues
    assert issue.path == path
    assert says in issue.message
    for fix in issue.fixes:  # repairs are patches of the document, not of what it was unfolded to
        repaired = patched(doc, fix.patch)
        assert (issue.code, issue.message) not in {
            (i.code, i.message) for i in validate(graph(repaired), REGISTRY).issues
        }


def test_a_muted_embedding_mutes_what_is_inside() -> None:
    doc = wrong(lambda d: d["nodes"][1].update(mode="mute"))
    assert "muted_needed" in codes(doc)


def test_the_policy_on_failure_holds_for_what_is_inside() -> None:
    doc = wrong(lambda d: d["nodes"][1].update(on_error="pause"))
    flat = {n.id: n for n in expand(graph(doc)).graph.nodes}
    assert {flat["ema/first"].on_error, flat["ema/second"].on_error} == {"pause"}
    assert flat["cross"].on_error == "hold"


def test_definitions_cannot_stand_for_millions_of_nodes() -> None:
    doc = smoothed()
    for _ in range(9):
        doc = smoothed() | {
            "subgraphs": {"inner": doc},
            "nodes": [
                {"id": f"n{i}", "type": "subgraph.inner", "version": 2, "params": {"length": 9}} for i in range(9)
            ],
            "edges": [],
        }
    outer = embedding()
    outer["subgraphs"]["smoothed"] = doc
    issues = validate(graph(outer), REGISTRY).issues
    assert f"more than {MOST_NODES:,} nodes" in issues[0].message


def test_the_outputs_a_graph_shows_are_needed_although_no_order_reads_them() -> None:
    doc = sound()
    doc["nodes"].append(node("slow", "indicator.ema", length=100))
    doc["edges"].append({"from": "candles.close", "to": "slow.source"})
    assert codes(doc) == ["unreachable_node"]
    doc["interface"] = {"version": 1, "outputs": [{"name": "slow", "kind": "number", "from": "slow.out"}]}
    report = validate(graph(doc), REGISTRY)
    assert report.issues == () and report.derived.unreachable == ()


def test_an_issue_inside_a_definition_that_is_embedded_twice_is_said_for_both_nodes() -> None:
    doc = wrong(lambda d: d["subgraphs"]["smoothed"]["nodes"][1]["params"].update(weight=7))
    doc["nodes"].append(msgspec.json.decode(msgspec.json.encode(doc["nodes"][1])) | {"id": "other"})
    doc["edges"] += [{"from": "candles.close", "to": "other.source"}, {"from": "other.out", "to": "cross.a"}]
    doc["edges"].pop(1)
    found = [i for i in validate(graph(doc), REGISTRY).issues if i.code == "param_out_of_range"]
    assert {i.node for i in found} == {"ema/second", "other/second"}
    assert {i.path for i in found} == {f"{INNER}/nodes/1/params/weight"}


def test_nodes_of_definitions_are_upgraded_too() -> None:
    doc = embedding()
    doc["subgraphs"]["smoothed"]["nodes"][1] |= {"version": 1, "params": {"period": 9}}
    upgraded, changes = upgrade(graph(doc), REGISTRY)
    assert [(c.node, c.from_version, c.to_version) for c in changes] == [("smoothed/second", 1, 3)]
    assert upgraded.subgraphs["smoothed"].nodes[1].params == {"length": 9, "weight": 0.5, "basis": "close"}
