"""What the overview shows: first steps of a newcomer, graphs to start from, candles, health of the server."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from server.people import User
from server.services import Services
from server.store.backtests import BacktestHead
from server.store.graphs import StoredGraph
from server.store.logs import LogFilter
from server.store.series import Stored
from server.store.upgrade import pending
from server.web.graph_view import Card, card_of

FIRST = "ema_cross"  # the template that the first steps begin with
_DAY_MS = 86_400_000
_ERROR = 40  # level of the log from which on something is wrong
_MOST_ERRORS = 99  # counted; more are "99+"


class Step(msgspec.Struct, frozen=True):
    """One of the first steps.  `key`: the browser knows whether it is done, for the server does not see it."""

    title: str
    text: str
    href: str
    action: str
    done: bool = False
    key: str = ""


class Start(msgspec.Struct, frozen=True):
    """A graph to start from."""

    graph: StoredGraph
    card: Card


class Health(msgspec.Struct, frozen=True):
    """How the server is, for admins."""

    database: str
    migrated: bool
    worker: bool
    errors: str
    since: int


def steps(done: Sequence[BacktestHead], own: Sequence[StoredGraph], has_candles: bool) -> list[Step]:
    """The first strategy in five minutes; `done` are finished back-tests, the newest first."""
    candles = Step(
        "Get candles", "Fetch a market from the exchange, or import a file.", "/candles#fetch", "Get candles"
    )
    mine = {graph.id for graph in own}
    last = f"/backtests/{done[0].id}" if done else f"/backtests/new?graph={FIRST}"
    pair = "&".join(f"id={run.id}" for run in done[:2])
    copied = f"/graphs/{own[0].id}" if own else f"/graphs/{FIRST}"
    tried = any(run.graph_id in mine for run in done)
    return [
        *([] if has_candles else [candles]),
        Step("Back-test a template", "Choose a market and a range; the rest is filled in.",
             f"/backtests/new?graph={FIRST}", "Back-test", bool(done)),
        Step("Look at a bar", "Move over the candles of the result and read what every wire carried.",
             last, "Open the result", key="bar"),
        Step("Copy a graph", "A copy is yours to change; templates stay as they are.",
             f"/graphs/{FIRST}", "Choose one", bool(own)),
        Step("Back-test your copy", "Change a parameter, and run it on the same candles.",
             f"/backtests/new?graph={own[0].id}" if own else copied, "Back-test", tried),
        Step("Compare the two", "Curves, figures and changed trades side by side.",
             f"/backtests/compare?{pair}" if len(done) > 1 else "/backtests", "Compare", key="compare"),
    ]  # fmt: skip


def beginners_first(found: Sequence[StoredGraph]) -> list[StoredGraph]:
    """Templates in the order in which they help somebody who is new."""
    return sorted(found, key=lambda graph: (graph.id != FIRST, "beginner" not in graph.tags, graph.name))


async def starts(services: Services, viewer: User, found: Sequence[StoredGraph]) -> list[Start]:
    """Graphs with their pictures."""
    documents = await services.store.graphs.documents([graph.revision_id for graph in found], viewer)
    cards = await asyncio.to_thread(lambda: [card_of(documents[graph.revision_id]) for graph in found])
    return [Start(graph, card) for graph, card in zip(found, cards, strict=True)]


def stored_words(series: Sequence[Stored]) -> dict[str, Any]:
    """How much is stored."""
    return {
        "series": len(series),
        "rows": sum(one.rows for one in series),
        "bytes": sum(one.size for one in series),
        "newest": sorted(series, key=lambda one: -one.updated_at)[:5],
    }


async def health(services: Services) -> Health:
    """How database, worker and log are."""
    store = services.store
    since = services.clock() - _DAY_MS
    found = await store.logs.find(LogFilter(level=_ERROR, since=since), limit=_MOST_ERRORS + 1)
    errors = f"{_MOST_ERRORS}+" if len(found) > _MOST_ERRORS else str(len(found))
    kind = "SQLite" if store.database.is_sqlite else "PostgreSQL"
    return Health(kind, not await pending(store.database), services.backtests.alive, errors, since)
