"""The chart component in a real browser, under the product's content security policy, on a market of 100,000 bars."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright import sync_api

from tests.e2e.chart_server import chart_server

BARS = 100_000
HOUR = 3_600_000
MOST_IN_CHART = 5_000


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
def address() -> Iterator[str]:
    with chart_server() as url:
        yield url


class Charts:
    """The page with its charts and everything it complained about; a violation of the policy is such a complaint."""

    def __init__(self, browser: Any, url: str, **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(url)
        self.page.wait_for_selector("#chart[data-ready]")

    @property
    def state(self) -> dict[str, Any]:
        """What the chart says of itself, after everything was painted."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.page.evaluate("() => page.chart.state")

    def go(self, row: int) -> None:
        """Brings a row into view, with bars on both sides of it, and puts the cursor there."""
        self.page.evaluate("row => page.go(row)", row)
        self.page.wait_for_function("row => page.isAt(row)", arg=row)

    def press(self, key: str, row: int) -> None:
        """Presses a key and waits for the cursor to be at a row."""
        self.page.keyboard.press(key)
        self.page.wait_for_function("row => page.chart.cursor === row", arg=row)


@pytest.fixture
def charts(browser: Any, address: str) -> Iterator[Charts]:
    opened = Charts(browser, address)
    yield opened
    opened.context.close()
    assert opened.errors == []


def test_candles_are_painted_in_the_colours_of_the_page(charts: Charts) -> None:
    assert charts.state["bars"] > 0
    ink = charts.page.evaluate("() => page.ink()")
    assert "29,154,116" in ink and "217,72,90" in ink


def test_a_step_moves_by_a_bar_and_tells_its_values(charts: Charts) -> None:
    charts.go(50_000)
    charts.page.focus("#chart [tabindex='0']")
    charts.press("ArrowRight", 50_001)
    charts.press("ArrowLeft", 50_000)
    charts.press("Shift+ArrowLeft", 49_990)
    charts.press("Shift+ArrowRight", 50_000)
    told = charts.page.evaluate("() => page.told")
    assert [bar["row"] for bar in told] == [50_001, 50_000, 49_990, 50_000]
    assert told[0]["time"] - told[1]["time"] == HOUR
    close = charts.page.evaluate("() => page.closes[50001].toFixed(2)")
    assert f"C {close}" in charts.page.inner_text("#chart .candles-words")
    charts.page.wait_for_function(
        "close => document.querySelector('#chart [aria-live]').textContent.includes(`close ${close}`)", arg=close
    )


def test_home_and_end_go_to_the_first_and_the_last_bar(charts: Charts) -> None:
    charts.page.focus("#chart [tabindex='0']")
    charts.press("Home", 0)
    assert charts.state["first"] == 0
    charts.press("ArrowLeft", 0)
    charts.press("End", BARS - 1)
    state = charts.state
    assert state["last"] == BARS and state["visible"]["from"] < BARS - 1 < state["visible"]["to"]


def test_keys_zoom_around_the_cursor(charts: Charts) -> None:
    charts.go(50_000)
    charts.page.focus("#chart [tabindex='0']")
    before = charts.state["visible"]
    charts.page.keyboard.press("+")
    near = charts.state["visible"]
    assert near["to"] - near["from"] < before["to"] - before["from"]
    assert near["from"] < 50_000 < near["to"]
    charts.page.keyboard.press("-")
    charts.page.keyboard.press("-")
    far = charts.state["visible"]
    assert far["to"] - far["from"] > before["to"] - before["from"]


def test_scrolling_loads_bars_without_moving_the_view(charts: Charts) -> None:
    charts.go(50_000)
    charts.page.mouse.move(640, 300)
    for _ in range(12):
        asked, state = charts.page.evaluate("() => page.asked.length"), charts.state
        charts.page.mouse.wheel(-700, 0)  # to earlier bars
        charts.page.wait_for_function("from => page.chart.view.from < from", arg=state["visible"]["from"])
        charts.page.wait_for_function("() => !page.chart.extending")
        after = charts.state
        span = state["visible"]["to"] - state["visible"]["from"]
        assert after["visible"]["to"] - after["visible"]["from"] == pytest.approx(span)
        assert 0 < state["visible"]["from"] - after["visible"]["from"] < 2 * span
        assert after["bars"] <= MOST_IN_CHART
        if charts.page.evaluate("() => page.asked.length") > asked + 1:
            break
    assert charts.state["first"] < 49_000


