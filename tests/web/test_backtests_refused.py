"""Orders that cannot be run, over the API and by the form: refused at once, in the one shape, with the reason."""

from typing import Any

import msgspec
import pytest

from engine.document import encode
from server.graphs import load_graph
from server.services import Services
from tests.web.conftest import Browser
from tests.web.every_route import check_shape
from tests.web.test_backtests_pages import CANDLES, ORDER, prepared, run_of

MARKET: dict[str, Any] = ORDER["markets"][0]
RAW = {
    '"capital": NaN': "JSON",
    '"capital": Infinity': "JSON",
    '"capital": 1e999': "",
    '"capital": -1e999': "",
    '"capital": 1e300': "capital",
    '"rules": {"taker_fee": 1e400}': "",
    '"rules": {"taker_fee": NaN}': "JSON",
    '"params": {"ema_fast.length": 1e400}': "",
    '"from": 99999999999999999999': "from",
    '"revision": 99999999999999999999': "revision",
}
CASES: list[tuple[dict[str, Any], int, str]] = [
    ({"rules": {"maker_fee": 1e16}}, 400, "larger"),
    ({"rules": {"maker_fee": True}}, 400, "maker_fee"),
    ({"rules": {"maker_fee": None}}, 400, "maker_fee"),
    ({"rules": {"maker_fee": [1]}}, 400, "maker_fee"),
    ({"rules": {"no_such_rule": 1}}, 400, "no_such_rule"),
    ({"rules": {"name": "mine"}}, 400, "name"),
    ({"policy": ""}, 400, "polic"),
    ({"revision": 99}, 404, "revision"),
    ({"params": {"ema_fast.length": 10**30}}, 422, "length"),
    ({"params": {"ema_fast.length": "much"}}, 422, "length"),
    ({"params": {"ema_fast.length": None}}, 422, "length"),
    ({"params": {"ema_fast.length": {"a": [1]}}}, 422, "length"),
    ({"params": {"": 1}}, 400, ""),
    ({"params": {".": 1}}, 400, ""),
    ({"params": [1]}, 400, "params"),
    ({"markets": [MARKET | {"timeframe": "7x"}]}, 400, "7x"),
    ({"markets": [MARKET | {"timeframe": ""}]}, 400, ""),
    ({"markets": [MARKET | {"symbol": ""}]}, 400, ""),
    ({"markets": [MARKET | {"symbol": "a\0b"}]}, 400, ""),
    ({"markets": [MARKET | {"finer": "5m"}]}, 400, "5m"),
    ({"markets": [MARKET | {"finer": "1h"}]}, 400, "finer"),
    ({"markets": [MARKET | {"finer": "1d"}]}, 400, "1d"),
    ({"markets": [MARKET | {"funding": True}]}, 400, "funding"),
    ({"markets": [MARKET | {"funding": "yes"}]}, 400, "funding"),
    ({"name": "a\0b"}, 400, "NUL"),
    ({"name": "x" * 201}, 400, "name"),
    ({"nothing_of_that_name": 1}, 400, "nothing_of_that_name"),
]


@pytest.fixture
async def ready(services: Services) -> None:
    await prepared(services)


async def test_numbers_that_are_none(user: Browser, ready: None) -> None:
    for part, word in RAW.items():
        text = msgspec.json.encode(ORDER).decode()[:-1] + f", {part}}}"
        answer = await user.post("/api/backtests", content=text, headers={"Content-Type": "application/json"})
        check_shape(part, answer)
        assert answer.status_code in (400, 422) and word in answer.text, (part, answer.text)


@pytest.mark.parametrize(("change", "status", "word"), CASES)
async def test_orders(user: Browser, ready: None, change: dict[str, Any], status: int, word: str) -> None:
    answer = await user.post("/api/backtests", json=ORDER | change)
    check_shape(str(change), answer)
    assert answer.status_code == status and word in answer.text, answer.text
    assert (await user.get("/api/backtests")).json()["items"] == []


async def test_a_graph_that_is_not_valid(services: Services, user: Browser, ready: None) -> None:
    graph = load_graph("ema_cross")
    ghost = msgspec.structs.replace(graph.nodes[0], id="ghost", type="no.such_node")
    broken = msgspec.structs.replace(graph, name="Broken", nodes=(*graph.nodes, ghost))
    made = await services.store.graphs.create(user.person, encode(broken).decode(), now=services.clock())
    answer = await user.post("/api/backtests", json=ORDER | {"graph": made.id})
    assert answer.status_code == 422, answer.text
    told = answer.json()["error"]
    assert told["code"] == "graph" and told["details"] and "no.such_node" in answer.text


@pytest.mark.parametrize("capital", ["nan", "inf", "-inf", "1e999", "-5", "much", "0"])
async def test_capital_of_the_form(user: Browser, ready: None, capital: str) -> None:
    form = {"graph": "ema_cross", "market": f"{CANDLES.symbol}:1h", "capital": capital, "policy": "bybit_linear",
            "csrf_token": user.headers["X-CSRF-Token"]}  # fmt: skip
    answer = await user.post("/backtests", data=form)
    assert answer.status_code == 400 and "capital" in answer.text.lower(), answer.text
    assert "capital" in (await user.get("/backtests/new/check", params=form)).text.lower()
    assert (await user.get("/api/backtests")).json()["items"] == []


async def test_dates_of_the_form_that_no_clock_knows(user: Browser, ready: None) -> None:
    asked = {"graph": "ema_cross", "market": f"{CANDLES.symbol}:1h", "capital": "1"}
    for start in ("0001-01-01T00:00+14:00", "1969-01-01", "9999-12-31T23:59-14:00"):
        answer = await user.get("/backtests/new/check", params=asked | {"start": start})
        check_shape(start, answer)
        assert "from" in answer.text


async def test_what_is_under_way_is_not_deleted_and_what_was_dropped_is_told(
    services: Services, user: Browser, ready: None
) -> None:
    run = await run_of(services, user)
    await user.delete(f"/api/backtests/{run}/trace")
    page = await user.get(f"/backtests/{run}")
    assert page.status_code == 200 and 'id="no-trace"' in page.text
    assert (await user.get(f"/api/backtests/{run}/wires")).status_code == 200
    assert (await user.get(f"/api/backtests/{run}/trace")).status_code == 404
    assert (await user.get(f"/api/backtests/{run}/why", params={"row": 900})).status_code == 200
    waiting = (await user.post("/api/backtests", json=ORDER)).json()["id"]
    refused = await user.delete(f"/api/backtests/{waiting}")
    assert (refused.status_code, "cancel it first" in refused.text) == (409, True)
    assert (await user.post(f"/api/backtests/{waiting}/cancel")).status_code == 200
    assert (await user.delete(f"/api/backtests/{waiting}")).status_code == 204
