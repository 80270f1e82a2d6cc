from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Line, Text, Texts


class Join(Node, frozen=True, tag="text.join"):
    """Puts several texts under one another.

    In: a to h, texts.
    Out: text, with a title above.
    """

    synonyms = ("concatenate", "append", "merge", "prompt")

    title: Annotated[
        str, msgspec.Meta(max_length=200, title="Title", description="line above the texts; empty = none")
    ] = ""

    def compute(
        self,
        a: Texts,
        b: Texts | None = None,
        c: Texts | None = None,
        d: Texts | None = None,
        e: Texts | None = None,
        f: Texts | None = None,
        g: Texts | None = None,
        h: Texts | None = None,
    ) -> Texts:
        parts = [text for text in (a, b, c, d, e, f, g, h) if text is not None]
        return Text(len(a), self.title, tuple(Line("", text) for text in parts))
