"""The text form as people read it."""

import pytest

from engine.document import canonical
from engine.errors import InputError
from engine.textform import parse, to_text
from tests.engine.documents import graph, sound

TEXT = """\
graph "test" advisor "Test" ""
candles = source.candles@1(; symbol="", timeframe="")
ema = indicator.ema@3(source=candles.close; basis="close", length=20, weight=0.5) bypass on_error=pause "slow one"
cross = compare.cross_above@1(a=candles.close, b=ema.out)
entry = signal.flags@1(enter_long=cross.out, price=candles.close)
size = size.risk@1(; percent=1.0)
stop = stop.percent@1(signal=entry.out; percent=2.0)
order = order.place@1(signal=stop.out, size=size.out; order="market")
ema.out -> gone.in
"""


def test_one_line_per_node_in_the_order_of_computing():
    doc = sound()
    doc["nodes"][1] |= {"mode": "bypass", "label": "slow one", "on_error": "pause"}
    doc["edges"].append({"from": "ema.out", "to": "gone.in"})
    assert to_text(graph(doc)) == TEXT
    assert canonical(parse(TEXT)) == canonical(graph(doc))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        ('graph "a" robot "" ""', "must be advisor or cycle"),
        ('graph "a" advisor "" "" more', "line 1"),
        ('graph "a" advisor "" ""\nx = y@z()', "line 2: column 7: 'a whole number' expected"),
        ('graph "a" advisor "" ""\nx = y@1(a=b.c; n=)', "line 2"),
        ('graph "a" advisor "" ""\n\nx - y', "line 3"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, says: str):
    with pytest.raises(InputError, match=says):
        parse(text, "file.txt")
