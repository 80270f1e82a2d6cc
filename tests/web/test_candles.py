"""Stored candles over HTTP: lists, windows, files in and out, fetches, removal; as JSON and as pages."""

import io
from collections.abc import Generator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.candles import COLUMNS, Candles, make_candles
from engine.sim.synthetic import Market, synthetic_candles, synthetic_funding
from engine.timeframe import HOUR
from server.adapters.bybit_rest import BybitRest
from server.adapters.candle_files import read_candles, read_funding, write_candles
from server.services import Services
from tests.server.bybit_market import NOW, FakeBybit, serving
from tests.web.conftest import Browser, TokenOf

ALL = synthetic_candles(3, 6000)
START = int(ALL.time[0])


def real(*gone: int, of: Candles = ALL) -> Candles:
    """Candles of a real market, some bars left out."""
    columns: dict[str, Any] = {name: np.delete(getattr(of, name), gone) for name in COLUMNS}
    return make_candles("BTCUSDT", "1h", origin="test.csv", **columns)


def upload(candles: Candles, folder: Path, name: str) -> dict[str, Any]:
    write_candles(folder / name, candles)
    return {"file": (name, (folder / name).read_bytes(), "application/octet-stream")}


@pytest.fixture
def fake(services: Services, monkeypatch: pytest.MonkeyPatch) -> Generator[FakeBybit]:
    """The exchange on loopback, and the server's fetches sent there."""
    with serving(FakeBybit()) as served:
        monkeypatch.setattr(services.fetches, "_clock", lambda: NOW)
        monkeypatch.setattr(services.fetches, "_rest", lambda: BybitRest(served.url, timeout=5, attempts=1, pause=0))
        yield served


async def all_fetched(services: Services) -> None:
    for task in [*services.fetches._tasks.values()]:
        await task


async def refused(answer: Any, status: int, message: str) -> None:
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (status, status), answer.text
    assert message in error["message"]


