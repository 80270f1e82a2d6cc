"""`live.js` and `api.js` in a real browser: no event missed or doubled, and refusals that people can read."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright import sync_api

from server.settings import load
from server.web.api import live as live_module
from tests.e2e.chromium import chromium
from tests.web.conftest import Served, hashed

LISTEN = "() => { window.heard = []; document.body.addEventListener('live:note', (e) => heard.push(e.detail.n)); }"
VISIBLE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
ASK = """async ([path, options]) => {
  const { api, ApiError } = await import("/static/js/api.js");
  try {
    return { answer: await api(path, options) };
  } catch (error) {
    return { refused: error instanceof ApiError, status: error.status, code: error.code, id: error.requestId };
  }
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        found = chromium(playwright)
        yield found
        found.close()


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("live")
    shutil.copy(sqlite_template, folder / "tradegraph.db")
    with ThreadPoolExecutor(1) as threads:  # playwright's event loop runs in this one
        password = threads.submit(hashed).result()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADEGRAPH_HOME", str(folder / "home"))
        server = Served(load({}, database=f"sqlite+aiosqlite:///{folder / 'tradegraph.db'}"), password)
        yield server
        server.close()


@pytest.fixture
def page(browser: Any, served: Served) -> Iterator[Any]:
    """Anna's account page, which writes down what it hears."""
    context = browser.new_context()
    context.add_cookies([served.cookie("Anna")])
    opened = context.new_page()
    opened.goto(f"{served.url}/account")
    opened.evaluate(LISTEN)
    yield opened
    context.close()


def publish(served: Served, *numbers: int) -> None:
    for number in numbers:
        served.run(lambda n=number: served.services.live.publish("note", {"n": n}, None))


def heard(page: Any, last: int) -> list[int]:
    """What the page has heard when it has heard the last."""
    page.wait_for_function("(last) => heard.includes(last)", arg=last)
    return page.evaluate("heard")


def test_events_reach_the_page_also_over_many_connections(
    served: Served, page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(served, 1, 2)
    assert heard(page, 2) == [1, 2]
    monkeypatch.setattr(live_module, "LONGEST", 0.0)  # every stream ends after an event; the browser comes back
    publish(served, 3, 4, 5)
    assert heard(page, 5) == [1, 2, 3, 4, 5]


def test_a_hidden_page_hangs_up_and_catches_up(served: Served, page: Any) -> None:
    publish(served, 1)
    heard(page, 1)
    page.evaluate(VISIBLE, True)
    publish(served, 2, 3)
    page.evaluate(VISIBLE, False)
    publish(served, 4)
    assert heard(page, 4) == [1, 2, 3, 4]


def test_the_api_answers_and_refuses_in_words(served: Served, page: Any) -> None:
    found = page.evaluate(ASK, ["/api/graphs", {}])
    assert "items" in found["answer"]
    refused = page.evaluate(ASK, ["/api/graphs", {"method": "POST", "body": {"document": 1}}])
    assert (refused["refused"], refused["status"], refused["code"]) == (True, 400, "input")
    assert page.locator("#problem .notice.bad").inner_text()
    missing = page.evaluate(ASK, ["/api/nothing", {"quiet": True}])
    assert (missing["status"], missing["code"]) == (404, "not_found")
    assert missing["id"]


def test_an_unsafe_call_carries_the_token_of_the_page(served: Served, page: Any) -> None:
    page.evaluate("document.querySelector('meta[name=csrf-token]').content = 'forged'")
    refused = page.evaluate(ASK, ["/api/graphs", {"method": "POST", "body": {}}])
    assert (refused["status"], refused["code"]) == (403, "forbidden")


def test_a_server_that_is_gone_is_told(page: Any) -> None:
    page.evaluate(ASK, ["/api/graphs", {}])  # the module is there
    page.context.set_offline(True)
    found = page.evaluate(ASK, ["/api/graphs", {}])
    assert (found["status"], found["code"]) == (0, "unreachable")
    assert "does not answer" in page.locator("#problem").inner_text()
