"""The pages of stored candles in a real browser: fetch with progress, import, chart, keys, themes, phone."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright import sync_api

from engine.sim.synthetic import Market, synthetic_candles
from server.adapters.bybit_rest import BybitRest
from server.adapters.candle_files import write_candles
from tests.e2e.chromium import chromium
from tests.server.bybit_market import NOW, FakeBybit, serving
from tests.web.conftest import Served
from tests.web.test_candles import real

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        found = chromium(playwright)
        yield found
        found.close()


class Opened:
    """A page of a signed-in browser, with everything it complained about."""

    def __init__(self, browser: Any, served: Served, name: str, **options: Any) -> None:
        self.served = served
        self.context = browser.new_context(**{"viewport": WIDE, **options})
        self.context.add_cookies([served.cookie(name)])
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def go(self, path: str) -> Any:
        self.page.goto(self.served.url + path)
        return self.page

    def serious(self) -> list[str]:
        """What axe finds that shuts people out."""
        found = Axe().run(self.page).response["violations"]
        return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]


@pytest.fixture
def opened(browser: Any, served: Served) -> Generator[Opened]:
    view = Opened(browser, served, "Anna")
    yield view
    assert view.errors == []
    view.context.close()


@pytest.fixture
def fake(served: Served, monkeypatch: pytest.MonkeyPatch) -> Generator[FakeBybit]:
    """The exchange on loopback, and the server's fetches sent there."""
    with serving(FakeBybit()) as exchange:
        fetches = served.services.fetches
        monkeypatch.setattr(fetches, "_clock", lambda: NOW)
        monkeypatch.setattr(fetches, "_rest", lambda: BybitRest(exchange.url, timeout=5, attempts=1, pause=0))
        yield exchange
        served.run(fetches.close)


def test_a_fetch_is_followed_to_its_end(opened: Opened, fake: FakeBybit) -> None:
    page = opened.go("/candles")
    assert page.get_by_text("No candles yet").is_visible()
    form = page.locator("form[action='/candles/fetch']")
    form.get_by_label("Symbol").fill("BTCUSDT")
    form.get_by_label("From").fill("2024-01-01")
    form.get_by_role("button", name="Fetch").press("Enter")

    fetch = page.locator(".candle-fetch[data-status=done]")
    fetch.wait_for()
    assert "2,500 of 2,500 bars" in fetch.inner_text()
    page.locator("#candle-list a[href='/candles/BTCUSDT/1h']").click()
    page.wait_for_url("**/candles/BTCUSDT/1h")
    assert page.get_by_role("heading", name="BTCUSDT 1h").is_visible()


def test_a_file_is_imported_and_a_bad_one_refused_where_the_form_stays(opened: Opened, tmp_path: Path) -> None:
    page = opened.go("/candles")
    form = page.locator("form[data-import]")
    (tmp_path / "bad.csv").write_text("hello\n")
    write_candles(tmp_path / "good.csv.gz", real())
    form.get_by_label("Symbol").fill("ETHUSDT")
    form.get_by_label("File", exact=True).set_input_files(tmp_path / "bad.csv")
    form.get_by_role("button", name="Import").click()
    page.locator("#problem").get_by_text("bad.csv row 1").wait_for()
    opened.errors.clear()  # the browser's own line about the refusal
    assert form.get_by_label("Symbol").input_value() == "ETHUSDT"
    form.get_by_label("File", exact=True).set_input_files(tmp_path / "good.csv.gz")
    form.get_by_role("button", name="Import").click()
    page.wait_for_url("**/candles/ETHUSDT/1h")


def test_the_chart_shows_the_bars_by_mouse_and_keys(opened: Opened, served: Served) -> None:
    candles = real()
    served.run(lambda: served.services.store.candles.add(candles))
    page = opened.go("/candles/BTCUSDT/1h")
    chart = page.get_by_role("application")
    words = page.locator(".candles-words")
    page.locator(".candles-message").wait_for(state="hidden")
    chart.focus()
    page.keyboard.press("End")
    words.get_by_text(f"{candles.close[-1]:,.1f}").first.wait_for()
    page.keyboard.press("Home")
    words.get_by_text("2024-01-01 00:00").wait_for()


def test_an_admin_removes_by_keys_after_a_second_thought(browser: Any, served: Served) -> None:
    served.run(lambda: served.services.store.candles.add(real()))
    view = Opened(browser, served, "Adam")
    page = view.go("/candles/BTCUSDT/1h")
    button = page.get_by_role("button", name="Remove BTCUSDT 1h")
    assert not button.is_visible()
    page.get_by_text("Remove this series").press("Enter")
    button.press("Enter")
    page.wait_for_url("**/candles")
    page.get_by_text("No candles yet").wait_for()
    assert view.errors == []
    view.context.close()


@pytest.mark.parametrize(("scheme", "size"), [("light", WIDE), ("dark", PHONE)], ids=["light wide", "dark phone"])
def test_nobody_is_shut_out_and_nothing_sticks_out(browser: Any, served: Served, scheme: str, size: Any) -> None:
    store = served.services.store.candles
    served.run(lambda: store.add(real(*range(3000, 3100)), allow_gaps=True))
    served.run(lambda: store.add(synthetic_candles(1, 50, Market(timeframe="15m"))))
    view = Opened(browser, served, "Anna", viewport=size, color_scheme=scheme)
    for path in ("/candles", "/candles/BTCUSDT/1h", "/candles/SYNTHUSDT/15m", "/candles?text=nothing"):
        page = view.go(path)
        page.wait_for_load_state("networkidle")
        assert view.serious() == [], path
        width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert width[0] <= width[1], path
    assert view.errors == []
    view.context.close()
