"""Graphs over HTTP: the API, the pages, and that nobody sees or changes what is not theirs."""

import json
from typing import Any

import pytest

from engine.textform import to_text
from server.graphs import BUILT_IN, built_in_ids, load_graph
from tests.web.conftest import Browser, TokenOf

TEXT = (BUILT_IN / "ema_cross.json").read_text()
LONGER = TEXT.replace('"length": 20', '"length": 34').replace('"EMA cross"', '"Longer"')
JSON = {"Content-Type": "application/json"}
EVIL = "<script>alert(1)</script>\"'&"


async def made(who: Browser, text: str = TEXT) -> str:
    answer = await who.post("/api/graphs", params={"message": "first"}, content=text, headers=JSON)
    assert answer.status_code == 201, answer.text
    return answer.json()["graph"]["id"]


async def published(who: Browser, graph: str, text: str = LONGER, based_on: str = '"1"') -> Any:
    headers = JSON | {"If-Match": based_on}
    return await who.post(f"/api/graphs/{graph}/revisions", params={"message": "why"}, content=text, headers=headers)


# --- API --------------------------------------------------------------------------------------------------------------


async def test_a_document_is_kept_byte_for_byte(user: Browser) -> None:
    strange = TEXT.replace("indicator.ema", "gone.node").replace("  ", "\t")
    graph = await made(user, strange)
    answer = await user.get(f"/api/graphs/{graph}")
    assert answer.headers["ETag"] == '"1"'
    assert strange.strip() in answer.text
    assert (await user.get(f"/api/graphs/{graph}/export")).text == strange
    assert answer.json()["revision"]["message"] == "first"


async def test_publishing_needs_the_newest_number(user: Browser) -> None:
    graph = await made(user)
    missing = await user.post(f"/api/graphs/{graph}/revisions", content=LONGER, headers=JSON)
    assert (missing.status_code, missing.json()["error"]["code"]) == (428, "precondition_needed")
    for wrong in ("*", '"x"', "-1", '"99999999999"'):
        assert (await published(user, graph, based_on=wrong)).status_code == 400
    first = await published(user, graph)
    assert (first.status_code, first.headers["ETag"], first.json()["number"]) == (201, '"2"', 2)
    late = await published(user, graph)
    assert late.status_code == 409 and "at revision 2" in late.json()["error"]["message"]
    numbers = [r["number"] for r in (await user.get(f"/api/graphs/{graph}/revisions")).json()]
    assert numbers == [2, 1]
    assert TEXT.strip() in (await user.get(f"/api/graphs/{graph}/revisions/1")).text
    assert (await user.get(f"/api/graphs/{graph}/revisions/3")).status_code == 404


async def test_the_diff_is_told_in_sentences(user: Browser) -> None:
    graph = await made(user)
    await published(user, graph)
    found = (await user.get(f"/api/graphs/{graph}/diff", params={"from": 1, "to": 2})).json()
    assert [c["sentence"] for c in found["changes"]] == [
        "The name is Longer, was EMA cross",
        "ema_fast: length 20 → 34",
    ]
    assert found["changes"][1]["place"] == ["nodes", "ema_fast", "params", "length"]
    assert (found["same_logic"], found["moves"]) == (False, 0)
    same = (await user.get(f"/api/graphs/{graph}/diff", params={"from": 2, "to": 2})).json()
    assert (same["changes"], same["verdict"]) == ([], "The two are equal.")
    assert (await user.get(f"/api/graphs/{graph}/diff", params={"from": 1})).status_code == 400


async def test_drafts_are_saved_with_their_version(user: Browser) -> None:
    graph = await made(user)
    place = f"/api/graphs/{graph}/draft"
    assert (await user.get(place)).status_code == 404
    save: dict[str, Any] = {"params": {"base": 1}, "content": '{"half": [1, '}
    assert (await user.put(place, **save, headers=JSON | {"If-Match": '"0"'})).status_code == 400
    save["content"] = '{ "half": [1, 2] }'
    assert (await user.put(place, **save, headers=JSON)).status_code == 428
    first = await user.put(place, **save, headers=JSON | {"If-Match": '"0"'})
    assert (first.status_code, first.headers["ETag"], first.json()["version"]) == (200, '"1"', 1)
    assert (await user.put(place, **save, headers=JSON | {"If-Match": '"0"'})).status_code == 409
    assert '{ "half": [1, 2] }' in (await user.get(place)).text
    assert (await user.delete(place)).status_code == 204
    assert (await user.get(place)).status_code == 404


