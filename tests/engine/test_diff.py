"""The readable diff: nothing for equal graphs, every single change, and together the whole difference."""

import random
from collections import Counter
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diff import Change, Diff, diff
from engine.document import Edge, Graph, Interface, InterfaceOutput, NodeSpec, Parameter
from server.graphs import built_in_ids, load_graph
from tests.engine.random_graphs import graphs


def sentences(found: Diff) -> list[str]:
    return [change.sentence for change in found.changes]


def changed(graph: Graph, **fields: Any) -> Graph:
    return msgspec.structs.replace(graph, **fields)


def node(graph: Graph, name: str, **fields: Any) -> Graph:
    nodes = tuple(changed_node(n, fields) if n.id == name else n for n in graph.nodes)
    return changed(graph, nodes=nodes)


def changed_node(spec: NodeSpec, fields: dict[str, Any]) -> NodeSpec:
    return msgspec.structs.replace(spec, **fields)


EMA = load_graph("ema_cross")


def test_every_kind_of_change_has_its_sentence() -> None:
    cases: list[tuple[Graph, str]] = [
        (node(EMA, "ema_fast", params={"length": 50}), "ema_fast: length 20 → 50"),
        (node(EMA, "ema_fast", params={"length": 20, "x": "a"}), "ema_fast: new param x = a"),
        (node(EMA, "ema_fast", params={}), "ema_fast: param length removed, was 20"),
        (node(EMA, "ema_fast", mode="mute"), "ema_fast is muted, was on"),
        (node(EMA, "ema_fast", version=2), "ema_fast: version 1 → 2"),
        (node(EMA, "ema_fast", label="Fast"), 'ema_fast is called Fast, was ""'),
        (node(EMA, "ema_fast", type="indicator.sma"), "ema_fast: type indicator.ema → indicator.sma"),
        (node(EMA, "ema_fast", on_error="skip"), "ema_fast: on an error hold → skip"),
        (changed(EMA, name="B"), "The name is B, was EMA cross"),
        (changed(EMA, description="d"), "The description changed"),
        (changed(EMA, edges=EMA.edges[1:]), "Unwired candles.close → ema_fast.source"),
        (changed(EMA, edges=(*EMA.edges, Edge("a.b", "c.d"))), "Wired a.b → c.d"),
        (
            changed(EMA, edges=(Edge("candles.open", "ema_fast.source"), *EMA.edges[1:])),
            "ema_fast.source now gets candles.open, was candles.close",
        ),
        (changed(EMA, tests=EMA.tests[1:]), "Removed test no trade in a flat market"),
        (changed(EMA, parameters=(Parameter("p", ("atr.length",)),)), "Added parameter p"),
        (changed(EMA, interface=Interface(1)), "The graph has an interface now"),
        (changed(EMA, subgraphs={"s": EMA}), "Added sub-graph s"),
        (
            changed(EMA, nodes=(*EMA.nodes, NodeSpec("n", "math.add", 1, {"a": 1.5}))),
            "Added n (math.add; a 1.5)",
        ),
        (changed(EMA, nodes=EMA.nodes[:-1]), sentences(diff(EMA, changed(EMA, nodes=EMA.nodes[:-1])))[0]),
    ]
    for after, sentence in cases:
        assert sentences(diff(EMA, after)) == [sentence]
    assert cases[-1][1].startswith("Removed order (order.place; order market, ")


def test_what_is_embedded_is_looked_into() -> None:
    graph = load_graph("hh_ll")
    inner = node(graph.subgraphs["trend"], "pivots", mode="mute")
    after = changed(graph, subgraphs={**graph.subgraphs, "trend": inner})
    (change,) = diff(graph, after).changes
    assert change.sentence == "In sub-graph trend: pivots is muted, was on"
    assert (change.place, change.within) == (("subgraphs", "trend", "nodes", "pivots", "mode"), ("trend",))
    assert change.node == "pivots"


def test_interfaces_are_compared_by_port() -> None:
    before = changed(EMA, interface=Interface(1, (), (InterfaceOutput("signal", "signal", "entry.out"),)))
    after = changed(EMA, interface=Interface(2, (), (InterfaceOutput("signal", "signal", "stop.out"),)))
    assert sentences(diff(before, after)) == [
        "The interface is version 2, was 1",
        "Interface output signal: from entry.out → stop.out",
    ]


def test_moves_are_counted_apart() -> None:
    layout = msgspec.structs.replace(EMA.layout, nodes={**EMA.layout.nodes, "atr": (1.0, 2.0), "gone": (0.0, 0.0)})
    found = diff(EMA, changed(EMA, layout=layout))
    assert (found.changes, found.moves, found.same_logic) == ((), 1, True)
    assert found.verdict == "Nothing changed but the layout: 1 thing moved on the canvas."


def test_equal_logic_is_said() -> None:
    assert diff(EMA, EMA).verdict == "The two are equal."
    assert diff(EMA, changed(EMA, name="B")).verdict == "1 change. Both trade the same: the logic is equal."
    assert diff(EMA, node(EMA, "atr", params={"length": 15})).verdict == "1 change."


