"""Trading rules of markets in the database."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from server.store.database import Database
from server.store.rules import Rules
from server.store.tables import instruments as table

CATEGORY = "linear"  # the one kind of market so far


class Instruments:
    """The rules of all markets that were fetched, by symbol."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def put(self, rules: Rules) -> None:
        """Keeps the rules in place of what was known of the market."""
        async with self._db.write() as connection:
            insert = (sqlite if self._db.is_sqlite else postgresql).insert(table)
            values = msgspec.structs.asdict(rules)
            statement = insert.values(category=CATEGORY, **values)
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["symbol", "category"], set_=values)
            )

    async def find(self, symbol: str) -> Rules | None:
        """The rules of a market, None if they are not known."""
        found = await self._rules(table.c.symbol == symbol)
        return found[0] if found else None

    async def list(self) -> Sequence[Rules]:
        """All rules, by symbol."""
        return await self._rules()

    async def _rules(self, *where: Any) -> Sequence[Rules]:
        columns = [table.c[name] for name in Rules.__struct_fields__]
        query = sa.select(*columns).where(table.c.category == CATEGORY, *where).order_by(table.c.symbol)
        async with self._db.read() as connection:
            return [Rules(**row) for row in (await connection.execute(query)).mappings()]
