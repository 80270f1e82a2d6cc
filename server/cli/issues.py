"""Prints the problems of a graph, one line each."""

from collections.abc import Iterable
from typing import TextIO

import msgspec

from engine.errors import GraphError, NodeError
from engine.issue import Issue
from server.cli.words import one_line


def print_issues(issues: Iterable[Issue], out: TextIO) -> None:
    """One line per issue: severity, code, place, sentence, fix."""
    issues = list(issues)
    for issue in issues:
        fix = f"  [fix: {issue.fixes[0].label}]" if issue.fixes else ""
        print(f"{issue.severity:7} {issue.code:22} {one_line(place(issue) + issue.message + fix)}", file=out)
    errors = sum(i.severity == "error" for i in issues)
    if errors:
        print(f"{errors} error{'s' if errors > 1 else ''}: the graph cannot run", file=out)


def issues_of(error: GraphError | NodeError) -> tuple[Issue, ...]:
    """The problems because of which a graph did not run; a node that failed is one."""
    if isinstance(error, GraphError):
        return error.issues
    return (
        Issue(
            code="node_failed",
            severity="error",
            phase="runtime",
            message=one_line(error),
            node=error.node,
            bar_time=error.bar_time,
        ),
    )


def print_json(issues: tuple[Issue, ...], out: TextIO) -> None:
    """The document that stands in the place of a result: `{"ok": false, "issues": [...]}`."""
    text = msgspec.json.format(msgspec.json.encode({"ok": False, "issues": issues}), indent=2)
    out.write(text.decode() + "\n")


def place(issue: Issue) -> str:
    """`node.port: ` or `edge 3: ` where a message needs it; empty if the issue has no place."""
    if issue.node:
        inner = issue.port or issue.param
        return f"{issue.node}.{inner}: " if inner else f"{issue.node}: "
    return f"edge {issue.edge}: " if issue.edge is not None else ""