async def test_validation_names_all_problems_and_what_follows(user: Browser) -> None:
    broken = json.loads(TEXT)
    broken["nodes"][1]["type"] = "gone.node"
    broken["edges"][2]["to"] = "atr.nothing"
    found = (await user.post("/api/graphs/validate", json=broken)).json()
    assert not found["ok"] and found["errors"] >= 2
    assert {"unknown_node_type", "unknown_port"} <= {issue["code"] for issue in found["issues"]}
    assert any(issue.get("fixes") for issue in found["issues"])
    good = (await user.get("/api/graphs/ema_cross/validation", params={"timeframe": "1h"})).json()
    assert good["ok"] and good["order"][0] == "candles" and good["warmup_bars"]["order"] == 627
    assert good["data_needed"] == [{"symbol": "", "timeframe": "1h", "bars": 627}]
    for wrong in ({"timeframe": "7h"}, {"mode": "no"}):
        assert (await user.get("/api/graphs/ema_cross/validation", params=wrong)).status_code == 400


async def test_lists_search_and_go_on(user: Browser) -> None:
    mine = [await made(user, TEXT.replace('"EMA cross"', f'"Mine {n}"')) for n in range(3)]
    page = (await user.get("/api/graphs", params={"built_in": "false", "limit": 2})).json()
    rest = (await user.get("/api/graphs", params={"built_in": "false", "limit": 2, "after": page["next"]})).json()
    assert [g["id"] for g in page["items"] + rest["items"]] == mine[::-1] and rest["next"] is None
    assert [g["id"] for g in (await user.get("/api/graphs?search=mine%202")).json()["items"]] == [mine[2]]
    pairs = (await user.get("/api/graphs?tag=pairs")).json()["items"]
    assert [g["id"] for g in pairs] == ["spread"]
    assert (await user.get("/api/graphs?after=nonsense")).status_code == 400
    assert (await user.get("/api/graphs", params={"search": "a\0b' OR 1=1 --%_"})).json()["items"] == []


async def test_tags_archive_copy_and_text(user: Browser) -> None:
    graph = await made(user)
    changed = await user.patch(f"/api/graphs/{graph}", json={"tags": ["My Tag"], "archived": True})
    assert changed.json()["tags"] == ["my tag"] and changed.json()["archived_at"]
    assert (await user.patch(f"/api/graphs/{graph}", json={"archived": False})).json()["tags"] == ["my tag"]
    copied = (await user.post("/api/graphs/hh_ll/copy")).json()
    assert copied["graph"]["name"] == "HH/LL top-down (copy)" and not copied["graph"]["built_in"]
    text = await user.get("/api/graphs/hh_ll/export", params={"form": "text"})
    assert text.text == to_text(load_graph("hh_ll"))
    assert text.headers["Content-Disposition"] == 'attachment; filename="hh_ll-r1.txt"'


async def test_node_types_are_explained(user: Browser) -> None:
    found = (await user.get("/api/nodes", params={"search": "exponential moving average"})).json()
    assert "indicator.ema" in [entry["type"] for entry in found]
    entry = (await user.get("/api/nodes/indicator.ema")).json()
    assert entry["params"]["properties"]["length"]["minimum"] == 1
    assert (await user.get("/api/nodes/gone.node")).status_code == 404


async def test_built_in_graphs_cannot_be_changed(admin: Browser) -> None:
    assert (await published(admin, "ema_cross")).status_code == 403
    assert (await admin.patch("/api/graphs/ema_cross", json={"archived": True})).status_code == 403
    save = await admin.put("/api/graphs/ema_cross/draft?base=1", json={}, headers={"If-Match": '"0"'})
    assert save.status_code == 403


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", "null", '{"schema_version": 1}', '"\\ud800"'])
async def test_what_is_no_document_is_refused(user: Browser, body: str) -> None:
    for method, place in (("POST", "/api/graphs"), ("POST", "/api/graphs/validate")):
        answer = await user.request(method, place, content=body, headers=JSON)
        assert answer.status_code == 400 and answer.json()["error"]["message"]