def test_prepended_bars_leave_every_bar_where_it_was(charts: Charts) -> None:
    charts.go(50_000)
    where = "row => page.chart.scale.timeToCoordinate(page.timeOf(row) / 1000)"
    before, place = charts.state, charts.page.evaluate(where, 50_000)
    assert place is not None
    lowest, highest = before["first"] // 1000 - 1, before["last"] // 1000 - 1
    charts.page.evaluate("([low, high]) => page.prepend(low, high)", [lowest, highest])
    after = charts.state
    assert after["first"] == 1000 * lowest and after["bars"] > before["bars"]
    assert charts.page.evaluate(where, 50_000) == pytest.approx(place)
    assert after["visible"] == pytest.approx(before["visible"])


def test_a_drag_ends_where_the_hand_has_pulled_it(charts: Charts) -> None:
    charts.go(50_000)
    before = charts.state["visible"]
    width = charts.page.locator("#chart .candles-place canvas").first.bounding_box()["width"]
    charts.page.mouse.move(900, 300)
    charts.page.mouse.down()
    charts.page.mouse.move(300, 300, steps=12)
    charts.page.mouse.up()
    charts.page.wait_for_function("() => !page.chart.extending")
    after = charts.state["visible"]
    per_pixel = (before["to"] - before["from"]) / width
    assert after["from"] - before["from"] == pytest.approx(600 * per_pixel, rel=0.2)


def test_a_hole_in_the_time_is_no_hole_in_the_rows(charts: Charts) -> None:
    charts.page.focus("#chart [tabindex='0']")
    charts.go(4_999)
    charts.press("ArrowRight", 5_000)
    told = charts.page.evaluate("() => page.told.at(-1)")
    assert told["time"] == charts.page.evaluate("() => page.timeOf(4999)") + 101 * HOUR
    charts.page.evaluate("(ms) => page.chart.setCursor(ms)", told["time"] - 50 * HOUR)  # inside the hole
    charts.page.wait_for_function("() => page.chart.cursor === 4999")


def test_all_kinds_of_marks_and_levels_are_drawn(charts: Charts) -> None:
    charts.go(50_000)
    before = set(charts.page.evaluate("() => page.ink()"))
    charts.page.evaluate("() => page.addMarks()")
    charts.page.wait_for_function("() => page.chart.state.marks.length === 5")  # painted, on a scale that holds them
    state = charts.state
    assert sorted(mark["kind"] for mark in state["marks"]) == ["entry", "exit", "signal", "stop", "target"]
    assert {mark["trade"] for mark in state["marks"]} == {12}
    places = {mark["kind"]: (mark["x"], mark["y"]) for mark in state["marks"]}
    assert places["signal"][0] < places["entry"][0] < places["exit"][0]
    assert places["target"][1] < places["entry"][1] < places["stop"][1]
    drawn = set(charts.page.evaluate("() => page.ink()")) - before
    assert {"184,35,47", "5,112,79", "138,90,0"} <= drawn  # bad, good, warn
    legend = charts.page.locator("#chart .candles-legend li").all_inner_texts()
    assert [text.strip() for text in legend] == ["signal", "entry", "stop", "target", "exit"]
    charts.page.evaluate("() => { page.chart.showLevels(null); page.chart.setMarks([]); }")
    charts.page.wait_for_function("() => !page.chart.state.marks.length && page.chart.state.levels === null")


def test_series_lie_on_the_price_or_in_panes_and_have_holes(charts: Charts) -> None:
    charts.go(50_000)
    charts.page.evaluate("() => page.addSeries()")
    state = charts.state
    assert {one["id"]: one["pane"] for one in state["series"]} == {"ema.value": 0, "level": 0, "rsi.value": 1}
    assert state["panes"] == 2
    assert state["bars"] == state["last"] - state["first"]  # a point beside the bars makes no bar
    points = {one["id"]: one["points"] for one in state["series"]}
    assert 0 < points["ema.value"] <= state["bars"] and points["level"] == 0
    words = charts.page.inner_text("#chart .candles-words")
    assert "EMA \u2013" in words and "RSI 0" in words  # row 50,000 is in a hole of the one, and 0 of the other
    charts.page.evaluate("() => page.chart.setSeries([])")
    assert charts.state["series"] == [] and charts.state["panes"] == 1


