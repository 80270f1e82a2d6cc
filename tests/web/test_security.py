"""Attacks, tried for real against the whole application."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest
import sqlalchemy as sa
from litestar import Litestar

from server.graphs import BUILT_IN
from server.services import Services
from server.settings import secret_key
from server.store.tables import audit, backtests, credentials, graphs, logs, sessions
from server.web.app import create_app
from server.web.identity import COOKIE
from tests.web.conftest import PASSWORD, Browser, BrowserOf, TokenOf, browser
from tests.web.every_route import Call, calls, check_shape
from tests.web.pages import Page
from tests.web.test_sessions import enter

SCRIPT = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{7*7}}"""
MARK = "belongs-to-the-victim"
QUERY = {"from": "1", "to": "1", "market": "0", "row": "0", "chunk": "0", "limit": "5", "node": "fast", "path": ""}
DENIED = (400, 403, 404, 405, 409, 413, 415, 422, 428)


class Victim(msgspec.Struct):
    """Somebody's things, by the names that paths have for them."""

    browser: Browser
    ids: dict[str, str]


async def graph_of(owner: Browser, name: str, **more: Any) -> str:
    document = msgspec.json.decode((BUILT_IN / "ema_cross.json").read_bytes())
    answer = await owner.post("/api/graphs", json={**document, "name": name, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["graph"]["id"]


async def backtest_of(services: Services, owner: Browser, graph: str, name: str, **more: Any) -> str:
    now = services.clock()
    row = {
        "id": "b" + owner.person.id[1:], "owner_id": owner.person.id, "graph_id": graph, "revision": 1, "name": name,
        "logic_hash": "0" * 64, "document": (BUILT_IN / "ema_cross.json").read_text(), "request": {"graph": graph},
        "status": "failed", "stage": "", "progress": 0.0, "error": {"code": "input", "message": name},
        "created_at": now, "finished_at": now, **more,
    }  # fmt: skip
    async with services.store.database.write() as connection:
        await connection.execute(sa.insert(backtests).values(row))
    return str(row["id"])


@pytest.fixture
async def victim(services: Services, user: Browser) -> AsyncGenerator[Victim]:
    """A user who owns one of everything; all of it is called `MARK`."""
    graph = await graph_of(user, MARK)
    credential = await services.store.credentials.add(user.person.id, MARK, "bybit", "the secret itself", 1)
    token = await services.store.tokens.add(user.person.id, MARK, "d" * 64, "tg_", ["graphs:read"], 1, None)
    async with services.store.database.read() as connection:
        mine = sa.select(sessions.c.digest).where(sessions.c.user_id == user.person.id)
        digest = (await connection.execute(mine)).scalar_one()
    backtest = await backtest_of(services, user, graph, MARK)
    ids = {
        "graph_id": graph, "graph": graph, "backtest_id": backtest, "id": backtest, "token_id": token.id,
        "credential_id": credential.id, "digest": digest, "user_id": user.person.id, "int": "1",
    }  # fmt: skip
    yield Victim(user, ids)


async def everything(services: Services, owner: str) -> str:
    """What the database holds of somebody."""
    found: list[Any] = []
    async with services.store.database.read() as connection:
        for table, column in (
            (graphs, graphs.c.owner_id), (backtests, backtests.c.owner_id), (credentials, credentials.c.user_id),
            (sessions, sessions.c.user_id),
        ):  # fmt: skip
            chosen = [one for one in table.c if one.name != "seen_at"]
            found.append((await connection.execute(sa.select(*chosen).where(column == owner))).all())
    found.append(await services.store.tokens.of_user(owner))
    return repr(found)


async def test_another_users_ids_on_every_route(
    app: Litestar, services: Services, victim: Victim, browser_of: BrowserOf
) -> None:
    services.live.close()
    attacker = await browser_of("Otto")
    before = await everything(services, victim.browser.person.id)
    tried: list[str] = []
    for call in calls(app):
        if call.is_public or call.path == "/sign-out":
            continue
        path = f"{call.at(victim.ids)}?{urlencode({**QUERY, **{k: victim.ids[k] for k in ('id', 'graph')}})}"
        bodies: list[dict[str, Any]] = [{"json": {}}, {"data": {"name": "x"}}] if call.is_unsafe else [{}]
        for body in bodies:
            answer = await attacker.request(call.method, path, **body)
            check_shape(call.name, answer)
            assert MARK not in answer.text, call.name
            owned = [name for name, _ in call.params if name in victim.ids]
            if owned:
                tried.append(call.name)
                assert answer.status_code in DENIED, f"{call.name}: {answer.status_code}"
                if not call.is_unsafe:
                    assert answer.status_code in (403, 404), f"{call.name}: {answer.status_code}"
    assert await everything(services, victim.browser.person.id) == before
    assert len(tried) > 20, "the routes that take ids were not tried"


async def test_every_id_in_a_path_is_tried_with_another_users(app: Litestar, victim: Victim) -> None:
    """A parameter with a new name must join `victim`, or the test above would ask for nobody's id."""
    free = {"symbol", "timeframe", "number", "revision", "path", "tag", "n"}  # own nothing
    names = {name for call in calls(app) for name, _ in call.params}
    assert names - free <= set(victim.ids), "add the new kind of id to `victim`"


async def test_admins_are_no_exception(app: Litestar, services: Services, victim: Victim, admin: Browser) -> None:
    for path in (f"/graphs/{victim.ids['graph_id']}", f"/api/graphs/{victim.ids['graph_id']}",
                 f"/backtests/{victim.ids['id']}", f"/api/backtests/{victim.ids['id']}"):  # fmt: skip
        assert (await admin.get(path)).status_code == 404, path


async def test_admin_routes_are_closed_to_users(app: Litestar, user: Browser, token_of: TokenOf) -> None:
    token = await token_of(user.person, "admin")
    for path in ("/users", "/settings", "/audit", "/logs", "/api/settings", "/api/logs"):
        assert (await user.get(path)).status_code == 403, path
        assert (await token.get(path, headers={"Accept": "application/json"})).status_code == 403, path
    for path in ("/users/invite", "/users/withdraw", "/settings", f"/users/{user.person.id}/change"):
        assert (await user.post(path, data={"role": "admin", "active": "yes", "name": "x"})).status_code == 403, path


# --- CSRF ---------------------------------------------------------------------------------------------------------


def unsafe(app: Litestar) -> list[Call]:
    found = [call for call in calls(app) if call.is_unsafe]
    assert len(found) > 20
    return found


async def test_missing_and_forged_tokens_on_every_unsafe_route(
    app: Litestar, services: Services, admin: Browser, user: Browser
) -> None:
    right = admin.headers.pop("X-CSRF-Token")
    attempts: list[dict[str, str]] = [
        {}, {"X-CSRF-Token": "forged"}, {"X-CSRF-Token": user.headers["X-CSRF-Token"]},
        {"X-CSRF-Token": right, "Sec-Fetch-Site": "cross-site"}, {"X-CSRF-Token": right, "Sec-Fetch-Site": "same-site"},
        {"X-CSRF-Token": right, "Origin": "https://evil.example"}, {"X-CSRF-Token": right, "Origin": "null"},
    ]  # fmt: skip
    for call in unsafe(app):
        for headers in attempts:
            body = {"csrf_token": "forged", "name": "x", "password": "x"}
            answer = await admin.request(call.method, call.at({}), headers=headers, data=body)
            check_shape(call.name, answer)
            assert answer.status_code == 403, f"{call.name} {headers}: {answer.status_code}"
    assert (await admin.get("/account")).status_code == 200, "and nobody was signed out"


async def test_forms_of_the_door_need_the_cookie_they_came_with(app: Litestar, app_client: Browser) -> None:
    page = await app_client.get("/sign-in")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    data = {"csrf_token": token, "name": "Adam", "password": PASSWORD}
    async with browser(app) as other:
        assert (await other.post("/sign-in", data=data)).status_code == 403
    assert (await app_client.post("/sign-in", data={**data, "csrf_token": ""})).status_code == 403
    assert (await app_client.post("/sign-in", data=data)).status_code == 303


async def test_tokens_are_exempt_and_own_origin_is_fine(user: Browser, token_of: TokenOf) -> None:
    token = await token_of(user.person, "graphs:write", "graphs:read")
    document = (BUILT_IN / "ema_cross.json").read_bytes()
    headers = {"Content-Type": "application/json", "Origin": "https://elsewhere.example"}
    assert (await token.post("/api/graphs", content=document, headers=headers)).status_code == 201
    headers = {"Content-Type": "application/json", "Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    assert (await user.post("/api/graphs", content=document, headers=headers)).status_code == 201


# --- sessions and tokens ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cookie", ["", "x", "a" * 43, "a" * 5000, "../../x", "é", '"; drop table sessions; --'])
async def test_forged_sessions(app: Litestar, user: Browser, cookie: str) -> None:
    async with browser(app) as client:
        header = f"{COOKIE}={cookie}".encode()
        answer = await client.get("/api/me", headers={b"Cookie": header})
        check_shape("forged", answer)
        assert answer.status_code == 401


async def test_the_digest_is_no_session(app: Litestar, services: Services, user: Browser) -> None:
    async with services.store.database.read() as connection:
        digest = (await connection.execute(sa.select(sessions.c.digest))).scalar_one()
    async with browser(app, cookies={COOKIE: digest}) as client:
        assert (await client.get("/api/me")).status_code == 401


@pytest.mark.parametrize("value", ["Bearer ", "Bearer x", "Bearer tg_" + "a" * 40, "Basic YTpi", "tg_x", "Bearer tg_é"])
async def test_forged_tokens(user: Browser, value: str) -> None:
    """A wrong token is refused, even with a good session beside it."""
    answer = await user.get("/api/me", headers={b"Authorization": value.encode()})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "sign_in_needed"


async def test_scopes_expiry_and_revocation(
    services: Services, user: Browser, other_user: Browser, admin: Browser, token_of: TokenOf
) -> None:
    token = await token_of(user.person, "graphs:read")
    assert (await token.get("/api/me")).json()["scopes"] == ["graphs:read"]
    assert (await token.get("/api/graphs")).status_code == 200
    for method, path in (("POST", "/api/graphs"), ("GET", "/api/candles"), ("GET", "/api/tokens"), ("GET", "/account"),
                         ("POST", "/api/tokens"), ("POST", "/account/password")):  # fmt: skip
        answer = await token.request(method, path, json={})
        assert answer.status_code == 403, path
        assert answer.json()["error"]["code"] == "forbidden"
    expired = await token_of(other_user.person, "graphs:read", lasts=-1)
    assert (await expired.get("/api/graphs")).status_code == 401
    (made,) = await services.store.tokens.of_user(user.person.id)
    assert made.used_at
    assert (await user.delete(f"/api/tokens/{made.id}")).status_code == 204
    assert (await token.get("/api/graphs")).status_code == 401
    closed = await token_of(admin.person, "admin")
    assert (await closed.get("/api/settings")).status_code == 200
    eve = await services.store.accounts.add("Eve", "x", "admin", 1, must_change=False)
    assert eve
    await services.store.accounts.change(admin.person.id, role="user", active=True)
    assert (await closed.get("/api/settings")).status_code == 403, "an admin no more"


async def test_a_made_token_is_told_once_and_stored_as_a_digest(user: Browser, services: Services) -> None:
    wanted = {"name": "for the script", "scopes": ["graphs:read"], "days": 30}
    made = (await user.post("/api/tokens", json=wanted)).json()
    assert made["secret"].startswith("tg_") and len(made["secret"]) == 43
    assert made["secret"] not in (await user.get("/account")).text
    assert made["secret"] not in (await user.get("/api/tokens")).text
    page = await user.post("/account/tokens", data={"name": "two", "scopes": ["graphs:read"], "days": "5"})
    assert page.status_code == 201
    secret = page.text.split('id="new-token">')[1].split("<")[0]
    answer = await user.get("/api/me", headers={"Authorization": f"Bearer {secret}"})
    assert answer.json()["scopes"] == ["graphs:read"]


@pytest.mark.parametrize(
    "wanted",
    [{"name": "x", "scopes": ["admin"], "days": 1}, {"name": "x", "scopes": ["all"], "days": 1},
     {"name": "x", "scopes": [], "days": 1}, {"name": " ", "scopes": ["graphs:read"], "days": 1},
     {"name": "x", "scopes": ["graphs:read"], "days": 366}, {"name": "x", "scopes": ["graphs:read"], "days": 0}],
)  # fmt: skip
async def test_tokens_that_cannot_be(user: Browser, wanted: dict[str, Any]) -> None:
    answer = await user.post("/api/tokens", json=wanted)
    assert answer.status_code == 400
    form = {"name": wanted["name"], "scopes": wanted["scopes"], "days": str(wanted["days"])}
    assert (await user.post("/account/tokens", data=form)).status_code == 400
    assert (await user.get("/api/tokens")).json() == {"items": []}


# --- guessing -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def still(services: Services) -> AsyncGenerator[Browser]:
    """A browser at a server whose clock stands still."""
    now = services.clock()
    app = create_app(msgspec.structs.replace(services, clock=lambda: now))
    async with app.lifespan(), browser(app) as client:
        yield client


async def test_guessing_is_slowed_down_per_name(still: Browser) -> None:
    app_client = still
    statuses = [(await enter(app_client, "Adam", f"guess number {n}")).status_code for n in range(7)]
    assert statuses == [403] * 5 + [429] * 2
    right = await enter(app_client, "Adam", PASSWORD)
    assert right.status_code == 429, "not even the right one while the wait lasts"
    assert int(right.headers["retry-after"]) >= 1
    assert (await enter(app_client, "Otto", "x")).status_code == 403, "others are not held up"


async def test_many_guesses_at_once_do_not_slip_through(still: Browser) -> None:
    app_client = still
    page = await app_client.get("/sign-in")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    data = {"csrf_token": token, "name": "Adam", "password": "wrong"}
    answers = await asyncio.gather(*(app_client.post("/sign-in", data=data) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [403] * 5 + [429] * 7


async def test_guessing_is_slowed_down_per_address(services: Services) -> None:
    await services.store.settings.put({"sign_in.free_attempts_address": 5}, None, 1)
    now = services.clock()
    app = create_app(msgspec.structs.replace(services, clock=lambda: now))
    async with app.lifespan(), browser(app) as client:
        statuses = [(await enter(client, f"name{n}", "x")).status_code for n in range(6)]
    assert statuses == [403] * 5 + [429]


async def test_a_wait_ends_and_success_forgives(app_client: Browser, services: Services) -> None:
    from server.store.tables import login_failures

    for n in range(5):
        await enter(app_client, "Adam", f"guess {n}")
    async with services.store.database.write() as connection:
        await connection.execute(sa.update(login_failures).values(at=login_failures.c.at - 60_000))
    assert (await enter(app_client, "Adam", PASSWORD)).status_code == 303
    async with services.store.database.read() as connection:
        assert (await connection.execute(sa.select(sa.func.count()).select_from(login_failures))).scalar() == 0


async def test_the_present_password_cannot_be_guessed_either(user: Browser, still: Browser) -> None:
    still.cookies.set(COOKIE, user.cookie)
    still.headers.update(user.headers)
    statuses = [
        (await still.post("/account/password", data={"present": f"x{n}", "new": "a new pass phrase"})).status_code
        for n in range(6)
    ]
    assert statuses == [400] * 5 + [429]


# --- what is sent -------------------------------------------------------------------------------------------------


async def test_oversized_bodies_on_every_unsafe_route(app: Litestar, admin: Browser) -> None:
    for call in unsafe(app):
        if call.path == "/sign-out":
            continue
        answer = await admin.request(
            call.method, call.at({}), content=b" " * (2**20 + 1), headers={"Content-Type": "application/json"}
        )
        check_shape(call.name, answer)
        assert answer.status_code >= 400, call.name


@pytest.mark.parametrize(
    "path",
    ["../server/app.py", "..%2f..%2fpyproject.toml", "%2e%2e/%2e%2e/etc/passwd", "-x/../../pyproject.toml",
     "//etc/passwd",
     "js/../../pyproject.toml", "js%5c..%5c..%5cx", "js/api.js%00.css", ".", ""],
)  # fmt: skip
async def test_no_way_out_of_static(app_client: Browser, path: str) -> None:
    answer = await app_client.get(f"/static/{path}")
    check_shape(path, answer)
    assert answer.status_code in (404, 405)


async def test_static_files_are_kept_for_ever_under_their_digest(app_client: Browser) -> None:
    page = await app_client.get("/sign-in")
    address = page.text.split('<link rel="stylesheet" href="')[1].split('"')[0]
    hashed = await app_client.get(address)
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert hashed.headers["content-encoding"] == "gzip"
    plain = await app_client.get("/static/css/base.css")
    assert plain.headers["cache-control"] == "no-cache"
    again = await app_client.get("/static/css/base.css", headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    old = await app_client.get("/static/-0123456789abcdef/css/base.css")
    assert old.status_code == 200 and old.headers["cache-control"] == "no-cache", "a page from before an upgrade"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::1", "a b"])
async def test_other_hosts_are_refused(app_client: Browser, host: str) -> None:
    answer = await app_client.get("/sign-in", headers={"Host": host})
    assert answer.status_code in (400, 421)
    assert answer.headers["content-type"].startswith("application/json")
    assert set(answer.json()["error"]) == {"status", "code", "message", "details", "request_id"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8765", "[::1]:80"])
async def test_own_hosts_are_taken(app_client: Browser, host: str) -> None:
    assert (await app_client.get("/sign-in", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "/%09/evil.example"])
async def test_open_redirects(app_client: Browser, target: str) -> None:
    answer = await enter(app_client, "Adam", PASSWORD, next=target)
    assert answer.headers["location"].startswith("/") and not answer.headers["location"].startswith(("//", "/\\"))
    again = await app_client.get(f"/sign-in?next={quote(target)}")
    assert again.headers["location"].startswith("/") and not again.headers["location"].startswith(("//", "/\\"))


SQL = [
    "' OR 1=1 --",
    "'; DROP TABLE users; --",
    '" OR ""="',
    "1) UNION SELECT password FROM users --",
    "%",
    "_",
    "\\",
    "\0",
]


async def test_sql_in_every_filter(app: Litestar, services: Services, admin: Browser, victim: Victim) -> None:
    services.live.close()
    for call in calls(app):
        if call.is_unsafe or call.is_public:
            continue
        names = sorted(_queries(app, call))
        for text in SQL:
            answer = await admin.get(
                f"{call.at({'str': quote(text, safe='')})}?{urlencode(dict.fromkeys(names, text))}"
            )
            check_shape(f"{call.name} with {text!r}", answer)
            assert MARK not in answer.text
            assert "argon2" not in answer.text
    assert len(await services.store.accounts.all()) == 2


def _queries(app: Litestar, call: Call) -> set[str]:
    """What a route may be asked with."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            if route.path_format == call.path and call.method in handler.http_methods:
                return set(handler.parsed_fn_signature.parameters) | {"from", "to", "id"}
    raise AssertionError(f"there is no route {call.name}")


# --- pages --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def scripted(services: Services, admin: Browser, browser_of: BrowserOf) -> Browser:
    """An admin all of whose texts are scripts."""
    graph = await graph_of(admin, SCRIPT, description=SCRIPT)
    await backtest_of(services, admin, graph, SCRIPT)
    person, now = admin.person.id, services.clock()
    await services.store.tokens.add(person, SCRIPT, "e" * 64, SCRIPT[:16], [SCRIPT], now, None)
    await services.store.credentials.add(person, SCRIPT, SCRIPT[:40], SCRIPT, now)
    await services.store.accounts.invite(SCRIPT, "user", person, now)
    await services.store.accounts.add(SCRIPT, "x", "user", now, must_change=True)
    await services.store.audit.add(now, SCRIPT[:60], person, SCRIPT, SCRIPT, {SCRIPT: SCRIPT, "l": [SCRIPT]})
    async with services.store.database.write() as connection:
        await connection.execute(sa.update(sessions).values(agent=SCRIPT, address=SCRIPT[:64]))
        line = {"at": now, "level": 40, "component": SCRIPT[:60], "event": SCRIPT, "message": SCRIPT, "stack": SCRIPT,
                "context": {SCRIPT: SCRIPT}, "request_id": "r"}  # fmt: skip
        await connection.execute(sa.insert(logs).values(line))
    return admin


async def test_every_page_is_free_of_scripts(
    app: Litestar, services: Services, scripted: Browser, app_client: Browser
) -> None:
    """Follows every link of ours from page to page; no page holds anything the policy would have to block."""
    services.live.close()
    seen: set[str] = set()
    waiting = [call.at({}) for call in calls(app) if not call.is_unsafe and not call.params]
    waiting += [
        "/nothing/here",
        "/account?done=password",
        f"/graphs?search={quote(SCRIPT)}",
        f"/logs?text={quote(SCRIPT)}",
    ]
    while waiting and len(seen) < 150:
        path = waiting.pop().partition("#")[0]
        if path in seen:
            continue
        seen.add(path)
        answer = await scripted.get(path)
        check_shape(path, answer)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        page = Page(answer.text)
        assert page.wrong == [], path
        assert "{{7*7}}" in answer.text or "49" not in page.text or SCRIPT not in answer.text, path
        waiting += [link for link in page.links if link.startswith("/") and not link.startswith("/static")]
    assert len(seen) > 15
    for path in ("/sign-in", "/sign-up", f"/sign-in?next={quote(SCRIPT)}"):
        assert Page((await app_client.get(path)).text).wrong == [], path


async def test_scripts_in_what_comes_back_from_forms(scripted: Browser, app_client: Browser) -> None:
    for answer in (
        await enter(app_client, SCRIPT[:80], "x", next=SCRIPT),
        await enter(app_client, SCRIPT[:80], "x", "/sign-up"),
        await scripted.post("/users/invite", data={"name": SCRIPT[:80]}),
        await scripted.post("/settings", data={"sign_in.idle_hours": SCRIPT}),
        await scripted.post("/account/tokens", data={"name": SCRIPT, "scopes": [SCRIPT], "days": "1"}),
        await scripted.post("/account/credentials", data={"name": SCRIPT[:80], "provider": "x", "secret": "y"}),
    ):
        assert answer.status_code in (400, 403), answer.text
        assert Page(answer.text).wrong == []
        assert "<script>alert" not in answer.text


async def test_secrets_are_in_no_page_answer_or_log(
    app: Litestar, services: Services, admin: Browser, app_client: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    services.live.close()
    caplog.set_level(logging.DEBUG)
    secret = "the-secret-of-the-exchange-0001"
    await admin.post("/account/credentials", data={"name": "main", "provider": "bybit", "secret": secret})
    found = (await services.store.credentials.of_user(admin.person.id))[0]
    await admin.post(f"/account/credentials/{found.id}/replace", data={"secret": secret + "x"})
    await enter(app_client, "Adam", "the wrong password 0002")
    key = secret_key(services.settings.folder).hex()
    secrets = [secret, "the wrong password 0002", admin.cookie, PASSWORD, "argon2id", key]
    for call in calls(app):
        if not call.is_unsafe:
            answer = await admin.get(call.at({}))
            assert not [one for one in secrets if one in answer.text], call.name
    ours = [record for record in caplog.records if record.name.startswith("tradegraph")]
    told = "\n".join(record.getMessage() + repr(record.__dict__) for record in ours)
    async with services.store.database.read() as connection:
        told += repr((await connection.execute(sa.select(audit))).all())
        told += repr((await connection.execute(sa.select(logs))).all())
    assert not [one for one in secrets if one in told]
