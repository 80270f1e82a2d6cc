"""Places in a flat graph and in the document it was unfolded from."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from engine.document import Graph
from engine.issue import Fix, Issue


class Origin(msgspec.Struct, frozen=True):
    """Where a node or wire of the flat graph stands in the document.

    `path` is its JSON pointer, `name` the id it has there, `params` the pointers of those params that are set by an
    embedding node instead.
    """

    path: str
    name: str = ""
    params: dict[str, str] = {}


class Facing(msgspec.Struct, frozen=True):
    """A port an interface declares: the flat address ("node.port") it stands for, and the kind it is said to have."""

    address: str
    output: bool
    kind: str
    place: Origin
    name: str


class Expanded(msgspec.Struct, frozen=True):
    """The flat graph, where its nodes and wires (by number) come from, and what is wrong with the embedding.

    `shown` are the flat ids behind the outputs of the outermost interface.
    `nodes` and `edges` are empty where nothing was embedded: places in both graphs are the same then.
    """

    graph: Graph
    nodes: tuple[Origin, ...] = ()
    edges: tuple[Origin, ...] = ()
    facings: tuple[Facing, ...] = ()
    shown: frozenset[str] = frozenset()
    issues: tuple[Issue, ...] = ()

    def local_id(self, number: int) -> str:
        """The id of a node in the document it stands in."""
        return self.nodes[number].name if self.nodes else self.graph.nodes[number].id


def in_document(expanded: Expanded, issue: Issue) -> Issue:
    """An issue of the flat graph with its places as they are in the document.

    Repairs that would have to change more than the place itself are left out: what is added to the flat graph has no
    single place in the document.
    """
    if not expanded.nodes or issue.path is None:
        return issue
    fixes = (_moved_fix(expanded, issue, fix) for fix in issue.fixes)
    return msgspec.structs.replace(
        issue, path=_moved(expanded, issue.path), fixes=tuple(f for f in fixes if f is not None)
    )


def _moved_fix(expanded: Expanded, issue: Issue, fix: Fix) -> Fix | None:
    outermost = not (issue.node or "").count("/")
    patch: list[dict[str, Any]] = []
    for operation in fix.patch:
        path: str = operation["path"]
        adds = path.endswith("/-") or path.startswith("/layout")
        if (adds and not outermost) or any("/" in text for text in _texts(operation.get("value"))):
            return None
        patch.append(operation | {"path": _moved(expanded, path)})
    return msgspec.structs.replace(fix, patch=tuple(patch))


def _texts(value: Any) -> Iterator[str]:
    """Texts in a value that may be addresses of the flat graph."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (v for k, v in value.items() if k in ("from", "to", "id") and isinstance(v, str))


def _moved(expanded: Expanded, path: str) -> str:
    parts = path.split("/")
    if len(parts) < 3 or not parts[2].isdigit() or parts[1] not in ("nodes", "edges"):
        return path
    origin = (expanded.nodes if parts[1] == "nodes" else expanded.edges)[int(parts[2])]
    if len(parts) > 4 and parts[3] == "params" and parts[4] in origin.params:
        return "/".join([origin.params[parts[4]], *parts[5:]])
    return "/".join([origin.path, *parts[3:]])
