"""Reads what a command names as SYMBOL:TIMEFRAME from the store."""

from engine.matching.engine import Funding
from server.cli.markets import Loaded
from server.cli.stored import on_database
from server.store.candles import CandleSeries
from server.store.database import Database
from server.store.instruments import Instruments


def load(candles: list[str], funding: list[str]) -> Loaded:
    """Candles and funding rates by name, and the trading rules of their symbols.  Raises InputError."""

    async def work(database: Database) -> Loaded:
        series, found = CandleSeries(database), Loaded({}, {}, {})
        for name in candles:
            symbol, _, timeframe = name.partition(":")
            found.candles[name] = await series.load(symbol, timeframe)
        for name in funding:
            found.funding[name] = Funding(*await series.load_funding(name.partition(":")[0]))
        for rules in await Instruments(database).list():
            found.rules[rules.symbol] = rules
        return found

    return on_database(work)
