"""A newcomer's first hour with the real program: from the printed password to comparing two back-tests."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright import sync_api

from tests.e2e.chromium import chromium
from tests.e2e.installation import PASSWORD, Installation, Person, installation

MINUTE = 60_000  # ms
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        found = chromium(playwright)
        yield found
        found.close()


@pytest.fixture(scope="module")
def demo(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation whose admin has chosen a password."""
    with installation(tmp_path_factory.mktemp("home")) as made:
        person = Person(browser, made.url)
        person.sign_in(made.name, made.password)
        person.choose_password(made.password)
        person.context.close()
        assert person.complaints == []
        yield made


@pytest.fixture
def person(browser: Any, demo: Installation) -> Iterator[Person]:
    """The admin, signed in, on a wide screen."""
    found = Person(browser, demo.url, viewport=WIDE)
    found.sign_in(demo.name, PASSWORD)
    yield found
    found.context.close()
    assert found.complaints == []


def test_two_finished_back_tests_wait(person: Person) -> None:
    person.page.goto("/backtests")
    assert person.page.locator("#backtest-rows tr").filter(has_text="done").count() >= 2


def test_from_a_template_to_its_result_in_two_clicks(person: Person) -> None:
    """At most five clicks and a minute are allowed."""
    page = person.page
    page.goto("/")
    person.click(page.locator("main").get_by_role("link", name=re.compile("^Back-test [A-Z]")).first)
    person.click(page.get_by_role("button", name="Run the back-test"))
    page.wait_for_selector("#workbench", timeout=MINUTE)
    assert person.clicks <= 5


def test_a_bar_a_trade_and_a_quiet_bar_are_read(person: Person) -> None:
    page = person.page
    page.goto("/backtests")
    page.locator("#backtest-rows a").first.click()
    page.wait_for_selector("html[data-ready][data-painted]")
    before = page.get_attribute("html", "data-painted")
    page.locator("[data-step='bar 1']").click()
    page.wait_for_function("before => document.documentElement.dataset.painted !== before", arg=before)
    assert re.search(r"\d", "".join(page.locator("#graph .value").all_text_contents()))
    page.locator("#trade-rows tr").first.click()
    page.wait_for_function("document.querySelector('#reasons-body').textContent.length > 100")
    assert page.locator("#graph svg .dim, #graph svg .lit, #graph svg.lighting").count()


def test_two_runs_are_compared(person: Person) -> None:
    page = person.page
    page.goto("/backtests")
    for box in page.locator("#backtest-rows input[type=checkbox]").all()[:2]:
        box.check()
    page.get_by_role("button", name="Compare the ticked ones").click()
    page.wait_for_url("**/backtests/compare?**")
    assert page.get_by_role("table").count() >= 1
    assert page.locator("main svg").count() >= 1


def test_a_change_of_a_graph_is_told_in_words(person: Person) -> None:
    page = person.page
    page.goto("/graphs/ema_cross")
    page.get_by_role("button", name="Copy to my graphs").click()
    page.wait_for_url(re.compile(r"/graphs/(?!ema_cross)"))
    graph = page.url.rpartition("/")[2].partition("?")[0]
    found = person.context.request.get(f"/api/graphs/{graph}")
    document = found.json()["document"]
    node = next(n for n in document["nodes"] if n["id"] == "ema_fast")
    node["params"]["length"] = 30
    token = page.locator("meta[name=csrf-token]").get_attribute("content")
    published = person.context.request.post(
        f"/api/graphs/{graph}/revisions?message=slower", data=document,
        headers={"X-CSRF-Token": token, "If-Match": found.headers["etag"]},
    )  # fmt: skip
    assert published.ok, published.text()
    page.goto(f"/graphs/{graph}/diff?from=1&to=2")
    told = page.locator("main").inner_text()
    assert "length" in told
    assert "20" in told
    assert "30" in told


def test_signed_out_is_out(browser: Any, demo: Installation) -> None:
    person = Person(browser, demo.url, viewport=WIDE)
    person.sign_in(demo.name, PASSWORD)
    kept = person.context.storage_state()
    person.page.get_by_role("button", name=demo.name).or_(person.page.get_by_text(demo.name, exact=True)).first.click()
    person.page.get_by_role("button", name="Sign out").click()
    person.page.wait_for_url("**/sign-in**")
    person.context.close()
    again = browser.new_context(base_url=demo.url, storage_state=kept)  # whoever copied the cookie
    assert again.request.get("/api/backtests").status == 401
    again.close()


def test_a_second_start_keeps_everything(browser: Any, tmp_path: Any) -> None:
    with installation(tmp_path) as first:
        assert first.password
        assert first.end() == 0
    with installation(tmp_path) as second:
        assert second.password == ""
        person = Person(browser, second.url)
        person.sign_in(first.name, first.password)
        person.choose_password(first.password)
        person.page.goto("/backtests")
        assert person.page.locator("#backtest-rows tr").filter(has_text="done").count() == 2
        person.context.close()
        assert person.complaints == []


# --- for everybody ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing(browser: Any, demo: Installation, scheme: str, size: dict[str, int]) -> None:
    """On every page, in both colours, on a wide screen and a phone."""
    person = Person(browser, demo.url, viewport=size, color_scheme=scheme, reduced_motion="reduce")
    person.page.goto("/sign-in")
    found = _violations(person)
    person.sign_in(demo.name, PASSWORD)
    for path in _pages(person):
        person.page.goto(path)
        person.page.wait_for_load_state("load")
        if re.match(r"/backtests/[0-9a-z]{20}$", path):
            person.page.wait_for_selector("html[data-ready][data-painted]")
        found += _violations(person)
    person.context.close()
    assert found == []
    assert person.complaints == []


def _pages(person: Person) -> list[str]:
    runs = [run["id"] for run in person.context.request.get("/api/backtests").json()["items"]]
    return [
        "/", "/graphs", "/graphs/ema_cross", "/graphs/hh_ll_in_regime", "/candles", "/candles/SYNTHUSDT/1h",
        "/backtests", "/backtests/new", f"/backtests/{runs[0]}", f"/backtests/compare?id={runs[0]}&id={runs[1]}",
        "/logs", "/users", "/settings", "/audit", "/account", "/api/docs",
    ]  # fmt: skip


def _violations(person: Person) -> list[str]:
    answer = Axe().run(person.page, options={"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]})
    return [
        f"{person.page.url}: {one['id']} ({one['impact']}): {one['help']}: {one['nodes'][0]['html'][:120]}"
        for one in answer.response["violations"]
    ]