async def test_what_is_not_theirs_is_not_there(user: Browser, other_user: Browser, admin: Browser) -> None:
    graph = await made(user)
    await published(user, graph)
    match = {"If-Match": '"2"'}
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"/api/graphs/{graph}", {}),
        ("PATCH", f"/api/graphs/{graph}", {"json": {"tags": []}}),
        ("POST", f"/api/graphs/{graph}/copy", {}),
        ("GET", f"/api/graphs/{graph}/revisions", {}),
        ("POST", f"/api/graphs/{graph}/revisions", {"content": TEXT, "headers": JSON | match}),
        ("GET", f"/api/graphs/{graph}/revisions/1", {}),
        ("GET", f"/api/graphs/{graph}/diff?from=1&to=2", {}),
        ("GET", f"/api/graphs/{graph}/validation", {}),
        ("GET", f"/api/graphs/{graph}/export", {}),
        ("GET", f"/api/graphs/{graph}/draft", {}),
        ("PUT", f"/api/graphs/{graph}/draft?base=1", {"json": {}, "headers": {"If-Match": '"0"'}}),
        ("DELETE", f"/api/graphs/{graph}/draft", {}),
        ("GET", f"/graphs/{graph}", {}),
        ("GET", f"/graphs/{graph}/revisions/1", {}),
        ("GET", f"/graphs/{graph}/node?node=atr", {}),
        ("GET", f"/graphs/{graph}/picture.svg", {}),
        ("GET", f"/graphs/{graph}/diff?from=1&to=2", {}),
        ("POST", f"/graphs/{graph}/copy", {}),
        ("POST", f"/graphs/{graph}/archive", {"data": {"archived": "1"}}),
        ("POST", f"/graphs/{graph}/revisions", {"data": {"text": TEXT, "based_on": "2"}}),
    ]
    for stranger in (other_user, admin):
        for method, place, more in asked:
            answer = await stranger.request(method, place, **more)
            assert answer.status_code == 404, (method, place)
        assert graph not in (await stranger.get("/graphs")).text
        assert graph not in (await stranger.get("/api/graphs")).text
    assert (await user.get(f"/api/graphs/{graph}")).headers["ETag"] == '"2"'


async def test_tokens_need_their_scope(user: Browser, token_of: TokenOf) -> None:
    reading = await token_of(user.person, "graphs:read")
    assert (await reading.get("/api/graphs")).status_code == 200
    assert (await reading.post("/api/graphs", content=TEXT, headers=JSON)).status_code == 403


# --- pages ------------------------------------------------------------------------------------------------------------


async def test_the_gallery_shows_what_each_graph_needs(user: Browser) -> None:
    page = (await user.get("/graphs")).text
    for name in built_in_ids():
        assert f'href="/graphs/{name}"' in page and f"/backtests/new?graph={name}" in page
    assert page.count('class="picture"') == len(built_in_ids())
    assert "627 bars on 1h" in page and "and ETHUSDT" in page and "1w, 1d, 4h" in page
    assert "My graphs" not in page
    graph = await made(user)
    page = (await user.get("/graphs")).text
    assert "My graphs" in page and f'href="/graphs/{graph}"' in page
    found = (await user.get("/graphs", params={"search": "donchian"})).text
    assert found.count('class="picture"') == 1
    assert "No graph fits" in (await user.get("/graphs", params={"search": "nothing at all"})).text
    assert (await user.get("/graphs", params={"tag": "pairs"})).text.count('class="picture"') == 1


async def test_the_page_of_a_graph_has_canvas_check_list_and_text(user: Browser) -> None:
    page = (await user.get("/graphs/ema_cross")).text
    assert page.count('data-node="ema_fast"') == 1 and "Valid: the graph can run" in page
    assert "627 bars on 1h before the first decision" in page
    assert "source ← candles.close" in page and "Copy to my graphs" in page
    assert "entry = signal.flags@1" in page and "Not back-tested yet" in page
    assert "Publish a file" not in page, "a built-in graph has no next revision"
    inside = (await user.get("/graphs/hh_ll", params={"path": "trend_1d", "node": "trend_1d/pivots"})).text
    assert 'data-node="trend_1d/pivots"' in inside and 'aria-current="page">trend 1d' in inside
    assert "Turning points" in inside
    assert (await user.get("/graphs/hh_ll", params={"path": "nothing"})).status_code == 404
    assert (await user.get("/graphs/hh_ll", params={"node": "nothing"})).status_code == 404


async def test_the_panel_explains_a_node(user: Browser) -> None:
    panel = (await user.get("/graphs/ema_cross/node", params={"node": "ema_fast"})).text
    for told in (
        "Exponential moving average",
        "Length",
        "bars",
        "≥ 1 ≤ 5000",
        "from candles.close",
        "Warm-up here: 251",
    ):
        assert told in panel
    assert "<html" not in panel
    embedded = (await user.get("/graphs/hh_ll/node", params={"node": "trend_1d"})).text
    assert "Open its inside" in embedded and "Embeds the graph" in embedded
    assert (await user.get("/graphs/ema_cross/node", params={"node": "gone"})).status_code == 404


