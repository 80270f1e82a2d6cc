"""One-click repairs as JSON Patches on the document."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from engine.issue import Fix
from engine.node import Contract
from engine.validate.facts import Facts, facts_of
from engine.validate.index import Index, Vertex
from engine.validate.problems import pointer

Operation = dict[str, Any]


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one, if one is."""
    from difflib import get_close_matches

    found = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


def put(path: str, value: Any, op: str = "replace") -> Operation:
    """A patch operation that writes a value."""
    return {"op": op, "path": path, "value": value}


def remove_edge(edge: int) -> Fix:
    """Takes a wire out."""
    return Fix("remove_wire", "remove the wire", ({"op": "remove", "path": pointer("edges", edge)},))


def move_end(edge: int, end: str, address: str) -> Fix:
    """Puts one end ("from" or "to") of a wire on another port."""
    return Fix("rewire", f"use {address}", (put(pointer("edges", edge, end), address),))


def connect(source: str, target: str) -> Fix:
    """Adds a wire."""
    return Fix("connect", f"connect {source}", (put("/edges/-", {"from": source, "to": target}, "add"),))


def set_mode(vertex: Vertex, mode: str, label: str) -> Fix:
    """Mutes a node or switches it on."""
    return Fix(f"mode_{mode}", label, (put(pointer("nodes", vertex.index, "mode"), mode, "add"),))


def set_param(vertex: Vertex, name: str, value: Any, label: str = "") -> Fix:
    """Writes a param, also one that is missing."""
    path = pointer("nodes", vertex.index, "params", name)
    return Fix("set_param", label or f"set {name} to {_short(value)}", (put(path, value, "add"),))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def fresh_id(index: Index, base: str) -> str:
    """An id that is legal and not taken."""
    stem = re.sub(r"[^a-z0-9_]+", "_", base.lower()).strip("_")
    stem = stem if stem[:1].isalpha() and stem.isascii() else f"n_{stem}".rstrip("_")
    if stem not in index.by_id:
        return stem
    number = 2
    while f"{stem}_{number}" in index.by_id:
        number += 1
    return f"{stem}_{number}"


def rename(index: Index, vertex: Vertex) -> Fix:
    """Gives a node a legal id of its own; its wires and its place in the layout go with it, unless it is a twin."""
    new = fresh_id(index, vertex.id)
    patch = [put(pointer("nodes", vertex.index, "id"), new)]
    if not vertex.twin:
        for edge, wire in enumerate(index.graph.edges):
            for end, address in (("from", wire.source), ("to", wire.target)):
                node, dot, port = address.rpartition(".")
                if dot and node == vertex.id:
                    patch.append(put(pointer("edges", edge, end), f"{new}.{port}"))
        if vertex.id in index.graph.layout.nodes:
            patch.append({"op": "remove", "path": pointer("layout", "nodes", vertex.id)})
            patch.append(put(pointer("layout", "nodes", new), list(index.graph.layout.nodes[vertex.id]), "add"))
    return Fix("rename", f"rename it to {new!r}", tuple(patch))


def facts_named(registry: Mapping[str, type[Contract]], *tags: str) -> Iterable[Facts]:
    """Facts of those node types that exist, in the order of the tags."""
    for tag in tags:
        cls = registry.get(tag)
        if cls is not None:
            yield facts_of(cls)
