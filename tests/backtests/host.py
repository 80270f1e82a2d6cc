"""A process that runs the service, to be killed: `python -m tests.backtests.host URL USER RUNS`.

It prints the id of its worker process, then the stage of every event, until somebody ends it or nothing is left to run.
"""

import asyncio
import sys

from server.backtests.limits import Limits
from server.clock import now
from server.live import Live
from server.people import User
from server.store.database import Database
from server.store.store import Store
from tests.backtests.conftest import LONG
from tests.backtests.started import Started


async def main(url: str, user: str, runs: int) -> None:
    """Run what waits and `runs` back-tests more."""
    store = Store(Database(url), bytes(32))
    owner, live = User(id=user, name="Anna", role="user"), Live(store.events, now)
    started, seen = Started(store, live, owner, Limits()), await live.last()
    await started.service.start()
    await started.service.workers[0].start()
    print("worker", started.service.workers[0].pid, flush=True)
    for _ in range(runs):
        await started.submit(LONG)
    async for event in live.stream(owner.id, seen):
        if event:
            print(event.data["status"], event.data["stage"], flush=True)
            if event.data["status"] == "done" and not (await store.backtests.list(owner, status="active")).items:
                break
    await started.service.stop()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
