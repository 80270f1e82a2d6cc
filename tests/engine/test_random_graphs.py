"""What holds for any document, however broken."""

from contextlib import suppress

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.document import Edge, Graph, Layout, NodeSpec, canonical, decode, encode, logic_hash
from engine.errors import InputError
from engine.ghosts import ghosts
from engine.textform import parse, to_text
from engine.upgrade import upgrade
from engine.validate import CODES, MODES, Report, validate
from tests.engine.documents import patched, plain
from tests.engine.random_graphs import graphs
from tests.engine.tiny_nodes import REGISTRY

MANY = settings(max_examples=80, deadline=None)


@MANY
@given(graphs(), st.sampled_from(MODES), st.sampled_from([None, "1h"]))
def test_the_validator_never_fails(graph: Graph, mode: str, timeframe: str | None):
    report = validate(graph, REGISTRY, mode=mode, timeframe=timeframe, supply=[])
    assert report == validate(graph, REGISTRY, mode=mode, timeframe=timeframe, supply=[])
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
    assert all(issue.code in CODES for issue in report.issues)
    assert report.ok == (report.summary.errors == 0)
    assert len(set(report.derived.order)) == len(report.derived.order)


@MANY
@given(graphs(unique_edges=True))
def test_every_fix_can_be_applied_and_helps(graph: Graph):
    doc = plain(graph)
    before = validate(graph, REGISTRY).issues
    for issue in before:
        for fix in issue.fixes:
            after = validate(decode(msgspec.json.encode(patched(doc, fix.patch))), REGISTRY).issues
            place = (issue.code, issue.node, issue.port, issue.param, issue.received)
            assert _count(after, place) < _count(before, place), (issue, fix)


def _count(issues, place) -> int:
    return sum((i.code, i.node, i.port, i.param, i.received) == place for i in issues)


@MANY
@given(graphs())
def test_documents_survive_saving(graph: Graph):
    again = decode(encode(graph))
    assert again == graph and encode(again) == encode(graph) and canonical(again) == canonical(graph)


@MANY
@given(graphs(unique=True), st.randoms(use_true_random=False))
def test_logic_knows_neither_order_nor_layout(graph: Graph, chance):
    nodes, edges = list(graph.nodes), list(graph.edges)
    chance.shuffle(nodes)
    chance.shuffle(edges)
    moved = [msgspec.structs.replace(n, label=f"{n.label}!") for n in nodes]
    other = msgspec.structs.replace(
        graph, name="other", nodes=tuple(moved), edges=tuple(edges), layout=Layout(nodes={"zz": (1, 2)})
    )
    assert logic_hash(other) == logic_hash(graph)
    unlabelled = msgspec.structs.replace(other, name=graph.name, nodes=tuple(nodes))
    assert to_text(unlabelled) == to_text(graph)


@MANY
@given(graphs(unique=True))
def test_text_form_can_be_read_back(graph: Graph):
    text = to_text(graph)
    again = parse(text)
    assert canonical(again) == canonical(graph)
    assert to_text(again) == text
    assert (again.name, again.description) == (graph.name, graph.description)
    assert {n.id: n.label for n in again.nodes} == {n.id: n.label for n in graph.nodes}


@MANY
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str):
    for attempt in (text, f'graph "a" advisor "" ""\n{text}'):
        with suppress(InputError):
            parse(attempt)


@MANY
@given(graphs())
def test_ghosts_and_upgrades_keep_everything(graph: Graph):
    names = [n.id for n in graph.nodes if n.type not in REGISTRY]
    assert [g.id for g in ghosts(graph, REGISTRY)] == names
    upgraded, changes = upgrade(graph, REGISTRY)
    assert upgraded.edges == graph.edges and [n.id for n in upgraded.nodes] == [n.id for n in graph.nodes]
    assert (upgraded is graph) == (not changes)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_order_is_topological_for_any_acyclic_graph(data: st.DataObject):
    count = data.draw(st.integers(1, 30))
    names = data.draw(st.permutations([f"n{i}" for i in range(count)]))
    nodes = tuple(NodeSpec(name, "math.add", 1, {}) for name in names)
    pairs = data.draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=60))
    edges = tuple(Edge(f"{names[min(a, b)]}.out", f"{names[max(a, b)]}.a") for a, b in pairs if a != b)
    order = validate(Graph(1, "g", "", "advisor", "", nodes, edges), REGISTRY).derived.order
    assert sorted(order) == sorted(names)
    assert all(order.index(e.source[:-4]) < order.index(e.target[:-2]) for e in edges)
