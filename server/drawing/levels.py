"""The inside of sub-graph nodes: which document is seen at a path, with the params its embedding nodes set."""

import msgspec

from engine.document import Graph, NodeSpec, with_params
from engine.errors import InputError
from engine.validate.expand import PREFIX
from engine.validate.problems import pointer
from server.errors import NotFound


class Crumb(msgspec.Struct, frozen=True):
    """A step of the way into a graph: what it is called and the path that opens it."""

    title: str
    path: str


class Level(msgspec.Struct, frozen=True):
    """A document as it is seen at a path ("" = the graph itself, "trend_1d" = inside that node).

    `prefix` stands before the ids of its nodes in the flat graph, `pointer` is its place in the outermost document,
    `feeds` are the flat outputs that its interface inputs get.
    """

    graph: Graph
    path: str
    prefix: str
    pointer: str
    crumbs: tuple[Crumb, ...]
    feeds: dict[str, str]

    def value_of(self, address: str) -> str:
        """The flat output ("trend_1d/direction.out") whose values an output of this document carries."""
        return self.prefix + _inner(self.graph, address)


def level_at(graph: Graph, path: str) -> Level:
    """The document at a path.  Raises NotFound naming the node that is not there or embeds nothing."""
    level = Level(graph, "", "", "", (Crumb(graph.name or graph.id, ""),), {})
    for step in path.split("/") if path else ():
        level = _inside(level, step)
    return level


def definition_of(graph: Graph, node: NodeSpec) -> Graph | None:
    """The document a node embeds; None for any other node."""
    return graph.subgraphs.get(node.type.removeprefix(PREFIX)) if node.type.startswith(PREFIX) else None


def _inner(graph: Graph, address: str) -> str:
    """An output address with its way through embedded graphs: "trend_1d.direction" is "trend_1d/direction.out"."""
    name, _, port = address.rpartition(".")
    node = next((n for n in graph.nodes if n.id == name), None)
    definition = definition_of(graph, node) if node else None
    outputs = definition.interface.outputs if definition and definition.interface else ()
    source = next((o.source for o in outputs if o.name == port), None)
    return f"{name}/{_inner(definition, source)}" if definition and source is not None else address


def _inside(level: Level, step: str) -> Level:
    node = next((n for n in level.graph.nodes if n.id == step), None)
    definition = definition_of(level.graph, node) if node else None
    if node is None or definition is None:
        raise NotFound(f"There is no sub-graph {level.prefix + step!r} in graph {level.crumbs[0].title!r}.")
    name = node.type.removeprefix(PREFIX)
    path = level.prefix + step
    crumb = Crumb(node.label or step.replace("_", " "), path)
    ends = ((e.target.rpartition("."), e.source) for e in level.graph.edges)
    fed = {port: level.value_of(source) for (target, _, port), source in ends if target == step}
    place = f"{level.pointer}{pointer('subgraphs', name)}"
    return Level(_tuned(definition, node), path, f"{path}/", place, (*level.crumbs, crumb), fed)


def _tuned(definition: Graph, node: NodeSpec) -> Graph:
    """The definition with the params of the embedding node; one that names what is not there is shown as it stands."""
    known = {p.name for p in definition.parameters}
    try:
        return with_params(definition, {name: value for name, value in node.params.items() if name in known})
    except InputError:
        return definition
