"""The pages of graphs in a real browser: gallery, canvas with docs panel, sub-graphs, revisions and their diff."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright import sync_api
from playwright.sync_api import expect

from server.graphs import BUILT_IN
from server.settings import load
from tests.e2e.chromium import chromium
from tests.web.conftest import Served, hashed

TEXT = (BUILT_IN / "ema_cross.json").read_text()
LONGER = TEXT.replace('"length": 20', '"length": 34').replace('"name": "EMA cross"', '"name": "Longer"')
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("graphs")
    url = f"sqlite+aiosqlite:///{shutil.copy(sqlite_template, folder / 'tradegraph.db')}"
    served = Served(msgspec.structs.replace(load({}, database=url), folder=folder), hashed())
    yield served
    served.close()


@pytest.fixture(scope="module")
def browser(server: Served) -> Iterator[Any]:
    """After the server: Playwright's own event loop lets no other begin in this thread."""
    assert server.url
    with sync_api.sync_playwright() as playwright:
        browser = chromium(playwright)
        yield browser
        browser.close()


class Opened:
    """A signed-in page with everything it complained about; one size and colour scheme per context."""

    def __init__(self, browser: Any, server: Served, viewport: dict[str, int], **options: Any) -> None:
        self.server = server
        self.context = browser.new_context(viewport=viewport, **options)
        self.context.add_cookies([server.cookie("Anna")])
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.errors: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def go(self, place: str) -> Any:
        self.page.goto(self.server.url + place)
        return self.page

    def close(self) -> None:
        self.context.close()
        assert self.errors == []

    def graph(self, *documents: str) -> str:
        """A graph of the one who is signed in, with these revisions."""

        async def make() -> str:
            store, now = self.server.services.store, self.server.services.clock()
            account = await store.accounts.by_name("Anna")
            assert account
            owner = account[0].user()
            graph = await store.graphs.create(owner, documents[0], message="first", now=now)
            for number, document in enumerate(documents[1:], 1):
                await store.graphs.publish(graph.id, owner, document, based_on=number, message="tuned", now=now)
            return graph.id

        return self.server.run(make)


@pytest.fixture
def opened(browser: Any, server: Served) -> Iterator[Opened]:
    view = Opened(browser, server, WIDE)
    yield view
    view.close()


def test_the_gallery_is_searched_as_one_types(opened: Opened) -> None:
    page = opened.go("/graphs")
    cards = page.locator("#gallery .graph-card")
    assert cards.count() >= 7
    page.fill("#graph-search", "donchian")
    expect(cards).to_have_count(1)
    expect(page).to_have_url(re.compile("search=donchian"))
    page.fill("#graph-search", "nothing has this name")
    expect(page.get_by_text("No graph fits")).to_be_visible()
    page.fill("#graph-search", "")
    page.get_by_label("Tag").select_option("pairs")
    expect(cards).to_have_count(1)
    cards.get_by_role("link", name="Open Cointegration spread").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cointegration spread")


def test_a_node_is_explained_by_click_and_by_key(opened: Opened) -> None:
    page = opened.go("/graphs/ema_cross")
    panel = page.locator("#node-panel")
    page.locator("[data-node='ema_fast'] .head").click()
    expect(panel.get_by_role("heading", name="ema fast")).to_be_visible()
    expect(panel).to_contain_text("Exponential moving average")
    expect(panel).to_contain_text("from candles.close")
    expect(page.locator("[data-node='ema_fast']")).to_have_class(re.compile("selected"))
    page.locator("[data-node='ema_fast']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name="cross up")).to_be_visible()
    assert "node=cross_up" in page.url
    page.reload()
    expect(panel.get_by_role("heading", name="cross up")).to_be_visible()
    page.locator("#list").get_by_role("link", name="order").click()
    expect(panel.get_by_role("heading", name="order")).to_be_visible()
    assert page.evaluate("document.activeElement.dataset.node") == "order"


def test_the_canvas_zooms_by_buttons_and_fits(opened: Opened) -> None:
    page = opened.go("/graphs/ema_cross")
    svg = page.locator("#canvas svg")
    whole = svg.get_attribute("viewBox")
    page.get_by_role("button", name="Zoom in").click()
    expect(svg).not_to_have_attribute("viewBox", whole)
    page.get_by_role("button", name="Fit").click()
    expect(svg).to_have_attribute("viewBox", whole)


def test_sub_graphs_are_opened_and_left(opened: Opened) -> None:
    page = opened.go("/graphs/hh_ll")
    page.locator("[data-node='trend_1d']").focus()
    page.keyboard.press("Enter")
    page.locator("#node-panel").get_by_role("link", name="Open its inside").click()
    expect(page.locator("[data-node='trend_1d/pivots']")).to_be_visible()
    expect(page.locator("#list tbody tr")).to_have_count(7)
    page.get_by_role("navigation", name="Levels").get_by_role("link", name="HH/LL top-down").click()
    expect(page.locator("[data-node='vote']")).to_be_visible()
    page.locator("[data-node='areas_1d'] .head").dblclick()
    expect(page.locator("[data-node='areas_1d/areas']")).to_be_visible()


def test_problems_lead_to_their_node(opened: Opened) -> None:
    graph = opened.graph(TEXT.replace('"compare.cross_above"', '"gone.node"'))
    page = opened.go(f"/graphs/{graph}")
    expect(page.locator("#check")).to_contain_text("Not valid")
    page.locator("#check").get_by_role("link", name="Go to cross_up").first.click()
    expect(page.locator("#node-panel")).to_contain_text("is not installed here")
    assert page.evaluate("document.activeElement.dataset.node") == "cross_up"


def test_revisions_are_compared_in_sentences_and_pictures(opened: Opened) -> None:
    graph = opened.graph(TEXT, LONGER)
    page = opened.go(f"/graphs/{graph}")
    page.get_by_role("button", name="Show what changed").click()
    expect(page.locator(".changes")).to_contain_text("ema_fast: length 20 → 34")
    expect(page.locator(".diff-pictures [data-node='ema_fast'].changed")).to_have_count(2)
    page.go_back()
    page.get_by_role("link", name="Revision 1").click()
    expect(page.get_by_text("This is an older revision")).to_be_visible()


def test_a_template_is_copied_and_a_file_published(opened: Opened) -> None:
    page = opened.go("/graphs/rsi_reversal")
    page.get_by_role("button", name="Copy to my graphs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("RSI reversal (copy)")
    place = page.evaluate("location.pathname")
    page.get_by_text("Publish a file as revision 2").click()
    page.locator("input[type=file]").set_input_files({"name": "g.json", "mimeType": "", "buffer": LONGER.encode()})
    page.get_by_label("What changed and why").fill("another one")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Longer")
    expect(page.locator("#revisions")).to_contain_text("another one")
    page.get_by_role("button", name="Archive this graph").click()
    expect(page.locator("#gallery")).to_be_visible()
    expect(page.locator(f"#gallery a[href='{place}']")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_no_page_is_wider_than_its_window(browser: Any, server: Served, viewport: dict[str, int], scheme: str) -> None:
    view = Opened(browser, server, viewport, color_scheme=scheme)
    graph = view.graph(TEXT, LONGER)
    for place in ("/graphs", "/graphs/hh_ll", f"/graphs/{graph}?node=entry", f"/graphs/{graph}/diff?from=1&to=2"):
        page = view.go(place)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
    view.close()
