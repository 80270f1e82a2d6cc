"""Reads the ports of a node from the signature of its method."""

import inspect
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from engine.errors import RegistryError
from engine.node import Contract, Decision, Fold, Node, Query
from engine.values import Port, Times, Watched, WireKinds


class Input(msgspec.Struct, frozen=True):
    """An input port: kind and clock of its wire, and whether the node works without it."""

    kind: str
    clock: str
    optional: bool


class Signature(msgspec.Struct, frozen=True):
    """Ports of a node type by name, and the arguments the runner fills in.

    `times` are those for closing times (name → clock), `kinds` that for the kinds of what is connected, `symbols`
    that for the symbols of the watchlist.
    """

    inputs: dict[str, Input]
    outputs: dict[str, Port]
    times: dict[str, str]
    account: str | None = None  # name of a Decision's account argument
    kinds: str | None = None
    symbols: str | None = None


@cache
def signature_of(cls: type[Contract]) -> Signature:
    """The ports of a node class.  Raises RegistryError naming the class and the argument that is not a port."""
    method = _method(cls)
    hints = get_type_hints(method, include_extras=True)
    inputs: dict[str, Input] = {}
    times: dict[str, str] = {}
    account = kinds = symbols = None
    for name, parameter in inspect.signature(method).parameters.items():
        if name in ("self", "state", "reply"):
            continue
        marker, optional = _marker(hints.get(name))
        if isinstance(marker, Times):
            times[name] = marker.clock
        elif isinstance(marker, Port):
            inputs[name] = Input(marker.kind, marker.clock, optional or parameter.default is None)
        elif isinstance(marker, WireKinds):
            kinds = name
        elif isinstance(marker, Watched):
            symbols = name
        elif name == "account":
            account = name
        else:
            raise RegistryError(f"{cls.__module__}: argument {name!r} of {cls.__name__} is not a port type")
    return Signature(inputs, _outputs(cls, hints.get("return")), times, account, kinds, symbols)


def _method(cls: type[Contract]) -> Any:
    names = {Node: "compute", Fold: "step", Decision: "step", Query: "ask"}
    for kind, name in names.items():
        if issubclass(cls, kind):
            method = getattr(cls, name, None)
            if method is None:
                raise RegistryError(f"{cls.__module__}: {cls.__name__} has no method {name!r}")
            return method
    raise RegistryError(f"{cls.__module__}: {cls.__name__} is neither Node, Fold, Query nor Decision")


def _marker(hint: Any) -> tuple[Port | Times | Watched | WireKinds | None, bool]:
    """The port marker inside a type hint, and whether the hint allows None."""
    if get_origin(hint) in (Union, UnionType):
        arms = [a for a in get_args(hint) if a is not NoneType]
        return _marker(arms[0])[0], len(arms) < len(get_args(hint))
    if get_origin(hint) is Annotated:
        for extra in get_args(hint)[1:]:
            if isinstance(extra, Port | Times | Watched | WireKinds):
                return extra, False
    return None, False


def _outputs(cls: type[Contract], hint: Any) -> dict[str, Port]:
    if issubclass(cls, Decision):
        return {}
    if issubclass(cls, Query):
        read: Any = vars(cls)["read"]
        hint = get_type_hints(read, include_extras=True).get("return")
    if issubclass(cls, Fold):
        hint = get_args(hint)[1]  # tuple[State, outputs]
    fields: tuple[str, ...] | None = getattr(hint, "_fields", None)
    hints = get_type_hints(hint, include_extras=True) if fields else {"out": hint}
    ports: dict[str, Port] = {}
    for name in fields or ("out",):
        marker, _ = _marker(hints[name])
        if not isinstance(marker, Port):
            raise RegistryError(f"{cls.__module__}: output {name!r} of {cls.__name__} is not a port type")
        ports[name] = marker
    return ports
