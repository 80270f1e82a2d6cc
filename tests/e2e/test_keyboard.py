"""The pages without a mouse: Tab reaches everything, and one always sees where it is."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright import sync_api

from tests.e2e.chromium import chromium
from tests.e2e.installation import Person, installation

WIDE = {"width": 1280, "height": 800}
# What can have the focus; of a group of radio buttons or of a closed menu it is the browser that says.
LOOK = """() => {
  const able = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]';
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().width > 0;
  window.left = new Set([...document.querySelectorAll(able)].filter((one) => one.tabIndex >= 0 && !one.disabled && shown(one)));
  window.unseen = [];
  document.activeElement?.blur();
  return window.left.size;
}"""
STEP = """() => {
  const now = document.activeElement;
  if (!now || now === document.body) return false;
  window.left.delete(now);
  const style = getComputedStyle(now), box = now.getBoundingClientRect();
  const body = now.matches('.node') && getComputedStyle(now.querySelector('.body'));
  const marked = body ? parseFloat(body.strokeWidth) >= 3 : style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
  const inside = box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight;
  if (!marked || !inside) window.unseen.push(now.outerHTML.slice(0, 120));
  return true;
}"""


@pytest.fixture
def person(tmp_path: Any) -> Iterator[Person]:
    """The admin of a new installation, signed in."""
    with sync_api.sync_playwright() as playwright, installation(tmp_path) as demo:
        browser = chromium(playwright)
        person = Person(browser, demo.url, viewport=WIDE, reduced_motion="reduce")
        person.sign_in(demo.name, demo.password)
        person.choose_password(demo.password)
        yield person
        browser.close()


def walked(page: Any) -> list[str]:
    """What Tab did not reach on a page, and where the focus was not to be seen."""
    count = page.evaluate(LOOK)
    assert count > 5
    for _ in range(3 * count + 20):  # a date has several stops
        page.keyboard.press("Tab")
        if not page.evaluate(STEP):
            break
    lost = page.evaluate("[...window.left].map((one) => one.outerHTML.slice(0, 120))")
    return [f"not reached: {one}" for one in lost] + [f"not seen: {one}" for one in page.evaluate("window.unseen")]


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
