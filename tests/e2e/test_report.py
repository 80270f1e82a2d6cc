"""The report in a real browser, opened from disk: pictures, keys, table, themes, no console errors."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright import sync_api

from server.report import write_report
from tests.server.report.sample import explained_result, renamed, sample_result


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


# --- why, why not, and what the graph saw -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reasons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(explained_result(), tmp_path_factory.mktemp("reasons"))["report.html"]


@pytest.fixture
def explained(browser: Any, reasons: Path) -> Iterator[Opened]:
    view = Opened(browser, reasons)
    yield view
    assert view.errors == []
    assert [url for url in view.requests if not url.startswith(("file:", "data:"))] == []
    view.context.close()


def title_is(page: Any, text: str) -> None:
    page.wait_for_function("text => document.getElementById('reasons-title').textContent.startsWith(text)", arg=text)


def click_bar(view: Opened, position: int) -> None:
    """A click on the middle of a bar that is in view."""
    start, stop = view.range("chart")
    plot = view.page.locator("#chart")
    plot.scroll_into_view_if_needed()
    width = float(plot.get_attribute("data-plot"))  # the axis of prices is not part of it
    plot.click(position={"x": (position + 0.5 - start) / (stop - start) * width, "y": 150})


def test_a_trade_opens_its_decision_slice(explained: Opened) -> None:
    page = explained.page
    page.locator("#trades tbody button").nth(3).press("Enter")
    title_is(page, "Trade 4: why it was made")
    body = page.locator("#reasons-body")
    assert body.locator("h4").all_inner_texts() == ["Decided by", "Nodes and what they had"]
    held = body.locator("li.held").all_inner_texts()
    assert held and held[0].startswith("fast ")
    nodes = body.locator(".nodes li b").all_inner_texts()
    assert {"entry", "stop", "target", "size", "fast", "slow"} <= set(nodes)
    assert body.locator("dt").all_inner_texts() == ["Levels", "Size", "Order", "Exits"]
    page.locator("#chart").focus()
    page.keyboard.press("n")
    title_is(page, "Trade 5: why it was made")


def test_a_click_on_a_bar_says_why_not(explained: Opened) -> None:
    page = explained.page
    start, stop = explained.range("chart")
    click_bar(explained, int((start + stop) / 2) + 20)
    page.wait_for_selector("#reasons-body li.failed")
    heads = page.locator("#reasons-body h4").all_inner_texts()
    assert heads == ["No long, nearest first", "No short, nearest first"]
    picked = page.locator("#chart").get_attribute("data-picked")
    assert page.evaluate("t => new Date(Number(t)).toISOString().slice(0, 16).replace('T', ' ')", picked) in (
        page.locator("#reasons-title").inner_text()
    )


def test_a_drag_picks_no_bar(explained: Opened) -> None:
    page = explained.page
    box = page.locator("#chart").bounding_box()
    page.mouse.move(box["x"] + 500, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 200, steps=4)
    page.mouse.up()
    assert page.locator("#chart").get_attribute("data-picked") is None


def test_arrow_keys_step_through_bars_and_are_announced(explained: Opened) -> None:
    """From the bar of the decision on, one bar per key; the view follows, the page does not move."""
    page = explained.page
    page.locator("#chart").focus()
    title_is(page, "Trade 1")
    height = page.evaluate("document.documentElement.scrollHeight")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#reasons-body li")
    first = int(page.locator("#chart").get_attribute("data-picked"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "picked => document.getElementById('chart').dataset.picked === picked", arg=str(first + 2 * 3_600_000)
    )
    page.wait_for_function("() => document.getElementById('reasons-spoken').textContent.includes('Short: ')")
    assert page.locator("#reasons-spoken").get_attribute("aria-live") == "polite"
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#reasons-body .outcome")
    assert page.locator("#reasons-body .outcome").inner_text().startswith("Entered ")
    assert page.locator("#reasons-body li.held").count() > 0
    before = explained.range("chart")
    for _ in range(140):
        page.keyboard.press("ArrowRight")
    assert explained.range("chart")[0] > before[0], "the view follows the bar"
    start = explained.range("chart")[0]
    page.keyboard.press("Shift+ArrowLeft")
    assert explained.range("chart")[0] < start, "with Shift the view moves"
    assert page.evaluate("document.documentElement.scrollHeight") == height


INK = "() => document.querySelector('#chart canvas').toDataURL()"


def test_overlays_are_drawn_and_switched(explained: Opened) -> None:
    """Each switch changes the picture, and switching it back gives the same picture."""
    page = explained.page
    page.mouse.move(0, 0)
    names = page.locator("#layers label").all_inner_texts()
    assert [n.strip() for n in names][:5] == ["areas", "labels", "mood", "fast", "slow"]
    explained.range("chart")
    picture = page.evaluate(INK)
    for box in page.locator("#layers input").all()[:6]:
        box.press("Space")
        explained.range("chart")
        assert page.evaluate(INK) != picture
        box.press("Space")
        explained.range("chart")
        assert page.evaluate(INK) == picture


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_of_overlays_can_be_seen(browser: Any, reasons: Path, scheme: str) -> None:
    """Lines reach 3 : 1 on the ground they are drawn on (WCAG 1.4.11)."""
    view = Opened(browser, reasons, color_scheme=scheme)
    for number in range(1, 7):
        pair = [luminance(view.page.evaluate(COLOUR, name)) for name in (f"--line-{number}", "--panel")]
        assert (max(pair) + 0.05) / (min(pair) + 0.05) >= 3, number
    view.context.close()


def test_reasons_on_a_phone(browser: Any, reasons: Path) -> None:
    view = Opened(browser, reasons, viewport={"width": 390, "height": 844}, has_touch=True)
    view.page.locator("#chart").tap(position={"x": 150, "y": 120})
    view.page.wait_for_selector("#reasons-body li")
    assert view.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert view.page.evaluate(NAMELESS) == []
    assert view.errors == []
    view.context.close()


def test_bars_that_are_not_told_name_the_command(browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from server.report import explanations

    monkeypatch.setattr(explanations, "WHY_BARS", 100)
    monkeypatch.setattr(explanations, "SLICES", 3)
    view = Opened(browser, write_report(explained_result(), tmp_path)["report.html"])
    title_is(view.page, "Trade 1")
    assert "Slices of the trades before number" in view.page.locator("#reasons-body").inner_text()
    view.page.locator("#chart").focus()
    for _ in range(30):
        view.page.keyboard.press("ArrowRight")
    view.page.wait_for_selector("#reasons-body pre")
    assert view.page.locator("#reasons-body pre").inner_text().startswith("tradegraph explain graph.json --candles")
    assert view.errors == []
    view.context.close()


def test_a_report_without_trace_has_no_panel(opened: Opened) -> None:
    assert opened.page.locator("#reasons").count() == 0
    assert opened.page.locator("#layers").is_hidden()
    opened.page.locator("#chart").focus()
    opened.page.keyboard.press("ArrowRight")


def test_hostile_labels_stay_text(browser: Any, tmp_path: Path) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\">"
    result = explained_result(400)
    nodes = tuple(msgspec.structs.replace(node, label=f"{evil}{node.id}") for node in result.graph.nodes)
    hostile = renamed(result, graph=msgspec.structs.replace(result.graph, nodes=nodes))
    view = Opened(browser, write_report(hostile, tmp_path)["report.html"])
    view.page.locator("#chart").focus()
    for _ in range(4):
        view.page.keyboard.press("ArrowRight")
    view.page.wait_for_selector("#reasons-body li")
    assert evil in view.page.locator("#reasons-body").inner_text()
    assert view.page.locator("img").count() == 0
    assert view.page.title() != "owned"
    assert view.errors == []
    view.context.close()
