"""The back-test page opened in a browser, beside the same run made here by the engine."""

from typing import Any

import numpy as np

from engine.backtest import backtest
from engine.candles import Candles
from engine.document import Graph
from engine.explain import Explainer
from engine.matching.policy import policy_named
from engine.registry import Registry
from engine.request import MarketData, Request
from engine.sim.synthetic import Market, synthetic_candles

CAPITAL, POLICY, SEED, BARS = 10_000.0, "bybit_linear", 7, 3_000


def candles_of(timeframe: str) -> Candles:
    """The market that all runs are made on."""
    return synthetic_candles(SEED, BARS, Market(timeframe=timeframe))


class Run:
    """A finished back-test of the server and the same one made here, to compare with."""

    def __init__(self, graph: Graph, timeframe: str, registry: Registry) -> None:
        self.graph, self.candles, self.url = graph, candles_of(timeframe), ""
        markets = (MarketData(candles=self.candles),)
        request = Request(graph=graph, markets=markets, policy=policy_named(POLICY), capital=CAPITAL)
        self.result: Any = backtest(request, registry)
        self.trace: Any = self.result.traces[0]
        self.explainer = Explainer(self.result)

    @property
    def flags(self) -> set[str]:
        """Wires that carry flags."""
        owners = self.explainer.names.owner.items()
        return {self.trace.plan.names[slot] for slot, (_, _, kind) in owners if kind == "flag"}

    @property
    def decision_rows(self) -> list[int]:
        """Rows at whose close the trades were decided."""
        closes = self.result.time[self.result.trades["decision_bar"]]
        return np.searchsorted(self.explainer.closes, closes).tolist()

    @property
    def quiet_row(self) -> int:
        """A bar after the warm-up at which nothing was decided and something known was lacking."""
        taken = set(self.decision_rows) | {row + 1 for row in self.decision_rows}
        rows = range(len(self.candles) // 2, len(self.candles))
        return next(r for r in rows if r not in taken and self.explainer.at(r).outcome == "none")

    def signal_before(self, row: int) -> int:
        """The last row before one at which the graph called for an entry."""
        return next(r for r in range(row - 1, 0, -1) if self.trace.at(r)["stop.out"].direction in (1, -1))

    def trades(self, *numbers: int) -> Any:
        """Rows of the result by the numbers people see."""
        return np.array(numbers) - 1


class Opened:
    """A page with everything it complained about."""

    def __init__(
        self, browser: Any, url: str, viewport: dict[str, int], cookies: list[Any] | None = None, **options: Any
    ) -> None:
        self.context = browser.new_context(viewport=viewport, **options)
        self.context.add_cookies(cookies or [])
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(url)
        self.page.wait_for_selector("html[data-ready][data-painted]", timeout=60_000)  # it may have to run first
        self.page.set_default_timeout(15_000)

    def close(self) -> None:
        """Leaves the page; it must not have complained, also not of its content security policy."""
        self.context.close()
        assert self.errors == []

    def shows(self, pattern: str, selector: str) -> None:
        """Waits until an element has a text."""
        self.page.wait_for_function(
            "([p, s]) => new RegExp(p).test(document.querySelector(s)?.textContent ?? '')", arg=[pattern, selector]
        )

    def at(self, row: int) -> None:
        """Waits until the values of a row are painted."""
        self.page.wait_for_function("row => document.documentElement.dataset.painted === String(row)", arg=row)

    def row(self) -> int:
        """The row whose values are painted."""
        return int(self.page.get_attribute("html", "data-painted"))

    def select(self, row: int) -> None:
        """Moves the slider to a row."""
        move = "(s, row) => { s.value = String(row); s.dispatchEvent(new Event('input', {bubbles: true})); }"
        self.page.locator("#scrub").evaluate(move, row)
        self.at(row)
        self.page.wait_for_function(
            "() => document.getElementById('bar-now').textContent.startsWith("
            "document.querySelector('#chart .candles-words b')?.textContent)"
        )

    def node(self, name: str) -> Any:
        """A node on the canvas."""
        return self.page.locator(f"#graph [data-node='{name}'] .head").first

    def nodes(self, selector: str) -> list[str]:
        """Ids of nodes on the canvas that match a selector."""
        return self.page.locator(f"#graph {selector}").evaluate_all("all => all.map(e => e.dataset.node)")

    def point(self, across: float) -> None:
        """Puts the pointer on the candles, a share of their width from the left."""
        chart = self.page.locator("#chart")
        chart.scroll_into_view_if_needed()
        box: Any = chart.bounding_box()
        self.page.mouse.move(box["x"] + across * box["width"], box["y"] + 0.4 * box["height"], steps=3)
