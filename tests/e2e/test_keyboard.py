"""The pages without a mouse: Tab reaches everything, and one always sees where it is."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright import sync_api

from tests.e2e.chromium import chromium
from tests.e2e.installation import Person, installation

WIDE = {"width": 1280, "height": 800}
AT_ONCE = 20  # times Tab is pressed before anybody looks
# What can have the focus, and what is seen of it once it has; what Tab cannot reach stays in `left`.
WATCH = """() => {
  const able = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]';
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().width > 0;
  const all = [...document.querySelectorAll(able)].filter((one) => one.tabIndex >= 0 && !one.disabled && shown(one));
  window.left = new Set(all);
  window.unseen = new Set();
  document.activeElement?.blur();
  document.addEventListener("focusin", ({ target }) => {
    window.left.delete(target);
    const style = getComputedStyle(target), box = target.getBoundingClientRect();
    const body = target.matches('.node') && getComputedStyle(target.querySelector('.body'));
    const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
    const marked = body ? parseFloat(body.strokeWidth) >= 3 : outlined;
    if (!marked || box.right <= 0 || box.left >= innerWidth) window.unseen.add(target);
  });
  return all.length;
}"""
TOLD = "(name) => [...window[name]].map((one) => one.outerHTML.slice(0, 120))"


@pytest.fixture
def person(tmp_path: Any) -> Iterator[Person]:
    """The admin of a new installation, signed in."""
    with sync_api.sync_playwright() as playwright, installation(tmp_path) as demo:
        browser = chromium(playwright)
        person = Person(browser, demo.url, viewport=WIDE)
        person.sign_in(demo.name, demo.password)
        person.choose_password(demo.password)
        yield person
        browser.close()


def walked(page: Any) -> list[str]:
    """What Tab did not reach on a page, and where the focus was not to be seen."""
    count = page.evaluate(WATCH)
    assert count > 5
    for _ in range(0, 3 * count + AT_ONCE, AT_ONCE):  # a date has several stops
        for _ in range(AT_ONCE):
            page.keyboard.press("Tab")
        if not page.evaluate("window.left.size"):
            break
    return [f"{name}: {one}" for name in ("left", "unseen") for one in page.evaluate(TOLD, name)]


def test_everything_is_reached_by_tab(person: Person) -> None:
    run = person.context.request.get("/api/backtests").json()["items"][0]["id"]
    found: list[str] = []
    for path in (
        "/", "/graphs", "/graphs/ema_cross", "/candles", "/candles/SYNTHUSDT/1h", "/backtests",
        "/backtests/new?graph=ema_cross", f"/backtests/{run}", "/users", "/settings", "/account",
    ):  # fmt: skip
        person.page.goto(path)
        if path.endswith(run):
            person.page.wait_for_selector("html[data-ready][data-painted]")
        found += [f"{path}: {one}" for one in walked(person.page)]
    person.context.close()
    assert found == []
    assert person.complaints == []