async def test_problems_are_listed_with_a_way_to_the_node(user: Browser) -> None:
    graph = await made(user, TEXT.replace('"compare.cross_above"', '"gone.node"'))
    page = (await user.get(f"/graphs/{graph}")).text
    assert "Not valid" in page and 'data-go="cross_up"' in page and "node ghost" in page
    panel = (await user.get(f"/graphs/{graph}/node", params={"node": "cross_up"})).text
    assert "is not installed here" in panel


async def test_revisions_are_shown_and_compared(user: Browser) -> None:
    graph = await made(user)
    await published(user, graph)
    page = (await user.get(f"/graphs/{graph}")).text
    assert "Longer" in page and "why" in page and "Anna" in page
    old = (await user.get(f"/graphs/{graph}/revisions/1")).text
    assert "This is an older revision" in old and "revision 1 of 2" in old
    compared = (await user.get(f"/graphs/{graph}/diff?from=1&to=2")).text
    assert (
        "ema_fast: length 20 → 34" in compared
        and compared.count('<svg class="graph"') + compared.count('class="graph"') >= 2
    )
    assert "c-indicator changed" in compared


async def test_forms_import_publish_copy_and_archive(user: Browser) -> None:
    token = {"csrf_token": user.headers.pop("X-CSRF-Token")}
    answer = await user.post("/graphs/import", data=token, files={"file": ("../../etc/passwd", TEXT)})
    assert answer.status_code == 303
    place = answer.headers["Location"]
    assert (await user.get(place)).status_code == 200
    pasted = await user.post("/graphs/import", data=token | {"text": TEXT, "message": "from a friend"})
    assert "from a friend" in (await user.get(pasted.headers["Location"])).text
    next_one = {"based_on": "1", "message": "tuned"}
    assert (
        await user.post(f"{place}/revisions", data=token | next_one, files={"file": ("a", LONGER)})
    ).status_code == 303
    assert (
        await user.post(f"{place}/revisions", data=token | next_one, files={"file": ("a", LONGER)})
    ).status_code == 409
    for wrong in ({"text": ""}, {"text": "{"}):
        assert (await user.post("/graphs/import", data=token | wrong)).status_code == 400
    binary = await user.post("/graphs/import", data=token, files={"file": ("a", b"\xff\xfe\x00")})
    assert binary.status_code == 400
    copied = await user.post("/graphs/ema_cross/copy", data=token)
    assert "EMA cross (copy)" in (await user.get(copied.headers["Location"])).text
    assert (await user.post(f"{place}/archive", data=token | {"archived": "1"})).headers["Location"] == "/graphs"
    assert "Longer" not in (await user.get("/graphs")).text
    assert "Longer" in (await user.get("/graphs?archived=true")).text
    assert (await user.post("/graphs/ema_cross/copy")).status_code == 403, "a form without its token"


async def test_pictures_are_files_of_their_own(user: Browser) -> None:
    first = await user.get("/graphs/spread/picture.svg")
    assert first.headers["Content-Type"].startswith("image/svg+xml") and first.text.startswith("<svg")
    again = await user.get("/graphs/spread/picture.svg", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


async def test_script_in_any_text_stays_text(user: Browser) -> None:
    document = json.loads(TEXT)
    document["name"] = document["description"] = EVIL
    document["nodes"][1] |= {"label": EVIL, "params": {EVIL: EVIL}}
    document["nodes"][2]["type"] = EVIL
    document["layout"]["notes"] = [{"text": EVIL, "x": 0, "y": 0}]
    graph = await made(user, json.dumps(document))
    await user.patch(f"/api/graphs/{graph}", json={"tags": [EVIL]})
    await published(user, graph, json.dumps(document | {"description": "x"}))
    for place in (
        "/graphs", f"/graphs/{graph}", f"/graphs/{graph}?node=ema_fast", f"/graphs/{graph}/diff?from=1&to=2",
        f"/graphs/{graph}/node?node=ema_fast", f"/graphs/{graph}/picture.svg", f"/graphs?search={EVIL}&tag={EVIL}",
    ):  # fmt: skip
        answer = await user.get(place)
        assert answer.status_code == 200, place
        assert "<script>alert" not in answer.text and " style=" not in answer.text
