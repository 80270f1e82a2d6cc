"""The pages and the API of back-tests, through the real application and its worker process."""

from typing import Any

from engine.sim.synthetic import Market, synthetic_candles
from server.services import Services
from server.store.graphs import seed_built_ins
from tests.web.conftest import Browser, TokenOf

CANDLES = synthetic_candles(7, 2_500, Market(timeframe="1h"))
ORDER: dict[str, Any] = {"graph": "ema_cross", "markets": [{"symbol": CANDLES.symbol, "timeframe": "1h"}]}


async def prepared(services: Services) -> None:
    await seed_built_ins(services.store)
    await services.store.candles.add(CANDLES)


async def ended(services: Services, run: str, browser: Browser) -> dict[str, Any]:
    """The back-test as the API tells it once it has ended; every change is an event."""
    after: int | None = 0
    async for event in services.live.stream(browser.person.id, after):
        if event and event.data.get("id") == run and event.data["status"] not in ("queued", "running"):
            break
    return (await browser.get(f"/api/backtests/{run}")).json()


async def run_of(services: Services, browser: Browser, **changes: Any) -> str:
    answer = await browser.post("/api/backtests", json=ORDER | changes)
    assert answer.status_code == 201, answer.text
    run = answer.json()["id"]
    told = await ended(services, run, browser)
    assert told["status"] == "done", told["error"]
    return run


async def test_a_back_test_is_started_and_read_over_the_api(services: Services, user: Browser) -> None:
    await prepared(services)
    run = await run_of(services, user)
    told = (await user.get(f"/api/backtests/{run}")).json()
    trades = (await user.get(f"/api/backtests/{run}/trades", params={"limit": 5})).json()
    assert told["summary"]["trades"] == told["result"]["trades"] > 5
    assert [t["number"] for t in trades["items"]] == [1, 2, 3, 4, 5] and trades["next"] == 5
    last = (await user.get(f"/api/backtests/{run}/trades", params={"after": told["result"]["trades"] - 1})).json()
    assert len(last["items"]) == 1 and last["next"] is None
    one = (await user.get(f"/api/backtests/{run}/trades/3")).json()
    assert one["row"] == trades["items"][2] and one["slice"]["because"]
    assert {n for _, _, n in one["slice"]["because"]} <= set(one["slice"]["nodes"])
    candles = (await user.get(f"/api/backtests/{run}/candles", params={"from": 100, "to": 103})).json()
    assert candles["close"] == CANDLES.close[100:103].tolist() and candles["from"] == 100 and candles["rows"] == 2_500
    wires = (await user.get(f"/api/backtests/{run}/wires")).json()
    chunk = (await user.get(f"/api/backtests/{run}/trace", params={"chunk": 1})).json()
    assert wires["chunk"] == 2048 and chunk["first"] == 2048 and chunk["rows"] == 452
    assert {w["wire"] for w in wires["wires"]} == set(chunk["wires"])
    curve = (await user.get(f"/api/backtests/{run}/equity")).json()
    months = (await user.get(f"/api/backtests/{run}/months")).json()
    assert len(curve["eq"]) == 2_500 and months["items"][0]["year"] == 2024
    assert (await user.get(f"/api/backtests/{run}/trace", params={"chunk": 2})).status_code == 404
    assert (await user.get(f"/api/backtests/{run}/why", params={"row": 2_500})).status_code == 404
    why = (await user.get(f"/api/backtests/{run}/why", params={"row": 1_000})).json()
    assert why["time"] == CANDLES.time[1_000] and why["long"]["conditions"] and why["trade"] is None


async def test_nobody_sees_the_back_test_of_somebody_else(
    services: Services, user: Browser, other_user: Browser, admin: Browser
) -> None:
    await prepared(services)
    run = await run_of(services, user)
    paths = ["", "/trades", "/trades/1", "/equity", "/months", "/candles", "/wires", "/trace", "/why?row=5"]
    for stranger in (other_user, admin):
        for path in paths:
            assert (await stranger.get(f"/api/backtests/{run}{path}")).status_code == 404, path
        assert (await stranger.get(f"/backtests/{run}/progress")).status_code == 404
        assert (await stranger.post(f"/api/backtests/{run}/cancel")).status_code == 404
        assert (await stranger.delete(f"/api/backtests/{run}/trace")).status_code == 404
        assert (await stranger.delete(f"/api/backtests/{run}")).status_code == 404
        assert (await stranger.get("/backtests/compare", params={"id": [run, run + "x"]})).status_code == 404
        assert (await stranger.get("/api/backtests")).json()["items"] == []
        assert run not in (await stranger.get("/backtests")).text


async def test_a_token_needs_its_scope(services: Services, user: Browser, token_of: TokenOf) -> None:
    await prepared(services)
    reader = await token_of(user.person, "backtests:read")
    assert (await reader.get("/api/backtests")).status_code == 200
    assert (await reader.post("/api/backtests", json=ORDER)).status_code == 403


