"""Phase params: every param there, of its type and in its range; nothing is coerced and nothing is filled in."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from engine.issue import Fix
from engine.timeframe import DURATIONS
from engine.validate.facts import Facts, preset_of
from engine.validate.fixes import closest, put, set_param
from engine.validate.index import Index, Vertex
from engine.validate.problems import Problems, pointer
from engine.validate.words import in_words, secret_in, shown


def check_params(index: Index, problems: Problems) -> None:
    """Checks all params and makes the node objects; nodes with a fault get none."""
    for vertex in index.vertices:
        facts = vertex.facts
        if facts is not None and vertex.current:
            _check_node(index, vertex, facts, problems)
        _check_secrets(vertex, problems)


def _check_node(index: Index, vertex: Vertex, facts: Facts, problems: Problems) -> None:
    params = vertex.spec.params
    strange = [name for name in facts.timeframes if _strange_timeframe(params.get(name))]
    if params.keys() == facts.names and not strange:
        try:
            node = msgspec.convert(params, facts.cls)
        except msgspec.ValidationError:
            pass  # explained below, param by param
        else:
            _finish(vertex, facts, node, problems)
            return
    before = len(problems)
    _explain(index, vertex, facts, strange, problems)
    if len(problems) == before:
        problems.add("bad_param", f"Node {vertex.id!r}: its type refuses these params; change them.", vertex=vertex)


def _strange_timeframe(value: Any) -> bool:
    return isinstance(value, str) and value != "" and value not in DURATIONS


def _finish(vertex: Vertex, facts: Facts, node: Any, problems: Problems) -> None:
    """Asks the node itself; its code may come from a pack, so an error in it becomes a problem of the node."""
    try:
        fault = node.check() if facts.has_check else None
        vertex.lookback = int(node.lookback()) if facts.has_lookback and fault is None else 1
    except Exception as error:
        fault = f"its own check failed with {type(error).__name__}: {error}"
    if fault is None:
        vertex.node = node
        return
    problems.add("bad_param", f"Node {vertex.id!r}: {fault.rstrip('.')}; change its params.", vertex=vertex)


def _explain(index: Index, vertex: Vertex, facts: Facts, strange: list[str], problems: Problems) -> None:
    params = vertex.spec.params
    missing = [name for name in facts.fields if name not in params]
    for name, value in params.items():
        if name not in facts.names:
            _report_unknown(index, vertex, facts, name, missing, problems)
            continue
        if name in strange:
            _report_timeframe(vertex, name, value, problems)
            continue
        try:
            msgspec.convert(value, facts.fields[name].type)
        except msgspec.ValidationError as error:
            _report_value(index, vertex, facts, name, str(error), problems)
    for name in missing:
        there, preset = preset_of(facts, name)
        wanted = in_words(facts.fields[name].type)
        problems.add(
            "missing_param",
            f"Node {vertex.id!r}: param {name!r} is missing; write it into the graph, {wanted}.",
            vertex=vertex,
            param=name,
            expected=wanted,
            fixes=[set_param(vertex, name, preset)] if there else [],
        )


def _report_unknown(
    index: Index, vertex: Vertex, facts: Facts, name: str, missing: list[str], problems: Problems
) -> None:
    near = closest(name, missing) if index.affords_hint() else None
    path = pointer("nodes", vertex.index, "params", name)
    fixes = [Fix("remove_param", f"remove {name}", ({"op": "remove", "path": path},))]
    if near and shown(name, vertex.spec.params[name]) != "(hidden)":
        new = pointer("nodes", vertex.index, "params", near)
        patch = ({"op": "remove", "path": path}, put(new, vertex.spec.params[name], "add"))
        fixes.insert(0, Fix("rename_param", f"rename it to {near}", patch))
    known = f"it has {', '.join(facts.fields)}" if facts.fields else "it has no params"
    problems.add(
        "unknown_param",
        f"Node {vertex.id!r}: there is no param {name!r}; {known}, remove or rename it.",
        vertex=vertex,
        param=name,
        expected=", ".join(facts.fields) or None,
        fixes=fixes,
    )


def _report_value(index: Index, vertex: Vertex, facts: Facts, name: str, error: str, problems: Problems) -> None:
    wanted, received = in_words(facts.fields[name].type), shown(name, vertex.spec.params[name])
    at = re.search(r" - at `\$(.*)`$", error)
    where = f"{name}{at[1]}" if at else name
    problems.add(
        _code_of(error),
        f"Node {vertex.id!r}: param {where!r} is {received}; it must be {wanted}.",
        vertex=vertex,
        param=name,
        expected=wanted,
        received=received,
        fixes=_repairs(vertex, facts, name) if index.affords_hint() else [],
    )


def _code_of(error: str) -> str:
    if error.startswith("Invalid enum value"):
        return "param_not_in_list"
    if re.match(r"Expected `[^`]+`, got `|Object |Invalid value", error):
        return "bad_param_type"
    return "param_out_of_range"


def _repairs(vertex: Vertex, facts: Facts, name: str) -> list[Fix]:
    """Values near the one that stands there which are accepted, the preset last."""
    kind, value = facts.fields[name].type, vertex.spec.params[name]
    accepted: list[Any] = []
    for candidate in _near(kind, value):
        if candidate not in accepted and _accepts(kind, candidate):
            accepted.append(candidate)
    there, preset = preset_of(facts, name)
    fixes = [set_param(vertex, name, a) for a in accepted[:1]]
    if there and preset not in accepted[:1] and _accepts(kind, preset):
        fixes.append(set_param(vertex, name, preset, f"set {name} back to {shown(name, preset)}"))
    return fixes


def _near(kind: Any, value: Any) -> Iterator[Any]:
    info = msgspec.inspect.type_info(kind)
    while isinstance(info, msgspec.inspect.Metadata):
        info = info.type
    if isinstance(value, float) and value.is_integer():
        yield int(value)
    if isinstance(value, str | bool | int | float):
        with suppress(msgspec.ValidationError):
            yield msgspec.to_builtins(msgspec.convert(value, kind, strict=False))
    if isinstance(info, msgspec.inspect.LiteralType) and isinstance(value, str):
        near = closest(value, [v for v in info.values if isinstance(v, str)])
        if near:
            yield near
    if isinstance(info, msgspec.inspect.IntType | msgspec.inspect.FloatType) and isinstance(value, int | float):
        yield from _bounds(info, value)


def _bounds(info: msgspec.inspect.IntType | msgspec.inspect.FloatType, value: float) -> Iterator[float]:
    if info.ge is not None and value < info.ge:
        yield info.ge
    if info.le is not None and value > info.le:
        yield info.le
    if isinstance(info, msgspec.inspect.IntType):
        if info.gt is not None and value <= info.gt:
            yield info.gt + 1
        if info.lt is not None and value >= info.lt:
            yield info.lt - 1


def _accepts(kind: Any, value: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _report_timeframe(vertex: Vertex, name: str, value: str, problems: Problems) -> None:
    near = closest(value, DURATIONS)
    problems.add(
        "bad_param",
        f"Node {vertex.id!r}: param {name!r} is {shown(name, value)}; it must be a timeframe: {', '.join(DURATIONS)}.",
        vertex=vertex,
        param=name,
        expected=f"one of {', '.join(DURATIONS)}",
        received=shown(name, value),
        fixes=[set_param(vertex, name, near)] if near else [],
    )


def _check_secrets(vertex: Vertex, problems: Problems) -> None:
    """Texts at any depth of the params, of ghost nodes as well."""
    for name, value in vertex.spec.params.items():
        if type(value) in (int, float, bool):
            continue
        queue: list[tuple[str, Any]] = [(name, value)]
        for key, part in queue:
            if isinstance(part, dict):
                queue.extend((str(k), v) for k, v in part.items())
            elif isinstance(part, list | tuple):
                queue.extend((key, v) for v in part)
            elif isinstance(part, str) and (what := secret_in(key, part)):
                problems.add(
                    "secret_in_params",
                    f"Node {vertex.id!r}: param {name!r} holds what looks like {what}; graphs are shared, store it as a"
                    " credential and name that.",
                    vertex=vertex,
                    param=name,
                )
                break
