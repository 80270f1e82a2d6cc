"""Collects problems and puts them in document order."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from engine.issue import Fix, Issue
from engine.validate.codes import CODES, PHASES
from engine.validate.index import Vertex, downstream

_PHASE_RANK = {phase: rank for rank, phase in enumerate(PHASES)}


def pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in parts)


class Problems:
    """Problems in the order they are found; `issues` gives them by place: graph, nodes, edges, and there by phase."""

    def __init__(self) -> None:
        self._found: list[tuple[tuple[int, int, int, int], Issue, Vertex | None]] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(  # noqa: PLR0913 - the fields of an Issue
        self,
        code: str,
        message: str,
        *,
        vertex: Vertex | None = None,
        port: str | None = None,
        edge: int | None = None,
        param: str | None = None,
        expected: str | None = None,
        received: str | None = None,
        fixes: Sequence[Fix] = (),
        severity: Literal["error", "warning"] | None = None,
    ) -> None:
        """Adds a problem; its path follows from the place."""
        phase = CODES[code].phase
        issue = Issue(
            code=code,
            severity=severity or CODES[code].severity,
            phase=phase,
            message=message,
            node=vertex.id if vertex else None,
            port=port,
            edge=edge,
            param=param,
            path=_path(vertex, edge, param),
            expected=expected,
            received=received,
            fixes=tuple(fixes),
        )
        part, number = (2, edge) if edge is not None else (1, vertex.index) if vertex else (0, 0)
        self._found.append(((part, number, _PHASE_RANK[phase], len(self._found)), issue, vertex))

    def issues(self) -> tuple[Issue, ...]:
        """All problems in order, each error with the nodes it holds up."""
        blocked: dict[int, tuple[str, ...]] = {}
        result: list[Issue] = []
        for _, issue, vertex in sorted(self._found, key=lambda found: found[0]):
            if vertex is None or issue.severity == "warning":
                result.append(issue)
                continue
            if vertex.index not in blocked:
                blocked[vertex.index] = downstream(vertex)
            result.append(msgspec.structs.replace(issue, blocks=blocked[vertex.index]))
        return tuple(result)


def _path(vertex: Vertex | None, edge: int | None, param: str | None) -> str:
    if edge is not None:
        return pointer("edges", edge)
    if vertex is None:
        return ""
    return pointer("nodes", vertex.index, *(("params", param) if param is not None else ()))
