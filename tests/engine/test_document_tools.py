"""Upgrades, ghosts and the catalogue."""

import msgspec

from engine.document import canonical, decode, encode
from engine.ghosts import ghosts
from engine.schema import catalogue, document_schema
from engine.upgrade import upgrade
from engine.validate import validate
from tests.engine.documents import graph, node, sound
from tests.engine.tiny_nodes import REGISTRY


def test_upgrades_go_step_by_step_and_lose_no_wire():
    doc = sound()
    doc["nodes"][1] |= {"version": 1, "params": {"period": 9}}
    old = graph(doc)
    new, changes = upgrade(old, REGISTRY)
    assert new.nodes[1].params == {"length": 9, "weight": 0.5, "basis": "close"} and new.nodes[1].version == 3
    assert old.nodes[1].params == {"period": 9} and new.edges == old.edges
    assert [(c.node, c.from_version, c.to_version, c.problem) for c in changes] == [("ema", 1, 3, None)]
    assert validate(new, REGISTRY).ok


def test_an_upgrade_that_fails_says_why_and_leaves_the_node():
    doc = sound()
    doc["nodes"][1] |= {"version": 1, "params": {}}
    new, changes = upgrade(graph(doc), REGISTRY)
    assert new.nodes == graph(doc).nodes
    assert changes[0].problem == "upgrade from version 1 failed: KeyError: 'period'"


def test_ghosts_get_ports_from_their_wires():
    doc = sound()
    doc["nodes"][1] = {"id": "ema", "type": "pack.magic", "version": 7, "params": {"x": [1, {"y": 2}]}}
    doc["nodes"].append(node("other", "pack.other"))
    doc["edges"].append({"from": "other.out", "to": "ema.more"})
    first, second = ghosts(graph(doc), REGISTRY)
    assert first.inputs == {"source": "number", "more": None} and first.outputs == {"out": "number"}
    assert second.outputs == {"out": None} and first.params == {"x": [1, {"y": 2}]}


def test_saving_a_graph_with_faults_keeps_its_logic():
    doc = sound()
    doc["nodes"][1] = {"id": "ema", "type": "pack.magic", "version": 7, "params": {"x": 1.0, "y": "1", "z": None}}
    doc["nodes"][4]["params"]["surplus"] = 1
    doc["edges"].append({"from": "nowhere", "to": "gone.x"})
    broken = graph(doc)
    assert canonical(decode(encode(broken))) == canonical(broken)
    assert encode(decode(encode(broken))) == encode(broken)


def test_catalogue_says_all_a_palette_needs():
    entries = {entry.type: entry for entry in catalogue(REGISTRY)}
    assert list(entries) == sorted(REGISTRY)
    ema = entries["indicator.ema"]
    assert (ema.category, ema.kind, ema.version, ema.lookback, ema.synonyms) == (
        "indicator",
        "node",
        3,
        20,
        ("average",),
    )
    assert ema.params["properties"]["length"] == {
        "type": "integer", "minimum": 1, "maximum": 500, "title": "Length", "unit": "bars", "default": 20,
    }  # fmt: skip
    assert ema.params["required"] == ["length", "weight", "basis"] and not ema.params["additionalProperties"]
    assert ema.presets == {"length": 20, "weight": 0.5, "basis": "close"}
    assert [(p.name, p.kind, p.clock, p.optional) for p in entries["time.align"].inputs] == [
        ("source", "number", "other", False),
        ("candles", "candles", "", False),
    ]
    assert entries["order.place"].kind == "decision" and entries["order.place"].inputs[2].optional
    assert entries["text.prompt"].lookback is None and "text" not in entries["text.prompt"].presets
    assert entries["memory.delay"].breaks_cycle and entries["memory.counter"].kind == "fold"
    msgspec.json.encode(list(entries.values()))


def test_document_schema_is_closed():
    schema = document_schema()
    assert schema["$defs"]["Graph"]["additionalProperties"] is False
    assert set(schema["$defs"]) >= {"Graph", "NodeSpec", "Edge", "Layout", "Meta"}
