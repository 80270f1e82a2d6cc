"""Reads the lines of the text form of a graph."""

import json
import re
from typing import Any

from engine.document import Edge, NodeSpec

BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*")
_SPACE = re.compile(r" *")
_NUMBER = re.compile(r"-?\d+")


class Reader:
    """Reads one line from left to right; every method raises ValueError if it finds something else."""

    def __init__(self, line: str) -> None:
        self._line = line.rstrip()
        self._at = 0

    def head(self) -> tuple[str, str, str, str]:
        self.expect("graph")
        identity, kind = self.text(), self.word()
        if kind not in ("advisor", "cycle"):
            raise ValueError(f"the kind of graph is {kind!r}; it must be advisor or cycle")
        result = (identity, kind, self.text(), self.text())
        self.end()
        return result

    def statement(self, nodes: list[NodeSpec], edges: list[Edge]) -> None:
        first = self.word()
        if self.takes("->"):
            edges.append(Edge(first, self.word()))
        else:
            self.expect("=")
            nodes.append(self._node(first, edges))
        self.end()

    def _node(self, identity: str, edges: list[Edge]) -> NodeSpec:
        tag = self.word()
        self.expect("@")
        version = self.number()
        self.expect("(")
        while not self.sees(";") and not self.sees(")"):
            port = self.word()
            self.expect("=")
            edges.append(Edge(self.word(), f"{identity}.{port}"))
            self.takes(",")
        params: dict[str, Any] = {}
        if self.takes(";"):
            while not self.sees(")"):
                key = self.word()
                self.expect("=")
                params[key] = self._value()
                self.takes(",")
        self.expect(")")
        mode = "mute" if self.takes("mute") else "bypass" if self.takes("bypass") else "on"
        policy = "hold"
        if self.takes("on_error="):
            policy = "skip" if self.takes("skip") else "pause"
            if policy == "pause":
                self.expect("pause")
        label = self.text() if self.sees('"') else ""
        return NodeSpec(identity, tag, version, params, mode, policy, label)

    def keyword(self, *words: str) -> str | None:
        """One of some words at the beginning, unless it is the name of a node or port."""
        start = self._at
        for word in words:
            if self.takes(f"{word} ") and not self.sees("=") and not self.sees("->"):
                return word
            self._at = start
        return None

    def words(self, sign: str) -> tuple[str, ...]:
        """A sign and any number of names with commas between them, up to the end of the line."""
        self.expect(sign)
        found: list[str] = []
        while self._line[self._at :].strip():
            if found:
                self.expect(",")
            found.append(self.word())
        return tuple(found)

    def _skip(self) -> None:
        space = _SPACE.match(self._line, self._at)
        self._at = space.end() if space else self._at

    def sees(self, token: str) -> bool:
        self._skip()
        return self._line.startswith(token, self._at)

    def takes(self, token: str) -> bool:
        found = self.sees(token)
        self._at += len(token) * found
        return found

    def expect(self, token: str) -> None:
        if not self.takes(token):
            rest = self._line[self._at : self._at + 20]
            raise ValueError(f"column {self._at + 1}: {token!r} expected, found {rest!r}")

    def end(self) -> None:
        if self._line[self._at :].strip():
            self.expect("end of line")

    def word(self) -> str:
        if self.sees('"'):
            return self.text()
        match = BARE.match(self._line, self._at)
        if match is None:
            self.expect("a name")
            return ""
        self._at = match.end()
        return match[0]

    def number(self) -> int:
        match = _NUMBER.match(self._line, self._at)
        if match is None:
            self.expect("a whole number")
            return 0
        self._at = match.end()
        return int(match[0])

    def text(self) -> str:
        value = self._value()
        if not isinstance(value, str):
            raise ValueError(f"column {self._at}: a text in quotes expected")
        return value

    def _value(self) -> Any:
        self._skip()
        value, self._at = json.JSONDecoder().raw_decode(self._line, self._at)
        return value