async def test_what_cannot_run_is_refused_with_its_reason(services: Services, user: Browser) -> None:
    await prepared(services)
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"graph": "nothing"}, 404, "no graph"),
        ({"markets": [{"symbol": "NONE", "timeframe": "1h"}]}, 400, "no candles of NONE 1h"),
        ({"policy": "dreams"}, 400, "dreams"),
        ({"rules": {"maker_fee": 5}}, 400, "maker_fee"),
        ({"rules": {"maker_fee": "much"}}, 400, "maker_fee"),
        ({"params": {"nothing": 1}}, 400, "nothing"),
        ({"params": {"ema_fast.length": -1}}, 422, "length"),
        ({"from": 2_000_000_000_000, "to": 1}, 400, "range"),
        ({"capital": 0}, 400, "capital"),
        ({"markets": []}, 400, "markets"),
        ({"markets": ORDER["markets"] * 2}, 400, "twice"),
    ]
    for change, status, word in cases:
        answer = await user.post("/api/backtests", json=ORDER | change)
        assert answer.status_code == status, (change, answer.text)
        assert word in answer.text, (change, answer.text)
    assert (await user.get("/api/backtests")).json()["items"] == []


async def test_the_trace_can_be_dropped_and_the_rest_stays(services: Services, user: Browser) -> None:
    await prepared(services)
    run = await run_of(services, user)
    assert (await user.get(f"/api/backtests/{run}")).json()["trace_bytes"] > 0
    assert (await user.delete(f"/api/backtests/{run}/trace")).json()["rows"] > 0
    assert (await user.get(f"/api/backtests/{run}")).json()["trace_bytes"] == 0
    assert "dropped" in (await user.get(f"/api/backtests/{run}/trace")).text
    assert (await user.get(f"/api/backtests/{run}/trades/1")).json()["slice"]["because"]
    assert (await user.delete(f"/api/backtests/{run}")).status_code == 204
    assert (await user.get(f"/api/backtests/{run}")).status_code == 404


async def test_the_form_starts_one_with_what_stands_in_it(services: Services, user: Browser) -> None:
    await prepared(services)
    page = (await user.get("/backtests/new", params={"graph": "ema_cross"})).text
    assert f'value="{CANDLES.symbol}:1h" checked' in page and "bars of warm-up" in page and "Taker fee" in page
    form = {"graph": "ema_cross", "market": f"{CANDLES.symbol}:1h", "capital": "5,000", "policy": "bybit_linear",
            "rule.taker_fee": "0.001", "rule.path": "adaptive", "start": "2024-02-01", "end": "2024-04-01",
            "csrf_token": user.headers["X-CSRF-Token"]}  # fmt: skip
    answer = await user.post("/backtests", data=form)
    assert answer.status_code == 303, answer.text
    run = answer.headers["Location"].rpartition("/")[2]
    told = await ended(services, run, user)
    assert told["status"] == "done" and told["request"]["rules"] == {"taker_fee": 0.001}
    assert told["request"]["capital"] == 5000 and told["result"]["settings"]["capital"] == 5000
    again = (await user.get("/backtests/new", params={"from": run})).text
    assert 'value="5000"' in again and 'value="2024-02-01"' in again and 'value="0.001"' in again
    listed = (await user.get("/backtests")).text
    assert run in listed and "EMA cross" in listed and "done" in listed


async def test_a_report_is_one_file(services: Services, user: Browser) -> None:
    await prepared(services)
    run = await run_of(services, user)
    page = (await user.get(f"/backtests/{run}")).text
    assert f'href="/backtests/{run}/report.html"' in page
    answer = await user.get(f"/backtests/{run}/report.html")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="report-{run}.html"'
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "EMA cross" in answer.text and 'id="tradegraph-result"' in answer.text and "src=" not in answer.text


async def test_the_form_says_what_is_wrong_before_it_runs(services: Services, user: Browser) -> None:
    await prepared(services)
    asked = {"graph": "ema_cross", "market": f"{CANDLES.symbol}:1h", "start": "2024-13-01"}
    assert "is not a date" in (await user.get("/backtests/new/check", params=asked)).text
    short = asked | {"start": "2024-01-01", "end": "2024-01-02"}
    assert "No bar is left" in (await user.get("/backtests/new/check", params=short)).text


async def test_pages_without_anything_say_what_to_do(user: Browser) -> None:
    assert "No back-test yet" in (await user.get("/backtests")).text
    assert "No candles are stored" in (await user.get("/backtests/new")).text
    assert "No back-test is like that" in (await user.get("/backtests", params={"status": "failed"})).text
    assert (await user.get("/backtests/compare")).status_code == 400


async def test_two_back_tests_side_by_side(services: Services, user: Browser) -> None:
    await prepared(services)
    one, other = await run_of(services, user), await run_of(services, user, params={"ema_fast.length": 9})
    page = (await user.get("/backtests/compare", params={"id": [one, other]})).text
    assert page.count('class="curve s') == 2 and "Only in A" in page and "The graphs are different ones" in page
    assert 'aria-label="best"' in page
    same = (await user.get("/backtests/compare", params={"id": [one, await run_of(services, user)]})).text
    assert "The graphs have the same logic" in same and 'aria-label="best"' not in same


async def test_the_progress_page_shows_what_became_of_it(services: Services, user: Browser) -> None:
    await prepared(services)
    late = int(CANDLES.time[-1]) + 86_400_000 * 400
    answer = await user.post("/api/backtests", json=ORDER | {"from": late})
    told = await ended(services, answer.json()["id"], user)
    assert told["status"] == "failed" and told["error"]["message"]
    part = (await user.get(f"/backtests/{told['id']}/progress")).text
    assert "It failed" in part and "Run again with changes" in part
    assert (await user.post(f"/api/backtests/{told['id']}/cancel")).status_code == 409
