"""The graph canvas in a real browser: pan, zoom, walk by keys, values, lights; no server needed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright import sync_api
from playwright.sync_api import expect

from engine.document import Graph
from engine.registry import Registry
from server.drawing import draw
from server.graphs import load_graph
from tests.e2e.chromium import chromium
from tests.e2e.large_graph import large_graph

ROOT = Path(__file__).parents[2]
NODES = Registry()
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Graph</title>
<link rel="stylesheet" href="/static/css/graph.css"></head><body><div id="host" class="canvas">%s</div>
<script type="module" src="/try.js"></script></body></html>"""
SCRIPT = """import { openGraph } from "/static/js/graph.js";
window.called = [];
window.graph = openGraph(document.getElementById("host"), {
  onNode: (node) => window.called.push(["node", node]), onWire: (wire) => window.called.push(["wire", wire]),
});
document.documentElement.dataset.ready = "1";"""
CSP = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:"
TYPES = {".css": "text/css", ".js": "text/javascript"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = chromium(playwright)
        yield browser
        browser.close()


class Canvas:
    """A page with a graph on it."""

    def __init__(self, browser: Any, graph: Graph, path: str = "") -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 800})
        self.errors: list[str] = []
        self.html = PAGE % draw(graph, NODES, path=path)
        self.context.route("**/*", self._answer)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto("http://localhost/")
        self.page.wait_for_selector("html[data-ready]")

    def _answer(self, route: Any) -> None:
        path = route.request.url.removeprefix("http://localhost")
        file = ROOT / path.removeprefix("/")
        if path == "/":
            route.fulfill(body=self.html, content_type="text/html", headers={"Content-Security-Policy": CSP})
        elif path == "/try.js":
            route.fulfill(body=SCRIPT, content_type="text/javascript")
        elif path.startswith("/static/") and file.suffix in TYPES:
            route.fulfill(path=file, content_type=TYPES[file.suffix])
        else:
            route.fulfill(status=204)

    @property
    def view(self) -> list[float]:
        return [float(part) for part in self.page.get_attribute("svg", "viewBox").split()]

    @property
    def called(self) -> list[list[str]]:
        return self.page.evaluate("window.called")

    @property
    def focused(self) -> str | None:
        return self.page.evaluate("document.activeElement.dataset.node ?? null")

    def node(self, name: str) -> Any:
        return self.page.locator(f"[data-node='{name}']")

    def call(self, script: str) -> Any:
        return self.page.evaluate(script)


@pytest.fixture
def canvas(browser: Any) -> Iterator[Canvas]:
    opened = Canvas(browser, load_graph("ema_cross"))
    yield opened
    opened.context.close()
    assert opened.errors == []


def test_the_mouse_pans_and_zooms_where_it_points(canvas: Canvas) -> None:
    page, start = canvas.page, canvas.view
    box: Any = page.locator("svg").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + 30
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 100, y + 50, steps=4)
    page.mouse.up()
    panned = canvas.view
    scale = max(start[2] / box["width"], start[3] / box["height"])
    assert panned[0] == pytest.approx(start[0] - 100 * scale, abs=1)
    assert panned[1] == pytest.approx(start[1] - 50 * scale, abs=1)
    assert panned[2:] == start[2:]
    candles: Any = canvas.node("candles").locator(".head").bounding_box()
    panned_box = page.get_attribute("svg", "viewBox")
    at = (candles["x"] + 5, candles["y"] + 5)
    page.mouse.move(*at)
    page.mouse.wheel(0, -300)
    expect(page.locator("svg")).not_to_have_attribute("viewBox", panned_box)
    zoomed: Any = canvas.node("candles").locator(".head").bounding_box()
    assert zoomed["width"] > candles["width"] * 1.1
    assert (zoomed["x"], zoomed["y"]) == pytest.approx((candles["x"], candles["y"]), abs=6)
    assert canvas.called == []


def test_keys_zoom_pan_and_fit(canvas: Canvas) -> None:
    page, start = canvas.page, canvas.view
    page.locator("svg").focus()
    page.keyboard.press("+")
    assert canvas.view[2] < start[2]
    page.keyboard.press("ArrowRight")
    near = canvas.view
    page.keyboard.press("ArrowDown")
    assert canvas.view[1] > near[1]
    page.keyboard.press("-")
    page.keyboard.press("0")
    assert canvas.view == start
    canvas.node("atr").focus()
    page.keyboard.press("Shift+ArrowLeft")
    assert canvas.view[0] < start[0]
    assert canvas.focused == "atr"


def test_tab_goes_in_the_order_of_computing_and_arrows_along_wires(canvas: Canvas) -> None:
    page = canvas.page
    page.locator("svg").focus()
    walked = []
    for _ in range(10):
        page.keyboard.press("Tab")
        walked.append(canvas.focused)
    edges = [(e.source.split(".")[0], e.target.split(".")[0]) for e in load_graph("ema_cross").edges]
    assert all(walked.index(a) < walked.index(b) for a, b in edges)
    canvas.node("candles").focus()
    for key, node in (
        ("ArrowRight", "ema_fast"), ("ArrowDown", "ema_slow"), ("ArrowUp", "ema_fast"), ("ArrowRight", "cross_up"),
        ("ArrowRight", "entry"), ("ArrowRight", "stop"), ("ArrowRight", "order"), ("ArrowRight", "order"),
        ("ArrowLeft", "stop"),
    ):  # fmt: skip
        page.keyboard.press(key)
        assert canvas.focused == node
    page.keyboard.press("Enter")
    assert canvas.called == [["node", "stop"]]


