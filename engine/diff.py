"""What changed between two revisions of a graph, in sentences a trader can check.

    diff(before, after) -> Diff
    diff.changes[0].sentence == "ema_fast: length 20 → 50"

Every change names its place and both values, so the changes together are the whole difference.  The order of nodes and
wires in the document means nothing and is no change; what only moves things on the canvas is counted, not told.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from engine.document import Edge, Graph, Interface, NodeSpec, logic_hash

Action = Literal["added", "removed", "changed", "moved"]


class Change(msgspec.Struct, frozen=True):
    """One difference.

    `place` leads to it: ("nodes", id, "params", name), ("edges", target), ("subgraphs", name, "nodes", …).  Of several
    things with one name the later ones have "#2", "#3" … behind it.  `before` and `after` are plain values, None where
    there is nothing; of a moved wire they are its sources.  `within` are the sub-graphs it stands in.
    """

    action: Action
    place: tuple[str, ...]
    sentence: str
    before: Any = None
    after: Any = None
    within: tuple[str, ...] = ()

    @property
    def node(self) -> str | None:
        """The node it is about, as its document calls it."""
        inner = self.place[2 * len(self.within) :]
        if inner[0] == "edges":
            return inner[1].partition("#")[0].rpartition(".")[0]
        return inner[1].partition("#")[0] if inner[0] == "nodes" else None


class Diff(msgspec.Struct, frozen=True):
    """All changes in the order of the document, and how many things only lie elsewhere on the canvas."""

    changes: tuple[Change, ...]
    moves: int
    same_logic: bool

    @property
    def verdict(self) -> str:
        """The whole in a sentence."""
        moved = f"{self.moves} thing{'s' if self.moves != 1 else ''} moved on the canvas" if self.moves else ""
        if not self.changes:
            return f"Nothing changed but the layout: {moved}." if moved else "The two are equal."
        logic = "Both trade the same: the logic is equal." if self.same_logic else ""
        count = f"{len(self.changes)} change{'s' if len(self.changes) != 1 else ''}"
        return " ".join(part for part in (f"{count}{', ' + moved if moved else ''}.", logic) if part)


def diff(before: Graph, after: Graph) -> Diff:
    """The difference of two documents; authors and messages of revisions are not looked at."""
    changes = tuple(_document(before, after, ()))
    return Diff(changes, _moves(before, after), logic_hash(before) == logic_hash(after))


def _document(before: Graph, after: Graph, within: tuple[str, ...]) -> Iterator[Change]:
    for change in _level(before, after):
        place = (*(part for name in within for part in ("subgraphs", name)), *change.place)
        told = f"In sub-graph {' / '.join(within)}: {change.sentence}" if within else change.sentence
        yield msgspec.structs.replace(change, place=place, sentence=told, within=within)
    for name in _both(before.subgraphs, after.subgraphs):
        if name in before.subgraphs and name in after.subgraphs:
            yield from _document(before.subgraphs[name], after.subgraphs[name], (*within, name))


def _level(before: Graph, after: Graph) -> Iterator[Change]:
    """Changes of one document without those inside its definitions."""
    for name in ("id", "name", "kind", "description"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            told = (
                "The description changed" if name == "description" else f"The {name} is {_text(new)}, was {_text(old)}"
            )
            yield Change("changed", (name,), told, old, new)
    yield from _nodes(before.nodes, after.nodes)
    yield from _edges(before.edges, after.edges)
    yield from _listed("parameters", "parameter", before.parameters, after.parameters)
    yield from _interface(before.interface, after.interface)
    for name in _both(before.subgraphs, after.subgraphs):
        if not (name in before.subgraphs and name in after.subgraphs):
            yield _whole("subgraphs", f"sub-graph {name}", name, before.subgraphs.get(name), after.subgraphs.get(name))
    yield from _listed("tests", "test", before.tests, after.tests)


# --- nodes ------------------------------------------------------------------------------------------------------------


def _nodes(before: Sequence[NodeSpec], after: Sequence[NodeSpec]) -> Iterator[Change]:
    old, new = _numbered([(n.id, n) for n in before]), _numbered([(n.id, n) for n in after])
    for key in _both(old, new):
        a, b = old.get(key), new.get(key)
        if a is not None and b is not None:
            yield from _node(key, a, b)
        elif b is not None:
            yield Change("added", ("nodes", key), f"Added {_called(b)} ({_summary(b)})", None, _plain(b))
        elif a is not None:
            yield Change("removed", ("nodes", key), f"Removed {_called(a)} ({_summary(a)})", _plain(a), None)


def _node(key: str, before: NodeSpec, after: NodeSpec) -> Iterator[Change]:
    called = _called(after)
    for name in ("type", "version", "mode", "on_error", "label"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield Change("changed", ("nodes", key, name), _field(called, before.id, name, old, new), old, new)
    for name in _both(before.params, after.params):
        place = ("nodes", key, "params", name)
        if name not in before.params:
            new = after.params[name]
            yield Change("added", place, f"{called}: new param {name} = {_text(new)}", None, new)
        elif name not in after.params:
            old = before.params[name]
            yield Change("removed", place, f"{called}: param {name} removed, was {_text(old)}", old, None)
        elif not _same(before.params[name], after.params[name]):
            old, new = before.params[name], after.params[name]
            yield Change("changed", place, f"{called}: {name} {_text(old)} → {_text(new)}", old, new)


def _field(called: str, node: str, name: str, old: Any, new: Any) -> str:
    """The sentence about a field of a node."""
    if name == "mode":
        states = {"on": "on", "mute": "muted", "bypass": "bypassed"}
        return f"{called} is {states[new]}, was {states[old]}"
    if name == "label":
        return f"{node} is called {_text(new)}, was {_text(old)}"
    words = {"type": "type", "version": "version", "on_error": "on an error"}
    return f"{called}: {words[name]} {old} → {new}"


def _called(node: NodeSpec) -> str:
    return node.label or node.id or "a node without id"


def _summary(node: NodeSpec) -> str:
    params = ", ".join(f"{name} {_text(value)}" for name, value in node.params.items())
    mode = "" if node.mode == "on" else node.mode
    return "; ".join(part for part in (node.type, params, mode) if part)


# --- wires ------------------------------------------------------------------------------------------------------------


def _edges(before: Sequence[Edge], after: Sequence[Edge]) -> Iterator[Change]:
    """Wires by what they feed.  One that comes from elsewhere now has moved; equal ones are told by their number."""
    old, new = _sources(before), _sources(after)
    for target in _both(old, new):
        gone, come = list(old.get(target, ())), list(new.get(target, ()))
        for source in old.get(target, ()):
            if source in come:
                gone.remove(source)
                come.remove(source)
        for number in range(max(len(gone), len(come))):
            a = gone[number] if number < len(gone) else None
            b = come[number] if number < len(come) else None
            place = ("edges", target)
            if a is not None and b is not None:
                yield Change("moved", place, f"{_port(target)} now gets {_port(b)}, was {_port(a)}", a, b)
            elif b is not None:
                yield Change("added", place, f"Wired {_port(b)} → {_port(target)}", None, b)
            else:
                yield Change("removed", place, f"Unwired {_port(a or '')} → {_port(target)}", a, None)


def _sources(edges: Sequence[Edge]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for edge in edges:
        found.setdefault(edge.target, []).append(edge.source)
    return found


def _port(address: str) -> str:
    return address or "(nowhere)"


# --- what a graph shows to others, and its tests ----------------------------------------------------------------------


def _listed(field: str, word: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Change]:
    """Named things: which came, which went, and of the others what changed."""
    old, new = _numbered([(item.name, item) for item in before]), _numbered([(item.name, item) for item in after])
    for key in _both(old, new):
        a, b = old.get(key), new.get(key)
        if a is None or b is None:
            yield _whole(field, f"{word} {key}", key, a, b)
        else:
            yield from _fields((field, key), f"{word} {key}", a, b)


def _fields(place: tuple[str, ...], called: str, before: Any, after: Any) -> Iterator[Change]:
    old, new = _plain(before), _plain(after)
    for name in _both(old, new):
        if not _same(old.get(name), new.get(name)):
            told = f"{_capital(called)}: {name} {_text(old.get(name))} → {_text(new.get(name))}"
            yield Change("changed", (*place, name), told, old.get(name), new.get(name))


def _interface(before: Interface | None, after: Interface | None) -> Iterator[Change]:
    if before is None or after is None:
        if before is not after:
            a, b = before and _plain(before), after and _plain(after)
            told = "The graph has an interface now" if after else "The graph has no interface any more"
            yield Change("added" if after else "removed", ("interface",), told, a, b)
        return
    if before.version != after.version:
        told = f"The interface is version {after.version}, was {before.version}"
        yield Change("changed", ("interface", "version"), told, before.version, after.version)
    for field, word in (("inputs", "interface input"), ("outputs", "interface output")):
        for change in _listed(field, word, getattr(before, field), getattr(after, field)):
            yield msgspec.structs.replace(change, place=("interface", *change.place))


def _whole(field: str, called: str, key: str, before: Any, after: Any) -> Change:
    """Something that came or went as a whole."""
    a, b = (None if item is None else _plain(item) for item in (before, after))
    return Change("added" if b else "removed", (field, key), f"{'Added' if b else 'Removed'} {called}", a, b)


# --- the canvas -------------------------------------------------------------------------------------------------------


def _moves(before: Graph, after: Graph) -> int:
    old, new = before.layout, after.layout
    stay = {node.id for node in before.nodes} & {node.id for node in after.nodes}
    count = sum(old.nodes.get(name) != new.nodes.get(name) for name in _both(old.nodes, new.nodes) if name in stay)
    count += not _same(old.frames, new.frames)
    count += not _same(old.notes, new.notes)
    inner = before.subgraphs.keys() & after.subgraphs.keys()
    return count + sum(_moves(before.subgraphs[name], after.subgraphs[name]) for name in inner)


# --- values -----------------------------------------------------------------------------------------------------------


def _numbered(items: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Things by name; a later one of the same name gets its number behind it."""
    found: dict[str, Any] = {}
    for name, item in items:
        key, number = name, 1
        while key in found:
            number += 1
            key = f"{name}#{number}"
        found[key] = item
    return found


def _both(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [*before, *(name for name in after if name not in before)]


def _same(before: Any, after: Any) -> bool:
    """As JSON: 1, 1.0 and true are three values."""
    return _json(before) == _json(after)


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _plain(item: Any) -> Any:
    return msgspec.to_builtins(item)


def _text(value: Any) -> str:
    return '""' if value == "" else value if isinstance(value, str) else _json(value).decode()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
