"""Builds graph documents for tests as plain JSON data, and applies JSON Patches to them."""

import copy
from typing import Any

import msgspec

from engine.document import Graph, decode, encode
from engine.validate.facts import facts_of, preset_of
from tests.engine.tiny_nodes import REGISTRY

Doc = dict[str, Any]


def node(identity: str, tag: str, **params: Any) -> Doc:
    """A node with presets for the params that are not given."""
    facts = facts_of(REGISTRY[tag]) if tag in REGISTRY else None
    presets = {n: v for n in facts.fields for there, v in [preset_of(facts, n)] if there} if facts else {}
    version = facts.cls.version if facts else 1
    return {"id": identity, "type": tag, "version": version, "params": {**presets, **params}}


def document(nodes: list[Doc], wires: list[str]) -> Doc:
    """A document; wires are written "candles.close > ema.source"."""
    ends = [wire.split(" > ") for wire in wires]
    return {
        "schema_version": 1,
        "id": "test",
        "name": "Test",
        "kind": "advisor",
        "description": "",
        "nodes": nodes,
        "edges": [{"from": a, "to": b} for a, b in ends],
    }


def sound() -> Doc:
    """A graph without a fault: nodes 0 candles, 1 ema, 2 cross, 3 entry, 4 stop, 5 size, 6 order; eight wires."""
    return document(
        [
            node("candles", "source.candles"),
            node("ema", "indicator.ema"),
            node("cross", "compare.cross_above"),
            node("entry", "signal.flags"),
            node("stop", "stop.percent"),
            node("size", "size.risk"),
            node("order", "order.place"),
        ],
        [
            "candles.close > ema.source",
            "candles.close > cross.a",
            "ema.out > cross.b",
            "cross.out > entry.enter_long",
            "candles.close > entry.price",
            "entry.out > stop.signal",
            "stop.out > order.signal",
            "size.out > order.size",
        ],
    )


def graph(doc: Doc) -> Graph:
    """The document as it is read from a file."""
    return decode(msgspec.json.encode(doc))


def plain(document: Graph) -> Doc:
    """The document as JSON data."""
    return msgspec.json.decode(encode(document))


def patched(doc: Doc, patch: tuple[dict[str, Any], ...]) -> Doc:
    """The document after a JSON Patch of add, remove and replace."""
    result = copy.deepcopy(doc)
    for operation in patch:
        *way, last = [p.replace("~1", "/").replace("~0", "~") for p in operation["path"].split("/")[1:]]
        place: Any = result
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place[part]
        _apply(place, last, operation)
    return result


def _apply(place: Any, last: str, operation: dict[str, Any]) -> None:
    key: Any = last if isinstance(place, dict) or last == "-" else int(last)
    if operation["op"] == "remove":
        del place[key]
    elif operation["op"] == "replace":
        assert key in place if isinstance(place, dict) else key < len(place)
        place[key] = operation["value"]
    elif isinstance(place, list):
        place.insert(len(place) if key == "-" else key, operation["value"])
    else:
        place[key] = operation["value"]