def test_a_focused_node_comes_into_view(canvas: Canvas) -> None:
    for _ in range(8):
        canvas.call("graph.zoom(1.25)")
    canvas.node("candles").focus()
    canvas.page.keyboard.press("ArrowRight")
    x, y, width, height = canvas.view
    place: Any = canvas.node("ema_fast").get_attribute("transform")
    left, top = map(float, place.removeprefix("translate(").rstrip(")").split())
    assert x <= left <= x + width and y <= top <= y + height


def test_clicks_choose_nodes_and_wires_but_drags_do_not(canvas: Canvas) -> None:
    canvas.node("entry").locator(".head").click()
    canvas.page.locator(".value[data-wire='cross_up.out']").dispatch_event("click")
    assert canvas.called == [["node", "entry"], ["wire", "cross_up.out"]]
    canvas.node("stop").locator(".head").hover()
    canvas.page.mouse.down()
    canvas.page.mouse.move(300, 300, steps=3)
    canvas.page.mouse.up()
    assert len(canvas.called) == 2


def test_values_stand_on_wires_and_colour_them(canvas: Canvas) -> None:
    show = "(values) => graph.setValues(new Map(Object.entries(values)))"
    canvas.page.evaluate(
        show, {"cross_up.out": {"text": "✓ true", "state": "true"}, "ema_fast.out": {"text": "1.5", "state": "number"}}
    )
    value = canvas.page.locator(".value[data-wire='cross_up.out']")
    assert (value.text_content(), value.get_attribute("class")) == ("✓ true", "value is-true")
    wires = canvas.page.locator(".wire[data-wire='cross_up.out']")
    assert [w.get_attribute("class") for w in wires.all()] == ["wire k-flag is-true"]
    canvas.page.evaluate(show, {"cross_up.out": {"text": "a text that is far too long for a wire", "state": "unknown"}})
    assert (value.text_content(), value.get_attribute("class")) == ("a text that is fa…", "value is-unknown")
    assert canvas.page.locator(".is-true").count() == 0
    assert canvas.page.locator(".value[data-wire='ema_fast.out']").text_content().strip() == ""


def test_lights_colours_and_the_chosen_node(canvas: Canvas) -> None:
    dim = "() => [...document.querySelectorAll('.node.dim')].map(e => e.dataset.node).sort()"
    canvas.call("graph.light(new Set(['ema_fast', 'candles', 'cross_up']))")
    assert len(canvas.call(dim)) == 7
    lit = canvas.call("[...document.querySelectorAll('.wire:not(.dim)')].map(e => e.dataset.to).sort()")
    assert lit == ["cross_up.a", "ema_fast.source"]
    canvas.call("graph.light(null)")
    assert canvas.call(dim) == [] and canvas.page.locator(".dim").count() == 0
    canvas.call("graph.colour('atr', 'rgb(1, 2, 3)')")
    body = canvas.node("atr").locator(".body")
    assert body.evaluate("e => getComputedStyle(e).stroke") == "rgb(1, 2, 3)"
    canvas.call("graph.colour('atr', null)")
    assert body.evaluate("e => getComputedStyle(e).stroke") != "rgb(1, 2, 3)"
    canvas.call("graph.select('atr')")
    canvas.call("graph.select('stop')")
    assert canvas.call("[...document.querySelectorAll('.selected')].map(e => e.dataset.node)") == ["stop"]
    assert canvas.page.locator(".wire.near").count() == 3


def test_inside_and_outside_of_sub_graphs_light_up(browser: Any) -> None:
    outside = Canvas(browser, load_graph("hh_ll"))
    outside.call("graph.light(new Set(['trend_1d/pivots']))")
    assert outside.call("[...document.querySelectorAll('.node:not(.dim)')].map(e => e.dataset.node)") == ["trend_1d"]
    inside = Canvas(browser, load_graph("hh_ll"), "trend_1d")
    inside.node("trend_1d/pivots").focus()
    inside.page.keyboard.press("ArrowRight")
    assert inside.focused == "trend_1d/swings"
    for canvas in (outside, inside):
        canvas.context.close()
        assert canvas.errors == []


REPAINT = """([rounds]) => {
  const wires = [...new Set([...document.querySelectorAll('.wire')].map(e => e.dataset.wire))], times = [];
  for (let round = 0; round < rounds; round++) {
    const values = new Map(wires.map((wire, n) =>
      [wire, {text: String(round * 1.25 + n), state: ["true", "false", "unknown", "number"][(round + n) % 4]}]));
    const began = performance.now();
    graph.setValues(values);
    times.push(performance.now() - began);
  }
  return {wires: wires.length, times: times.sort((a, b) => a - b)};
}"""


def test_a_hundred_wires_are_repainted(browser: Any, record_property: Any) -> None:
    canvas = Canvas(browser, large_graph())
    found = canvas.page.evaluate(REPAINT, [60])
    assert found["wires"] >= 100
    times = found["times"]
    record_property("repaint", json.dumps({"wires": found["wires"], "median_ms": times[30], "worst_ms": times[-1]}))
    shown = canvas.call("[...document.querySelectorAll('.value')].filter(e => e.textContent.trim()).length")
    assert shown >= 100, "all of them were painted"
    print(f"\n{found['wires']} wires: median {times[30]:.2f} ms, worst {times[-1]:.2f} ms")
    canvas.context.close()
    assert canvas.errors == []
