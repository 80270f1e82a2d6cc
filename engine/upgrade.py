"""Proposes node upgrades.  Nothing here changes a stored graph: a person accepts the proposal as a new revision."""

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.document import Graph, NodeSpec
from engine.node import Contract


class Change(msgspec.Struct, frozen=True):
    """What an upgrade does to one node; `problem` says why it is left as it is."""

    node: str
    type: str
    from_version: int
    to_version: int
    before: dict[str, Any]
    after: dict[str, Any]
    problem: str | None = None


def upgrade(graph: Graph, registry: Mapping[str, type[Contract]]) -> tuple[Graph, tuple[Change, ...]]:
    """The graph with every outdated node at its type's current version, and the changes in document order.

    Unknown types and versions newer than the type stay as they are: the validator reports them.  Nodes of definitions
    are named by the way to them, as `trend/pivots` in the definition "trend".
    """
    graph, inner = _definitions(graph, registry)
    nodes: list[NodeSpec] = []
    changes: list[Change] = []
    for spec in graph.nodes:
        cls = registry.get(spec.type)
        if cls is None or not 1 <= spec.version < cls.version:
            nodes.append(spec)
            continue
        params, problem = upgraded_params(spec, cls)
        after = spec.params if params is None else params
        changes.append(Change(spec.id, spec.type, spec.version, cls.version, spec.params, after, problem))
        if params is not None:
            spec = msgspec.structs.replace(spec, version=cls.version, params=params)
        nodes.append(spec)
    graph = msgspec.structs.replace(graph, nodes=tuple(nodes)) if changes else graph
    return graph, (*changes, *inner)


def _definitions(graph: Graph, registry: Mapping[str, type[Contract]]) -> tuple[Graph, tuple[Change, ...]]:
    """The graph with its definitions upgraded, and what changed in them."""
    upgraded: dict[str, Graph] = {}
    found: list[Change] = []
    for name, definition in graph.subgraphs.items():
        upgraded[name], changes = upgrade(definition, registry)
        found += [msgspec.structs.replace(c, node=f"{name}/{c.node}") for c in changes]
    return (msgspec.structs.replace(graph, subgraphs=upgraded) if found else graph), tuple(found)


def upgraded_params(spec: NodeSpec, cls: type[Contract]) -> tuple[dict[str, Any] | None, str | None]:
    """The params taken through every version in between, or None and why the type's own `upgrade` refused them."""
    params = spec.params
    for version in range(spec.version, cls.version):
        try:
            params = cls.upgrade(params, version)
        except Exception as error:  # the code of a pack, fed with a document from outside
            return None, f"upgrade from version {version} failed: {type(error).__name__}: {error}"
    return dict(params), None
