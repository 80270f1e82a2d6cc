"""Errors the engine raises on purpose.

EngineError
├── InputError      something given from outside cannot be read or is impossible (exit code 2)
├── GraphError      a graph is readable but not valid; carries all issues (exit code 1)
├── NodeError       a node failed while it ran; names node and bar
└── RegistryError   the set of node classes is inconsistent; the program cannot start
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.issue import Issue


class EngineError(Exception):
    """Root of every error the engine raises on purpose."""


class InputError(EngineError):
    """A file, document or setting from outside is unreadable or impossible; one sentence: what, where, what to do."""


class GraphError(EngineError):
    """A graph that cannot run; `issues` holds every problem found, errors and warnings."""

    def __init__(self, issues: "tuple[Issue, ...]") -> None:
        self.issues = issues
        super().__init__("; ".join(i.message for i in issues if i.severity == "error"))


class NodeError(EngineError):
    """A node failed while it ran; the original exception is chained."""

    def __init__(self, node: str, message: str, bar_time: int | None = None) -> None:
        self.node, self.bar_time = node, bar_time
        super().__init__(f"node {node!r}: {message}")


class RegistryError(EngineError):
    """A node module is broken: does not import, has no tag, a doubled tag or an untyped port."""
