"""The real server with three finished back-tests, for looking at their pages."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import msgspec

from engine.document import Graph, encode
from engine.registry import Registry
from server.accounts.entrance import digest_of
from server.graphs import load_graph
from server.people import User
from server.settings import load
from tests.e2e.bench import CAPITAL, POLICY, Opened, Run
from tests.e2e.large_graph import large_graph
from tests.web.conftest import Served

OWNER, SECRET = "Anna", "tg_" + "a" * 40


class Bench:
    """Runs are made when they are first asked for, by the server's own worker."""

    def __init__(self, browser: Any, url: str, folder: Path, password: str) -> None:
        self.browser = browser
        settings = msgspec.structs.replace(load({}, database=url), folder=folder)
        self.server = Served(settings, password)
        self.cookie = self.server.cookie(OWNER)
        self.owner: User = self.server.run(self._own_token)
        self.registry = Registry()

    async def _own_token(self) -> User:
        """An API token of the owner: what has no session needs no CSRF token."""
        services = self.server.services
        found = await services.store.accounts.by_name(OWNER)
        assert found
        owner, now = found[0].user(), services.clock()
        scopes = ["backtests:read", "backtests:write"]
        await services.store.tokens.add(owner.id, "bench", digest_of(SECRET), SECRET[:9], scopes, now, now + 3_600_000)
        return owner

    @cached_property
    def crossing(self) -> Run:
        """A graph of ten nodes with many trades."""
        return self.run(load_graph("ema_cross"), "1h")

    @cached_property
    def nested(self) -> Run:
        """A graph of sub-graphs."""
        return self.run(load_graph("hh_ll"), "15m")

    @cached_property
    def large(self) -> Run:
        """A graph of more than a hundred nodes."""
        return self.run(large_graph(), "1h")

    def run(self, graph: Graph, timeframe: str) -> Run:
        """Asks the server for a run; its page becomes the result by itself."""
        run = Run(graph, timeframe, self.registry)
        stored = self.server.run(lambda: self._store(run))
        wanted = {
            "graph": stored, "markets": [{"symbol": run.candles.symbol, "timeframe": timeframe}],
            "capital": CAPITAL, "policy": POLICY, "rules": {},
        }  # fmt: skip
        headers = {"Authorization": f"Bearer {SECRET}"}
        answer = httpx.post(f"{self.server.url}/api/backtests", json=wanted, headers=headers)
        assert answer.status_code == 201, answer.text
        run.url = f"{self.server.url}/backtests/{answer.json()['id']}"
        return run

    def ask(self, run: Run, path: str, method: str = "GET", secret: str = SECRET) -> httpx.Response:
        """What the server answers about a run under /api."""
        number = run.url.rpartition("/")[2]
        headers = {"Authorization": f"Bearer {secret}"}
        return httpx.request(method, f"{self.server.url}/api/backtests/{number}{path}", headers=headers)

    async def _store(self, run: Run) -> str:
        store, now = self.server.services.store, self.server.services.clock()
        if await store.candles.find(run.candles.symbol, run.candles.timeframe) is None:
            await store.candles.add(run.candles)
        return (await store.graphs.create(self.owner, encode(run.graph).decode(), now=now)).id

    def open(self, run: Run, viewport: dict[str, int], url: str = "", **options: Any) -> Opened:
        """The page of a run; the first to come waits until it is done."""
        return Opened(self.browser, url or run.url, viewport, cookies=[self.cookie], **options)

    def close(self) -> None:
        """Ends the server."""
        self.server.close()


Made = Callable[[], Run]