class Found(HTMLParser):
    """Elements of a page by name, with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        named = {name.replace("_", "-").rstrip("-"): value for name, value in wanted.items()}
        return [a for t, a in self.elements if t == tag and all(a.get(n) == v for n, v in named.items())]


async def test_nothing_is_stored_yet(user: Browser) -> None:
    assert (await user.get("/api/candles")).json() == {"items": []}
    page = await user.get("/candles")
    assert page.status_code == 200 and "No candles yet" in page.text
    await refused(await user.get("/api/candles/BTCUSDT/1h"), 404, "no BTCUSDT 1h is stored")
    assert (await user.get("/candles/BTCUSDT/1h")).status_code == 404


async def test_facts_window_and_gaps(user: Browser, services: Services) -> None:
    await services.store.candles.add(real(100, 101, 5000), allow_gaps=True)

    (facts,) = (await user.get("/api/candles")).json()["items"]
    assert (facts["symbol"], facts["timeframe"], facts["rows"], facts["missing"]) == ("BTCUSDT", "1h", 5997, 3)
    assert (facts["first"], facts["last"], facts["origins"]) == (START, int(ALL.time[-1]), ["test.csv"])
    assert facts["size"] > 1000
    gaps = (await user.get("/api/candles/BTCUSDT/1h/gaps")).json()
    at = {"first": START + 100 * HOUR, "last": START + 101 * HOUR, "bars": 2}
    assert (gaps["count"], gaps["items"][0]) == (2, at)


@pytest.mark.parametrize(
    ("query", "first", "rows"),
    [
        ({"limit": 3}, 5997, 3),
        ({"row": 4095, "limit": 2}, 4095, 2),
        ({"row": 5999}, 5999, 1),
        ({"row": 6000}, 6000, 0),
        ({"from": START + 10 * HOUR, "limit": 4}, 10, 4),
        ({"from": START + 10 * HOUR - 1, "to": START + 12 * HOUR}, 10, 2),
        ({"to": START + 12 * HOUR, "limit": 4}, 8, 4),
        ({"from": START + 20 * HOUR, "to": START}, 20, 0),
        ({"from": 2**53}, 6000, 0),
    ],
)
async def test_windows(query: dict[str, int], first: int, rows: int, user: Browser, services: Services) -> None:
    await services.store.candles.add(real())
    window = (await user.get("/api/candles/BTCUSDT/1h", params=query)).json()

    assert (window["from"], window["rows"], window["bar_ms"], len(window["time"])) == (first, 6000, HOUR, rows)
    for name in COLUMNS:
        assert window[name] == getattr(ALL, name)[first : first + rows].tolist()


async def test_funding_is_a_series_too(user: Browser, services: Services) -> None:
    instants, rates = synthetic_funding(ALL, 1)
    await services.store.candles.add_funding("BTCUSDT", instants, rates, origin="f.csv")

    window = (await user.get("/api/candles/BTCUSDT/funding?row=2&limit=5")).json()
    assert window["rate"] == rates[2:7].tolist() and window["time"] == instants[2:7].tolist()
    assert (await user.get("/api/candles/BTCUSDT/funding/gaps")).json() == {"items": [], "count": 0}
    page = await user.get("/candles/BTCUSDT/funding")
    assert page.status_code == 200 and "candle-chart" not in page.text


@pytest.mark.parametrize("form", ["csv", "csv.gz", "parquet"])
async def test_files_go_in_and_come_out_the_same(form: str, user: Browser, services: Services, tmp_path: Path) -> None:
    files = upload(real(), tmp_path, f"BTC.{form}")
    answer = await user.post("/api/candles/import", data={"symbol": "BTCUSDT", "timeframe": "1h"}, files=files)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["rows"], answer.json()["origins"]) == (6000, [f"BTC.{form}"])

    got = await user.get(f"/api/candles/BTCUSDT/1h/file?format={form}")
    assert got.headers["content-disposition"] == f'attachment; filename="BTCUSDT_1h.{form}"'
    (tmp_path / f"again.{form}").write_bytes(got.content)
    assert read_candles(tmp_path / f"again.{form}", symbol="BTCUSDT").identity == real().identity
    assert (await services.store.candles.load("BTCUSDT", "1h")).identity == real().identity


async def test_funding_comes_out_as_a_file(user: Browser, services: Services, tmp_path: Path) -> None:
    instants, rates = synthetic_funding(ALL, 1)
    await services.store.candles.add_funding("BTCUSDT", instants, rates, origin="f.csv")
    got = await user.get("/api/candles/BTCUSDT/funding/file")
    (tmp_path / "f.csv.gz").write_bytes(got.content)
    assert np.array_equal(read_funding(tmp_path / "f.csv.gz")[1], rates)


BAD_FILES = {
    "no candles": (b"hello", "x.csv row 1"),
    "empty": (b"", "the file is empty or was not sent"),
    "numbers": (b"1,2,3,4,5,6\n", "found numbers"),
    "impossible": (b"timestamp,open,high,low,close,volume\n1704067200000,1,1,2,1,1\n", "high below low"),
    "broken gzip": (b"\x1f\x8bxx", "x.csv is cut short"),
    "broken Parquet": (b"PAR1xx", "x.csv is not a readable Parquet file"),
}


@pytest.mark.parametrize("case", BAD_FILES)
async def test_a_bad_file_is_refused_in_one_sentence_without_a_path(case: str, user: Browser) -> None:
    content, message = BAD_FILES[case]
    files = {"file": ("../../etc/x.csv", content, "text/csv")}
    answer = await user.post("/api/candles/import", data={"symbol": "BTCUSDT"}, files=files)

    await refused(answer, 400, message)
    told = answer.json()["error"]["message"]
    assert "/" not in told.replace("CSV, CSV.gz or Parquet", "") and "upload" not in told
    assert (await user.get("/api/candles")).json() == {"items": []}


@pytest.mark.parametrize("symbol", ["../x", "", "a b", "x" * 61, "<script>", "a'--"])
async def test_a_bad_symbol_is_refused_everywhere(symbol: str, user: Browser, tmp_path: Path) -> None:
    files = upload(real(), tmp_path, "a.csv")
    assert (await user.post("/api/candles/import", data={"symbol": symbol}, files=files)).status_code == 400
    order = {"symbol": symbol, "timeframe": "1h", "from": START}
    assert (await user.post("/api/candles/fetch", json=order)).status_code == 400
    if symbol:
        path = symbol.replace("/", "%2F").replace("<", "%3C").replace(">", "%3E")
        assert (await user.get(f"/api/candles/{path}/1h")).status_code in (400, 404)


async def test_an_upload_that_is_too_large_is_refused(user: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    big = io.BytesIO(b"x" * (65 << 20))
    answer = await user.post("/api/candles/import", data={"symbol": "X"}, files={"file": ("x.csv", big, "text/csv")})
    await refused(answer, 413, "")


async def test_a_fetch_from_the_page(user: Browser, services: Services, fake: FakeBybit) -> None:
    form = {"symbol": " BTCUSDT ", "timeframe": "1h", "from": "2024-01-01", "to": "2024-02-01", "funding": "yes"}
    answer = await user.post("/candles/fetch", data=form, headers={"HX-Request": "true"})
    assert answer.status_code == 200 and 'id="candle-fetches"' in answer.text and "BTCUSDT 1h" in answer.text
    await all_fetched(services)

    (state,) = (await user.get("/api/candles/fetches")).json()["items"]
    assert (state["status"], state["done"], state["total"]) == ("done", 744, 744)
    assert "744" in (await user.get("/candles/fetches")).text
    stored = {(s.symbol, s.timeframe): s.rows for s in await services.store.candles.list()}
    assert stored == {("BTCUSDT", "1h"): 744, ("BTCUSDT", "funding"): 93}
    page = await user.get("/candles/BTCUSDT/1h")
    assert "Least order value" in page.text and "0.10" in page.text
    events = await services.store.events.after(0, user.person.id)
    assert [e.data["status"] for e in events if e.topic == "candles"][-1] == "done"


async def test_a_gap_is_fetched_from_its_row(user: Browser, services: Services, fake: FakeBybit) -> None:
    gone = tuple(range(100, 150))
    await services.store.candles.add(real(*gone, of=fake.candles.part(0, 500)), allow_gaps=True)
    page = Found((await user.get("/candles/BTCUSDT/1h")).text)
    sent: dict[str, Any] = {name: page.all("input", type="hidden", name=name)[0]["value"] for name in ("from", "to")}
    assert sent == {"from": "2024-01-05T04:00:00+00:00", "to": "2024-01-07T06:00:00+00:00"}

    answer = await user.post("/candles/fetch", data={"symbol": "BTCUSDT", "timeframe": "1h", **sent})
    assert (answer.status_code, answer.headers["location"]) == (303, "/candles")
    await all_fetched(services)
    assert await services.store.candles.gaps("BTCUSDT", "1h") == []
    assert "No bar is missing" in (await user.get("/candles/BTCUSDT/1h")).text


async def test_fetch_orders_that_make_no_sense(user: Browser, fake: FakeBybit) -> None:
    order = {"symbol": "BTCUSDT", "timeframe": "1h", "from": START}
    await refused(await user.post("/api/candles/fetch", json={**order, "to": START}), 400, "lies not before the end")
    await refused(await user.post("/api/candles/fetch", json={**order, "timeframe": "7h"}), 400, "'7h' is not known")
    assert (await user.post("/api/candles/fetch", json={**order, "from": 2**53})).status_code == 400
    assert (await user.post("/api/candles/fetch", content=b"{")).status_code == 400
    await refused(
        await user.post("/candles/fetch", data={**order, "from": "x"}, headers={"Accept": "application/json"}),
        400,
        "not a date",
    )
    cancel = await user.post("/api/candles/fetches/cancel", json={"symbol": "BTCUSDT", "timeframe": "1h"})
    await refused(cancel, 404, "BTCUSDT 1h is not being fetched")


async def test_removal_is_for_admins(user: Browser, admin: Browser, services: Services) -> None:
    for _ in range(2):
        await services.store.candles.add(real())
        assert "Remove this series" not in (await user.get("/candles/BTCUSDT/1h")).text
        assert "Remove this series" in (await admin.get("/candles/BTCUSDT/1h")).text
        await refused(await user.delete("/api/candles/BTCUSDT/1h"), 403, "only admins")
        assert (await user.post("/candles/BTCUSDT/1h/remove")).status_code == 403
        assert len(await services.store.candles.list()) == 1
        if _:
            assert (await admin.post("/candles/BTCUSDT/1h/remove")).status_code == 303
        else:
            assert (await admin.delete("/api/candles/BTCUSDT/1h")).status_code == 204
        assert list(await services.store.candles.list()) == []
    await refused(await admin.delete("/api/candles/BTCUSDT/1h"), 404, "no BTCUSDT 1h is stored")
    entries = await services.store.audit.page(None, "candles_removed", 10)
    assert [(e.user, e.object, e.detail) for e in entries] == [("Adam", "BTCUSDT 1h", {"rows": 6000})] * 2


async def test_tokens_do_what_their_scopes_say(
    user: Browser, token_of: TokenOf, services: Services, fake: FakeBybit, tmp_path: Path
) -> None:
    await services.store.candles.add(real())
    reader = await token_of(user.person, "candles:read")
    assert (await reader.get("/api/candles/BTCUSDT/1h?limit=1")).status_code == 200
    files = upload(real(), tmp_path, "a.csv")
    await refused(await reader.post("/api/candles/import", data={"symbol": "X"}, files=files), 403, "candles:write")
    await refused(await reader.delete("/api/candles/BTCUSDT/1h"), 403, "admin")


async def test_a_writing_token_imports(user: Browser, token_of: TokenOf, tmp_path: Path) -> None:
    writer = await token_of(user.person, "candles:write")
    files = upload(real(), tmp_path, "a.csv")
    assert (await writer.post("/api/candles/import", data={"symbol": "X"}, files=files)).status_code == 201
    await refused(await writer.get("/api/candles"), 403, "candles:read")


async def test_without_the_page_s_token_nothing_changes(user: Browser, tmp_path: Path) -> None:
    user.headers["X-CSRF-Token"] = "guessed"
    files = upload(real(), tmp_path, "a.csv")
    for path in ("/api/candles/import", "/candles/import"):
        assert (await user.post(path, data={"symbol": "X"}, files=files)).status_code == 403
    assert (
        await user.post("/api/candles/fetch", json={"symbol": "X", "timeframe": "1h", "from": 0})
    ).status_code == 403
    assert (await user.get("/api/candles")).json() == {"items": []}


async def test_the_list_shows_what_is_stored_and_filters(user: Browser, services: Services) -> None:
    await services.store.candles.add(real(*range(3000, 3100)), allow_gaps=True)
    await services.store.candles.add(synthetic_candles(1, 50, Market(timeframe="15m")))
    page = Found((await user.get("/candles")).text)

    assert {a["href"] for a in page.all("a") if (a.get("href") or "").startswith("/candles/")} >= {
        "/candles/BTCUSDT/1h", "/candles/SYNTHUSDT/15m",
    }  # fmt: skip
    assert "synthetic" in page.text
    (hole,) = page.all("rect", class_="candle-hole")
    assert (hole["x"], hole["width"]) == ("120.0", "4.0")
    assert not [a for _, a in page.elements if "style" in a or any(name.startswith("on") for name in a)]
    for query, shown, hidden in (("text=btc", "BTCUSDT", "SYNTHUSDT"), ("timeframe=15m", "SYNTHUSDT", "BTCUSDT</a>")):
        part = (await user.get(f"/candles/list?{query}")).text
        assert f"{shown}</a>" in part and hidden not in part
    assert "No series matches" in (await user.get("/candles?text=%27%20OR%201=1--")).text
    evil = (await user.get("/candles", params={"text": '"><script>alert(1)</script>'})).text
    assert "<script>alert" not in evil


async def test_the_page_s_forms_work_without_a_script(user: Browser, tmp_path: Path) -> None:
    form = Found((await user.get("/candles")).text)
    (token,) = {a["value"] for a in form.all("input", name="csrf_token")}
    user.headers.pop("X-CSRF-Token")
    files = upload(real(7), tmp_path, "a.csv")
    sent = {"symbol": "BTCUSDT", "timeframe": "", "allow_gaps": "true", "csrf_token": token}
    answer = await user.post("/candles/import", data=sent, files=files)
    assert (answer.status_code, answer.headers["location"]) == (303, "/candles/BTCUSDT/1h")
    refusal = await user.post("/candles/import", data={**sent, "symbol": "E", "allow_gaps": ""}, files=files)
    assert refusal.status_code == 400 and "<html" in refusal.text


async def test_script_in_a_file_s_name_is_text(user: Browser, tmp_path: Path) -> None:
    (content,) = upload(real(), tmp_path, "a.csv").values()
    files = {"file": ("<script>alert(1)</script>.csv", content[1], "text/csv")}
    assert (await user.post("/api/candles/import", data={"symbol": "X"}, files=files)).status_code == 201
    for path in ("/candles", "/candles/X/1h"):
        assert "<script>alert" not in (await user.get(path)).text
