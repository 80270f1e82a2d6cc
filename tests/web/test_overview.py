"""The overview: what it shows of a person's own things, and the first steps of a newcomer."""

from typing import Any

import msgspec

from engine.sim.synthetic import Market, synthetic_candles
from server.ids import new_id
from server.people import User
from server.services import Services
from server.store.backtests import StoredBacktest
from server.store.logs import LogLine
from tests.web.conftest import Browser

SUMMARY = {
    "total_return": 0.1234, "max_drawdown": 0.05, "sharpe": 1.5, "trades": 42, "synthetic": True,
    "spark": [10_000.0, 10_500.0, 11_234.0],
}  # fmt: skip


async def stored(services: Services, owner: User, name: str, **more: Any) -> StoredBacktest:
    """A finished back-test, unless `more` says otherwise."""
    now = services.clock()
    run = StoredBacktest(
        id=new_id(), owner_id=owner.id, graph_id=None, revision=1, name=name, logic_hash="0" * 64, request={},
        status="done", stage="done", progress=1.0, error=None, created_at=now, started_at=now, finished_at=now,
        seconds=1.0, summary=SUMMARY, document="{}", result=None,
    )  # fmt: skip
    run = msgspec.structs.replace(run, **more)
    await services.store.backtests.add(run)
    return run


def words(page: str) -> str:
    """A page with its spaces evened out."""
    return " ".join(page.split())


async def test_a_newcomer_is_led_from_candles_to_a_comparison(user: Browser) -> None:
    page = words((await user.get("/")).text)
    titles = ["Get candles", "Back-test a template", "Look at a bar", "Copy a graph", "Back-test your copy", "Compare"]
    places = [page.index(f"<h3>{title}") for title in titles]
    assert places == sorted(places)
    assert "No back-test yet" in page and "No candles yet" in page and "path-step done" not in page
    assert 'href="/backtests/new?graph=ema_cross"' in page


async def test_steps_are_ticked_by_what_was_done(user: Browser, services: Services) -> None:
    graph = await services.store.graphs.copy("ema_cross", user.person, now=services.clock())
    first = await stored(services, user.person, "of the template", graph_id="ema_cross")
    page = words((await user.get("/")).text)
    assert page.count("path-step done") == 2 and f'href="/backtests/{first.id}"' in page
    second = await stored(services, user.person, "of the copy", graph_id=graph.id)
    await services.store.candles.add(synthetic_candles(7, 300, Market(timeframe="1h")))
    page = words((await user.get("/")).text)
    assert page.count("path-step done") == 3 and "Get candles" not in page
    assert f'href="/backtests/compare?id={second.id}&amp;id={first.id}"' in page
    assert 'id="path">' in page  # all that the server sees is done: the path is folded


async def test_back_tests_are_shown_with_curve_and_figures(user: Browser, services: Services) -> None:
    await stored(services, user.person, "the best of all")
    error = {"code": "input", "message": "no candles of DOGE"}
    await stored(services, user.person, "a failed one", status="failed", summary=None, error=error)
    running = {"status": "running", "stage": "matching", "progress": 0.5, "summary": None, "finished_at": None}
    run = await stored(services, user.person, "the one that runs", **running)
    page = words((await user.get("/")).text)
    for text in (
        "the best of all",
        "+12.3 %",
        "5.0 %",
        "1.50",
        'class="spark up"',
        "synthetic",
        "No candles of DOGE",
    ):
        assert text in page
    assert f'data-run="{run.id}"' in page and '<progress max="1" value="0.5" aria-label="Matching orders">' in page


async def test_the_list_alone_can_be_asked_for(user: Browser, services: Services) -> None:
    await stored(services, user.person, "only this")
    part = (await user.get("/overview/runs")).text
    assert part.lstrip().startswith('<div id="runs">') and "only this" in part and "<html" not in part


async def test_nobody_sees_what_is_not_theirs(user: Browser, other_user: Browser, services: Services) -> None:
    await services.store.graphs.copy("ema_cross", other_user.person, now=services.clock())
    await stored(services, other_user.person, "a secret")
    for path in ("/", "/overview/runs"):
        assert "a secret" not in (await user.get(path)).text
        assert "a secret" in (await other_user.get(path)).text
    assert "My graphs" not in (await user.get("/")).text
    assert "My graphs" in (await other_user.get("/")).text


async def test_names_are_text_and_no_markup(user: Browser, services: Services) -> None:
    await stored(services, user.person, "<script>alert(1)</script>")
    page = (await user.get("/")).text
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page


async def test_candles_are_counted_and_the_newest_listed(user: Browser, services: Services) -> None:
    candles = synthetic_candles(7, 300, Market(timeframe="1h"))
    await services.store.candles.add(candles)
    page = words((await user.get("/")).text)
    assert "1 series, 300 bars" in page and f'href="/candles/{candles.symbol}/1h"' in page


async def test_admins_see_how_the_server_is(admin: Browser, user: Browser, services: Services) -> None:
    line = LogLine(at=services.clock(), level=40, component="web", event="fault", message="broken")
    old = msgspec.structs.replace(line, at=line.at - 2 * 86_400_000)
    await services.store.logs.add([line, old, msgspec.structs.replace(line, level=30)])
    page = words((await admin.get("/")).text)
    assert "SQLite is up to date" in page and "Back-test worker runs" in page and "1 error</a>" in page
    assert 'class="health' not in (await user.get("/")).text
