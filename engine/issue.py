"""One thing wrong with a graph, in a shape that editor, command line and runtime share."""

from typing import Any, Literal

import msgspec

Phase = Literal["structure", "types", "params", "time", "data", "risk", "runtime"]


class Fix(msgspec.Struct, frozen=True):
    """A one-click repair: `patch` is a JSON Patch (RFC 6902) on the graph document."""

    id: str
    label: str
    patch: tuple[dict[str, Any], ...]


class Issue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One problem with its place.

    `path` is a JSON pointer into the document; `expected`/`received` are types or ranges in words; `blocks` are the
    nodes downstream that cannot run because of it.  `bar_time` and `inputs` are set for problems at run time.
    """

    code: str
    severity: Literal["error", "warning"]
    phase: Phase
    message: str
    node: str | None = None
    port: str | None = None
    edge: int | None = None
    param: str | None = None
    path: str | None = None
    expected: str | None = None
    received: str | None = None
    blocks: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()
    bar_time: int | None = None
    inputs: dict[str, Any] | None = None