def test_the_pointer_tells_bars_and_gives_the_cursor_back(charts: Charts) -> None:
    charts.go(50_000)
    charts.page.mouse.move(300, 300, steps=4)
    charts.page.wait_for_function("() => page.told.length > 0")
    row = charts.page.evaluate("() => page.told.at(-1).row")
    assert row != 50_000 and charts.state["cursor"] == 50_000
    charts.page.mouse.click(300, 300)
    charts.page.wait_for_function("() => page.clicked.length === 1")
    assert charts.page.evaluate("() => page.clicked[0].row") == row == charts.state["cursor"]
    charts.page.mouse.move(300, 20)
    date = charts.page.evaluate("row => new Date(page.timeOf(row)).toISOString().slice(0, 16).replace('T', ' ')", row)
    charts.page.wait_for_function(
        "date => document.querySelector('#chart .candles-words').textContent.startsWith(date)", arg=date
    )


def test_colours_follow_the_theme(charts: Charts) -> None:
    charts.page.evaluate("() => page.addSeries()")
    light = {one["id"]: one["colour"] for one in charts.state["series"]}
    charts.page.click("#theme")
    dark = {one["id"]: one["colour"] for one in charts.state["series"]}
    assert dark["rsi.value"] != light["rsi.value"] and dark["ema.value"] == light["ema.value"]
    ink = charts.page.evaluate("() => page.ink()")
    assert "39,185,138" in ink and "29,154,116" not in ink
    charts.page.reload()
    charts.page.wait_for_selector("#chart[data-ready]")
    assert charts.page.get_attribute("html", "data-theme") == "dark"


def test_far_jumps_keep_the_chart_small_and_the_last_one_wins(charts: Charts) -> None:
    charts.page.evaluate("rows => page.hurry(rows)", [10, 70_000, 20_000, 90_000, 40_000])
    charts.page.wait_for_function("() => page.isAt(40000)")
    seen = charts.state["visible"]
    assert seen["from"] < 40_000 < seen["to"]
    assert charts.state["bars"] <= MOST_IN_CHART


def test_a_source_that_fails_is_told_in_the_chart(charts: Charts) -> None:
    charts.page.evaluate("""async () => {
      const { createCandleChart } = await import("/static/js/chart/candle_chart.js");
      const load = () => Promise.reject(new Error("the server does not answer"));
      createCandleChart(document.getElementById("equity"), { source: { bars: 10, barMs: 1000, load } });
    }""")
    message = charts.page.locator("#equity .candles-message")
    message.filter(has_text="could not be loaded: the server does not answer").wait_for()


def test_a_small_market_and_a_phone(browser: Any, address: str) -> None:
    opened = Charts(browser, f"{address}/?bars=30", viewport={"width": 390, "height": 844}, has_touch=True)
    assert opened.state["bars"] == 30
    assert opened.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    opened.page.evaluate("() => page.chart.destroy()")
    assert opened.page.locator("#chart canvas").count() == 0
    opened.context.close()
    assert opened.errors == []


def test_equity_curves_are_read_with_keys_and_pointer(charts: Charts) -> None:
    page = charts.page
    assert page.locator("#equity path.curve").count() == 2
    assert all(page.locator("#equity path.curve").evaluate_all("all => all.map(p => p.getTotalLength() > 100)"))
    page.focus("#equity svg")
    page.keyboard.press("Home")
    assert "2015-01-01 00:00 UTC ema_cross 10,000, drawdown 0.00 %" in " ".join(
        page.inner_text("#equity .curves-words").split()
    )
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => page.times.length") == 2
    box = page.locator("#equity svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 11, box["y"] + 50)
    assert "2015-07-28" in page.inner_text("#equity .curves-words")
