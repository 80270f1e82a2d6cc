"""Prints the problems of a graph, one line each."""

from collections.abc import Iterable
from typing import TextIO

from engine.issue import Issue


def print_issues(issues: Iterable[Issue], out: TextIO) -> None:
    """One line per issue: severity, code, place, sentence, fix."""
    issues = list(issues)
    for issue in issues:
        fix = f"  [fix: {issue.fixes[0].label}]" if issue.fixes else ""
        print(f"{issue.severity:7} {issue.code:22} {place(issue)}{issue.message}{fix}", file=out)
    errors = sum(i.severity == "error" for i in issues)
    if errors:
        print(f"{errors} error{'s' if errors > 1 else ''}: the graph cannot run", file=out)


def place(issue: Issue) -> str:
    """`node.port: ` or `edge 3: ` where a message needs it; empty if the issue has no place."""
    if issue.node:
        inner = issue.port or issue.param
        return f"{issue.node}.{inner}: " if inner else f"{issue.node}: "
    return f"edge {issue.edge}: " if issue.edge is not None else ""
