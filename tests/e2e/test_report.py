"""The report in a real browser, opened from disk: pictures, keys, table, themes, no console errors."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright import sync_api

from server.report import write_report
from tests.server.report.sample import renamed, sample_result


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    with sync_api.sync_playwright() as playwright:
        if found is None and not Path(playwright.chromium.executable_path).exists():
            pytest.fail("no Chromium; `make test` installs one, or `./bootstrap.sh browser`")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(sample_result(), tmp_path_factory.mktemp("report"))["report.html"]


class Opened:
    """A page with everything it complained about and every request it made."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **options})
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("#chart[data-ready]")

    def range(self, name: str) -> tuple[float, float]:
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        start, stop = self.page.locator(f"#{name}").get_attribute("data-range").split()
        return float(start), float(stop)


@pytest.fixture
def opened(browser: Any, report: Path) -> Iterator[Opened]:
    view = Opened(browser, report)
    yield view
    assert view.errors == []
    assert [url for url in view.requests if not url.startswith(("file:", "data:"))] == []
    view.context.close()


def test_trade_keys_move_chart_table_and_words(opened: Opened) -> None:
    page = opened.page
    assert page.locator("#chart-status").inner_text().startswith("Trade 1 of ")
    before = opened.range("chart")
    page.locator("#chart").focus()
    for _ in range(5):
        page.keyboard.press("n")
    page.wait_for_function("document.getElementById('chart-status').textContent.startsWith('Trade 6 ')")
    assert opened.range("chart")[0] > before[0]
    assert page.locator("#trades tr[aria-current=true] button").inner_text() == "6"
    page.keyboard.press("p")
    page.wait_for_function("document.getElementById('chart-status').textContent.startsWith('Trade 5 ')")
    page.click("#next")
    page.wait_for_function("document.getElementById('chart-status').textContent.startsWith('Trade 6 ')")


def test_chart_zooms_and_pans(opened: Opened) -> None:
    page = opened.page
    start, stop = opened.range("chart")
    page.click("#zoom-in")
    a, b = opened.range("chart")
    assert b - a < stop - start
    page.click("#zoom-all")
    assert opened.range("chart") == (0.0, 10_000.0)
    page.click("#zoom-in")
    start, stop = opened.range("chart")
    page.locator("#chart").scroll_into_view_if_needed()
    box = page.locator("#chart").bounding_box()
    page.mouse.move(box["x"] + 500, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 200, steps=4)
    page.mouse.up()
    assert opened.range("chart")[0] > start
    assert " O " in page.locator("#chart-readout").inner_text()


def test_chart_shows_something(opened: Opened) -> None:
    """Candles are on the canvas: more than one colour, up and down among them."""
    colours = opened.page.evaluate(
        """() => { const c = document.querySelector("#chart canvas"), d = c.getContext("2d").getImageData(0, 0, c.width,
        c.height).data, seen = new Map(); for (let i = 0; i < d.length; i += 4) { const k = d.slice(i, i + 3).join();
        seen.set(k, (seen.get(k) || 0) + 1); } return [...seen].filter((e) => e[1] > 200).map((e) => e[0]); }"""
    )
    assert {"29,154,116", "217,72,90"} <= set(colours)


def test_equity_zooms_by_drag_and_resets(opened: Opened) -> None:
    page = opened.page
    whole = opened.range("equity")
    page.locator("#equity").scroll_into_view_if_needed()
    box = page.locator("#equity").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 80)
    assert "equity" in page.locator("#equity-readout").inner_text()
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 90, steps=3)
    page.mouse.up()
    a, b = opened.range("equity")
    assert b - a < (whole[1] - whole[0]) / 3
    page.locator("#equity").focus()
    page.keyboard.press("-")
    assert opened.range("equity")[1] - opened.range("equity")[0] > b - a
    page.click("#equity-reset")
    assert opened.range("equity") == whole


def test_table_sorts_filters_and_jumps(opened: Opened) -> None:
    page = opened.page
    percent = page.locator("#trades th", has_text="P&L %")
    percent.locator("button").click()
    assert percent.get_attribute("aria-sort") == "descending"
    column = percent.evaluate("cell => cell.cellIndex")

    def values() -> list[float]:
        cells = page.locator(f"#trades tbody td:nth-child({column + 1})").all_inner_texts()
        return [float(text.replace(",", "")) for text in cells]

    assert len(values()) == 245 and values() == sorted(values(), reverse=True)
    percent.locator("button").click()
    assert values() == sorted(values())
    page.select_option("#filter", "wins")
    assert all(value > 0 for value in values())
    number = page.locator("#trades tbody button").nth(3).inner_text()
    page.locator("#trades tbody button").nth(3).press("Enter")
    page.wait_for_function(f"document.getElementById('chart-status').textContent.startsWith('Trade {number} ')")
    assert page.evaluate("document.activeElement.id") == "chart"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_theme_follows_the_system_and_the_button(browser: Any, report: Path, scheme: str) -> None:
    view = Opened(browser, report, color_scheme=scheme)

    def background() -> str:
        return view.page.evaluate("getComputedStyle(document.body).backgroundColor")

    dark, light = "rgb(13, 18, 24)", "rgb(245, 246, 248)"
    first, second = (dark, light) if scheme == "dark" else (light, dark)
    assert background() == first
    view.page.click("#theme")
    assert background() == second
    view.page.reload()
    assert view.errors == []
    view.context.close()


