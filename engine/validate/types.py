"""Phase types: what a wire carries must be what its input takes."""

from engine.validate.facts import carries_time
from engine.validate.index import Index
from engine.validate.insertion import converter
from engine.validate.problems import Problems
from engine.validate.words import a

ANY = "any"  # an input that takes every kind that has one value per bar


def check_types(index: Index, problems: Problems) -> None:
    """Reports wires between ports of different kinds."""
    for wire in index.wires:
        facts, kind = wire.target.facts, wire.kind
        if facts is None or kind is None:
            continue
        port = facts.inputs.get(wire.target_port)
        if port is None or port.kind == kind or (port.kind == ANY and carries_time(kind)):
            continue
        fix = converter(index, wire, port.kind) if index.affords_hint() else None
        problems.add(
            "type_mismatch",
            f"Node {wire.target.id!r}: input {wire.target_port!r} takes {a(port.kind)}, but"
            f" {wire.source.id}.{wire.source_port} is {a(kind)}; connect {a(port.kind)} or convert it.",
            vertex=wire.target,
            port=wire.target_port,
            edge=wire.index,
            expected=port.kind,
            received=kind,
            fixes=[fix] if fix else [],
        )
