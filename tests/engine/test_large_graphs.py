"""Size: no recursion, nothing quadratic, and no heavy import on the path of a valid graph."""

import subprocess
import sys

import msgspec
import pytest

from benchmarks.validate import large
from engine.document import Edge, Graph, NodeSpec
from engine.textform import parse, to_text
from engine.validate import validate
from tests.engine.tiny_nodes import REGISTRY

SIZE = 10_000


def chain(tag: str, entry: str, params: dict[str, object], closed: bool = False) -> Graph:
    nodes = tuple(NodeSpec(f"n{i}", tag, 1, params) for i in range(SIZE))
    edges = [Edge(f"n{i}.out", f"n{i + 1}.{entry}") for i in range(SIZE - 1)]
    if closed:
        edges.append(Edge(f"n{SIZE - 1}.out", f"n0.{entry}"))
    return Graph(1, "g", "", "advisor", "", nodes, tuple(edges))


def test_ten_thousand_good_nodes():
    graph = large(SIZE)
    report = validate(graph, REGISTRY)
    assert report.ok, report.issues[:3]
    assert len(report.derived.order) == len(graph.nodes)


def test_a_chain_of_ten_thousand():
    report = validate(chain("math.add", "a", {}), REGISTRY)
    assert [i.code for i in report.issues] == ["no_order_output", "missing_input"]
    assert len(report.issues[1].blocks) == 100


def test_a_cycle_of_ten_thousand():
    report = validate(chain("math.add", "a", {}, closed=True), REGISTRY)
    assert sum(i.code == "cycle" for i in report.issues) == SIZE
    assert "(9950 more)" in report.issues[1].message


@pytest.mark.parametrize(
    "graph",
    [
        chain("zz.qq", "a", {"x": 1}),
        chain("math.add", "zz", {"level": "x", "more": 2}),
        chain("indicator.ema", "nope", {"length": "x", "wight": 2}),
        msgspec.structs.replace(chain("math.add", "a", {}), nodes=()),
        msgspec.structs.replace(chain("math.add", "a", {}), nodes=(NodeSpec("A B", "math.add", 1, {}),) * SIZE),
    ],
    ids=["ghosts", "ports", "params", "loose wires", "twins"],
)
def test_ten_thousand_bad_nodes(graph: Graph):
    report = validate(graph, REGISTRY)
    assert report.summary.errors >= SIZE - 1


def test_a_long_chain_as_text():
    graph = chain("math.add", "a", {})
    assert len(parse(to_text(graph)).nodes) == SIZE


def test_a_valid_graph_needs_no_heavy_import():
    code = (
        "import sys\n"
        "from engine.validate import validate\n"
        "from tests.engine.documents import graph, sound\n"
        "from tests.engine.tiny_nodes import REGISTRY\n"
        "assert validate(graph(sound()), REGISTRY).ok\n"
        "print(*[m for m in ('networkx', 'pandas', 'numba', 'difflib', 'importlib.metadata') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
