"""Only one server works on a database, and one that was killed is in nobody's way."""

import asyncio
import subprocess
import sys

import pytest

from engine.errors import InputError
from server.store.database import Database
from server.store.lease import Lease
from tests.conftest import PostgresDatabases
from tests.databases import PostgreSQL

HOLDER = """
import asyncio, sys
from server.store.database import Database
from server.store.lease import Lease
async def hold():
    await Lease(Database(sys.argv[1])).take()
    print("held", flush=True)
    await asyncio.Event().wait()
asyncio.run(hold())
"""


async def test_a_second_server_is_refused_until_the_first_has_ended(migrated_url: str) -> None:
    databases = [Database(migrated_url), Database(migrated_url)]
    first, second = map(Lease, databases)
    await first.take()
    with pytest.raises(InputError, match="another Tradegraph server runs on the database"):
        await second.take()
    await first.release()
    await second.take()
    for lease, database in zip((first, second), databases, strict=True):
        await lease.release()
        await database.close()


async def test_a_killed_server_is_in_nobodys_way(migrated_url: str) -> None:
    process = await asyncio.to_thread(
        subprocess.Popen, [sys.executable, "-c", HOLDER, migrated_url], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout and await asyncio.to_thread(process.stdout.readline) == "held\n"
    database = Database(migrated_url)
    lease = Lease(database)
    with pytest.raises(InputError):
        await lease.take()
    process.kill()
    await lease.take()  # at once: it need not be waited for
    await lease.release()
    await database.close()
    process.communicate()


async def test_it_is_held_again_after_a_restart_of_the_database(
    postgres: PostgreSQL, postgres_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.store.lease._LOOK", 0.01)
    monkeypatch.setattr("server.store.lease._PATIENCE", 0.0)
    server = PostgresDatabases(postgres.url("postgres"))
    name = await server.make(postgres_template)
    database, other = Database(server.url(name)), Database(server.url(name))
    first, second = Lease(database), Lease(other)
    await first.take()
    for word in ("stop", "start"):
        await asyncio.to_thread(postgres.ask, word)
    for _ in range(1_000):  # until it has looked
        try:
            await second.take()
        except InputError:
            break
        await second.release()
        await asyncio.sleep(0.02)
    else:
        pytest.fail("nobody holds it")
    for lease, one in ((first, database), (second, other)):
        await lease.release()
        await one.close()
    await server.drop(name)