def test_narrow_page_does_not_scroll_sideways(browser: Any, report: Path) -> None:
    view = Opened(browser, report, viewport={"width": 390, "height": 844}, has_touch=True)
    assert view.page.evaluate("document.documentElement.scrollWidth") <= 390
    view.page.tap("#next")
    view.page.wait_for_function("document.getElementById('chart-status').textContent.startsWith('Trade 2 ')")
    assert view.errors == []
    view.context.close()


NAMELESS = """() => [...document.querySelectorAll("button, select, input, [role=img], [role=region], [tabindex='0']")]
  .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length))
  .map((e) => e.outerHTML)"""


def test_everything_has_a_name(opened: Opened) -> None:
    """Buttons, pictures and choices are named, tables have header cells, one heading of the first level."""
    assert opened.page.evaluate(NAMELESS) == []
    assert opened.page.locator("h1").count() == 1
    assert opened.page.evaluate("[...document.querySelectorAll('table')].every((t) => t.querySelector('th[scope]'))")


COLOUR = """(name) => {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
  probe.remove();
  return found;
}"""


def luminance(colour: list[float]) -> float:
    """Relative luminance of an sRGB colour, WCAG 2.2."""
    parts = [v / 255 / 12.92 if v / 255 <= 0.03928 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(browser: Any, report: Path, scheme: str) -> None:
    """Every text colour reaches 4.5 : 1 on both grounds (WCAG AA)."""
    view = Opened(browser, report, color_scheme=scheme)
    for text in ("--text", "--dim", "--up", "--down", "--accent", "--warn"):
        for ground in ("--bg", "--panel"):
            pair = [luminance(view.page.evaluate(COLOUR, name)) for name in (text, ground)]
            assert (max(pair) + 0.05) / (min(pair) + 0.05) >= 4.5, (text, ground)
    view.context.close()


def test_several_markets(browser: Any, tmp_path: Path) -> None:
    path = write_report(sample_result(2000, symbols=("BTCUSDT", "ETHUSDT")), tmp_path)["report.html"]
    view = Opened(browser, path)
    view.page.select_option("#market", label="ETHUSDT 1h")
    view.page.wait_for_function("document.getElementById('chart-status').textContent.includes('ETHUSDT')")
    assert view.errors == []
    view.context.close()


def test_many_trades_come_in_pages(browser: Any, tmp_path: Path) -> None:
    view = Opened(browser, write_report(sample_result(60_000, "15m"), tmp_path)["report.html"])
    assert view.page.locator("#trades tbody tr").count() == 200
    view.page.click("#page-next")
    assert view.page.locator("#page-text").inner_text().startswith("page 2 of ")
    assert view.page.locator("#trades tbody button").first.inner_text() == "201"
    assert view.errors == []
    view.context.close()


@pytest.mark.parametrize("bars", [1, 40])
def test_without_trades(browser: Any, tmp_path: Path, bars: int) -> None:
    view = Opened(browser, write_report(sample_result(bars), tmp_path)["report.html"])
    assert view.page.locator("#next").is_disabled()
    assert view.errors == []
    view.context.close()


def test_hostile_names_stay_text(browser: Any, tmp_path: Path) -> None:
    evil = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    result = sample_result(500)
    graph = msgspec.structs.replace(result.graph, name=evil, description=evil)
    data = tuple(msgspec.structs.replace(info, symbol=evil, origin=evil) for info in result.data)
    candles = tuple(msgspec.structs.replace(candle, symbol=evil) for candle in result.candles)
    hostile = renamed(result, graph=graph, data=data, candles=candles, notes=(evil,), policy={evil: evil})
    view = Opened(browser, write_report(hostile, tmp_path)["report.html"])
    assert view.page.locator("h1").inner_text() == evil
    assert "owned" not in view.page.title().split("</script>")[0]
    assert view.page.locator("img").count() == 0
    assert view.errors == []
    view.context.close()
