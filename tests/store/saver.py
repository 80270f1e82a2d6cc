"""A program that is killed while it saves, again and again: `python -m tests.store.saver URL GRAPH OWNER SEED`.

At each line on stdin it starts a child that saves without end, kills it at an instant chosen by chance, and tells what
the child had reported as saved.  The child is forked from this process, which has all imports behind it.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time

from engine.sim.synthetic import Market, synthetic_candles
from server.people import User
from server.store.database import Database
from server.store.logs import LogLine
from server.store.store import Store

BARS = 3_000  # of one save: two chunks at least
LINES = 100
EMPTY = {"schema_version": 1, "id": "saved", "kind": "advisor", "nodes": [], "edges": []}
HOUR = 3_600_000
SYMBOL, TIMEFRAME = "SYNTHUSDT", "1h"


def document(number: int) -> str:
    """A graph that says which revision it is, too large for one page of the database."""
    return json.dumps({**EMPTY, "name": f"saved {number}", "description": str(number % 10) * 40_000})


async def save(url: str, graph: str, owner: User, report: int) -> None:
    """Save revisions, candles and lines without end; each time tell which number is safe."""
    store = Store(Database(url), bytes(32))
    stored = await store.candles.find(SYMBOL, TIMEFRAME)
    head = (await store.graphs.find(graph, owner)).head
    start = stored.last + HOUR if stored else Market().start
    while True:
        await store.graphs.publish(graph, owner, document(head + 1), based_on=head, now=head)
        head += 1
        await store.candles.add(synthetic_candles(head, BARS, Market(start=start)))
        start += BARS * HOUR
        line = LogLine(at=head, level=30, component="saver", event="", message=f"save {head}")
        await store.logs.add([line] * LINES)
        os.write(report, b"%d\n" % head)


def one_kill(url: str, graph: str, owner: User, chance: random.Random) -> int:
    """Start a child, kill it, and tell the last save that it reported."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        asyncio.run(save(url, graph, owner, writing))
        os._exit(1)
    os.close(writing)
    told = os.read(reading, 20)  # it works
    time.sleep(chance.uniform(0, 0.05))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        told += pipe.read()
    return int(told.split()[-1]) if told else -1


def main() -> None:
    """A kill for each line."""
    url, graph, owner, seed = sys.argv[1:]
    chance = random.Random(int(seed))
    for _ in sys.stdin:
        print(one_kill(url, graph, User(id=owner, name=owner, role="user"), chance), flush=True)


if __name__ == "__main__":
    main()
