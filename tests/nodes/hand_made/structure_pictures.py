"""Candles out of pictures: what stands in a test is what is run.

A line is a price, written at its beginning, a column is a bar.  `O` is the body of a bar that closed up, `#` of one
that closed down, `-` a body without height, `|` a wick:

    13  |      bar 0 opened at 10 and closed at 12, without wicks;
    12 O|      bar 1 opened at 11 and closed at 10, its high is 13
    11 O#
    10 O#-     bar 2 traded at 10 only
"""

from typing import Any

import numpy as np

from engine.candles import Candles, make_candles

HOUR = 3_600_000


def draw(picture: str) -> Candles:
    """The candles of a picture, hourly; a wick alone is a bar with its body at the top."""
    rows = []
    for line in filter(str.strip, picture.splitlines()):
        price = line.split()[0]
        rows.append((float(price), line[line.index(price) + len(price) + 1 :]))
    bars = []
    for column in range(max(len(text) for _, text in rows)):
        marks = [(price, text[column]) for price, text in rows if column < len(text) and text[column] != " "]
        if marks:
            bars.append(_bar(marks))
    opened, high, low, close = (np.array(c) for c in zip(*bars, strict=True))
    time = HOUR * np.arange(len(bars))
    columns: dict[str, Any] = {"open": opened, "high": high, "low": low, "close": close, "volume": np.ones(len(bars))}
    return make_candles("PICTURE", "1h", time=time, **columns)


def _bar(marks: list[tuple[float, str]]) -> tuple[float, float, float, float]:
    """Open, high, low, close of one column."""
    prices = [price for price, _ in marks]
    body = [(price, mark) for price, mark in marks if mark in "O#-"] or [(prices[0], "-")]
    assert len({mark for _, mark in body}) == 1, f"a body has one colour: {marks}"
    top, bottom = max(p for p, _ in body), min(p for p, _ in body)
    up = body[0][1] != "#"
    return (bottom, max(prices), min(prices), top) if up else (top, max(prices), min(prices), bottom)


def path(*prices: float) -> Candles:
    """Bars without height at these prices."""
    columns: dict[str, Any] = dict.fromkeys(("open", "high", "low", "close", "volume"), np.array(prices, float))
    return make_candles("PATH", "1h", time=HOUR * np.arange(len(prices)), **columns)
