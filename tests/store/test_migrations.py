"""One history for both databases, equal to the tables the program works with."""

import asyncio

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError, IntegrityError

from engine.errors import InputError
from server.store.database import Database
from server.store.tables import metadata
from server.store.upgrade import config, pending, upgrade


def history() -> list[str]:
    return [r.revision for r in ScriptDirectory.from_config(config()).walk_revisions()][::-1]


@pytest.fixture
async def empty(empty_url: str):
    database = Database(empty_url)
    yield database
    await database.close()


async def test_up_from_empty_and_nothing_twice(empty: Database) -> None:
    assert await pending(empty) == history()
    assert await upgrade(empty) == history()
    assert await pending(empty) == []
    assert await upgrade(empty) == []


async def test_the_history_makes_the_tables_of_the_program(database: Database) -> None:
    def differences(connection: sa.Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_event_ids_are_never_given_twice_on_sqlite(sqlite_database: Database) -> None:
    async with sqlite_database.read() as connection:
        made = await connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'events'")
        assert "AUTOINCREMENT" in made.scalar_one()


async def test_two_programs_that_upgrade_at_once_wait_for_each_other(empty_url: str) -> None:
    programs = [Database(empty_url) for _ in range(4)]
    applied = await asyncio.gather(*map(upgrade, programs))
    assert sorted(applied) == [*[[]] * 3, history()]
    for database in programs:
        await database.close()


async def test_a_database_of_a_newer_program_is_refused(database: Database) -> None:
    async with database.write() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for ask in (upgrade, pending):
        with pytest.raises(InputError, match=r"at revision 9999, .* newer one has upgraded it; update Tradegraph"):
            await ask(database)


async def test_a_failed_upgrade_leaves_nothing(empty: Database) -> None:
    """The last table of the first revision is there already, so that its creation fails."""
    name = metadata.sorted_tables[-1].name
    async with empty.write() as connection:
        await connection.exec_driver_sql(f"CREATE TABLE {name} (id INTEGER)")
    with pytest.raises(DBAPIError):
        await upgrade(empty)
    async with empty.read() as connection:
        assert await connection.run_sync(lambda c: sa.inspect(c).get_table_names()) == [name]


async def test_foreign_keys_hold_after_an_upgrade(empty: Database) -> None:
    await upgrade(empty)
    with pytest.raises(IntegrityError):
        async with empty.write() as connection:
            row = {"graph_id": "none", "user_id": "none", "base": 1, "version": 1, "document": "", "updated_at": 0}
            await connection.execute(sa.insert(metadata.tables["graph_drafts"]).values(row))
