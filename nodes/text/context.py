from typing import Annotated, Any

import msgspec

from engine.node import Node
from engine.values import CandleColumns, Kinds, Line, Signal, Text, Texts, Value

PORTS = "abcdefgh"
PRICES = ("open", "high", "low", "close", "volume")
Word = Annotated[str, msgspec.Meta(max_length=100)]


class Context(Node, frozen=True, tag="text.context"):
    """Puts values of any kind into words, a line each: what a prompt will be given.

    In: a to h, values of any kind on one clock.
    Out: text, a title and a line "name: value unit" for each connected input, five for candles; what is not known is
    said to be not yet known. Nothing is written until a bar is read.
    """

    synonyms = ("prompt", "llm", "describe", "report", "words", "advisor context", "note")

    title: Annotated[
        str, msgspec.Meta(max_length=200, title="Title", description="line above the values; empty = none")
    ] = ""
    names: Annotated[
        tuple[Word, ...],
        msgspec.Meta(max_length=8, title="Names", description="of a, b, ... in order; a letter where there is none"),
    ] = ()
    units: Annotated[
        tuple[Word, ...],
        msgspec.Meta(max_length=8, title="Units", description="of a, b, ... in order, put behind the value"),
    ] = ()
    digits: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=0, le=12)], ...],
        msgspec.Meta(
            min_length=1, max_length=8, title="Digits", description="of a, b, ..., after the point; then the last"
        ),
    ] = (2,)

    def compute(  # noqa: PLR0913  as many inputs
        self,
        a: Value,
        b: Value = None,
        c: Value = None,
        d: Value = None,
        e: Value = None,
        f: Value = None,
        g: Value = None,
        h: Value = None,
        kinds: Kinds | None = None,
    ) -> Texts:
        lines: list[Line] = []
        for place, value in enumerate((a, b, c, d, e, f, g, h)):
            if value is not None:
                lines += self._lines(place, value, (kinds or {}).get(PORTS[place], ""))
        return Text(rows_in(a), self.title, tuple(lines))

    def _lines(self, place: int, value: Any, kind: str) -> list[Line]:
        name = self.names[place] if place < len(self.names) and self.names[place] else PORTS[place]
        unit = self.units[place] if place < len(self.units) else ""
        digits = self.digits[min(place, len(self.digits) - 1)]
        if isinstance(value, CandleColumns):
            return [Line(f"{name} {part}", getattr(value, part), digits, unit) for part in PRICES]
        return [Line(name, value, digits, unit, kind)]


def rows_in(value: Any) -> int:
    """The bars of a value of any kind."""
    return len(value.direction if isinstance(value, Signal) else value)
