"""Phase types: what an interface says of its ports must be so."""

from engine.validate.index import Index
from engine.validate.places import Expanded
from engine.validate.problems import Problems
from engine.validate.types import ANY


def check_interfaces(index: Index, expanded: Expanded, problems: Problems) -> None:
    """Reports ports of interfaces that stand for no port, or for one of another kind."""
    reported: set[tuple[str, str, str]] = set()
    for facing in expanded.facings:
        node, _, port = facing.address.rpartition(".")
        vertex = index.by_id.get(node)
        if vertex is None or vertex.facts is None:
            continue  # not taken, an embedded graph of its own, or reported as an unknown type
        entry = (vertex.facts.outputs if facing.output else vertex.facts.inputs).get(port)
        found = entry.kind if entry else None
        key = (facing.place.path, facing.name, facing.address.rpartition("/")[2])
        if found in (facing.kind, ANY) or key in reported:
            continue
        reported.add(key)
        word = "output" if facing.output else "input"
        what = f"{node}.{port} is {found}" if found else f"{node} has no {word} {port!r}"
        problems.add(
            "bad_interface",
            f"Interface {word} {facing.name!r} is said to be {facing.kind}, but {what}; write what is so.",
            vertex=vertex,
            port=port,
            expected=found,
            received=facing.kind,
        )