def test_numbers_of_another_type_are_a_change() -> None:
    before = changed(EMA, nodes=(NodeSpec("a", "t", 1, {"x": 1, "y": True}),))
    after = changed(EMA, nodes=(NodeSpec("a", "t", 1, {"x": 1.0, "y": 1}),))
    assert sentences(diff(before, after)) == ["a: x 1 → 1.0", "a: y true → 1"]
    assert not diff(before, after).same_logic


def test_nodes_are_known_by_their_changes() -> None:
    after = changed(node(EMA, "atr", params={"length": 15}), edges=EMA.edges[1:])
    assert [change.node for change in diff(EMA, after).changes] == ["atr", "ema_fast"]


# --- together the whole difference ------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_a_graph_does_not_differ_from_itself(graph: Graph) -> None:
    mixed = changed(graph, nodes=graph.nodes[::-1] if unique(graph) else graph.nodes, edges=graph.edges[::-1])
    assert diff(graph, graph) == Diff((), 0, True)
    assert diff(graph, mixed).changes == ()


def unique(graph: Graph) -> bool:
    return len({n.id for n in graph.nodes}) == len(graph.nodes)


@settings(max_examples=80, deadline=None)
@given(graphs(), graphs())
def test_the_changes_are_the_whole_difference(before: Graph, after: Graph) -> None:
    plain: dict[str, Any] = shape(before)
    for change in diff(before, after).changes:
        apply(plain, change)
    assert tidy(plain) == tidy(shape(after))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(built_in_ids()), st.integers(0, 10**9))
def test_every_single_change_appears(name: str, seed: int) -> None:
    graph = load_graph(name)
    chance = random.Random(seed)
    spec = chance.choice(graph.nodes)
    edge = chance.choice(graph.edges)
    others = tuple(n for n in graph.nodes if n is not spec)
    rest = tuple(e for e in graph.edges if e is not edge)
    for after in (
        changed(graph, nodes=others),
        changed(graph, nodes=(*others, changed_node(spec, {"id": "other"}))),
        changed(graph, nodes=(*others, changed_node(spec, {"params": spec.params | {"new": seed}}))),
        changed(graph, nodes=(*others, changed_node(spec, {"on_error": "pause"}))),
        changed(graph, edges=rest),
        changed(graph, edges=(*rest, Edge(edge.source, f"{edge.target}x"))),
        changed(graph, edges=(*rest, Edge(f"{edge.source}x", edge.target))),
    ):
        found = diff(graph, after)
        assert found.changes and not found.same_logic
        assert all(change.sentence for change in found.changes)


NAMED = ("parameters", "tests")


def shape(graph: Graph) -> dict[str, Any]:
    """The document with its lists as they are addressed by changes."""
    plain = {
        "id": graph.id, "name": graph.name, "kind": graph.kind, "description": graph.description,
        "nodes": numbered([msgspec.structs.asdict(n) for n in graph.nodes], "id"),
        "edges": [[e.source, e.target] for e in graph.edges],
        "subgraphs": {name: shape(inner) for name, inner in graph.subgraphs.items()},
        "interface": None if graph.interface is None else face(msgspec.to_builtins(graph.interface)),
    }  # fmt: skip
    return plain | {name: numbered(msgspec.to_builtins(getattr(graph, name)), "name") for name in NAMED}


def face(plain: dict[str, Any]) -> dict[str, Any]:
    return plain | {side: numbered(plain[side], "name") for side in ("inputs", "outputs")}


def numbered(items: list[dict[str, Any]], key: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        name, number = item[key], 1
        while (f"{item[key]}#{number}" if number > 1 else name) in found:
            number += 1
        found[f"{item[key]}#{number}" if number > 1 else name] = item
    return found


def apply(document: dict[str, Any], change: Change) -> None:
    """Do to a document in `shape` what a change says."""
    place = list(change.place)
    while len(place) > 2 and place[0] == "subgraphs":
        document, place = document["subgraphs"][place[1]], place[2:]
    if place[0] == "edges":
        if change.before is not None:
            document["edges"].remove([change.before, place[1]])
        if change.after is not None:
            document["edges"].append([change.after, place[1]])
        return
    *way, last = place
    holder = document
    for step in way:
        holder = holder[step]
    assert (last in holder) is (change.action != "added") or place == ["interface"]
    if change.action == "removed":
        holder.pop(last)
    else:
        holder[last] = whole(place, change.after)


def whole(place: list[str], value: Any) -> Any:
    if place[0] == "nodes" and len(place) == 2:
        return msgspec.structs.asdict(msgspec.convert(value, NodeSpec))
    if place == ["interface"]:
        return face(value)
    return shape(msgspec.convert(value, Graph)) if place[0] == "subgraphs" else value


def tidy(value: Any) -> Any:
    """Without what means nothing: the order of wires, and no interface as None."""
    if isinstance(value, dict):
        kept = {k: tidy(v) for k, v in value.items() if not (k == "interface" and v is None)}
        return kept | ({"edges": Counter(map(tuple, value["edges"]))} if "edges" in value else {})
    return msgspec.json.encode(value, order="deterministic")
