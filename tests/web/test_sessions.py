"""Signing in, up and out, as a browser does it: with the forms as they are shown."""

import re
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar

from engine.errors import InputError
from server.services import Services
from server.settings import load
from server.store.tables import sessions, users
from server.web.app import create_app
from server.web.identity import COOKIE
from server.web.pages.sessions import local
from server.wiring import assemble, build, running
from tests.web.conftest import PASSWORD, Browser, BrowserOf, browser

HOUR = 3_600_000


def field(page: httpx.Response, name: str = "csrf_token") -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text[:500]
    return found[1]


async def enter(client: Browser, name: str, password: str, path: str = "/sign-in", **more: str) -> httpx.Response:
    """Send a form of the door as a browser would."""
    page = await client.get(path)
    assert page.status_code == 200
    data = {"csrf_token": field(page), "name": name, "password": password, **more}
    return await client.post(path, data=data)


async def test_in_and_out(app_client: Browser) -> None:
    answer = await enter(app_client, " ADAM ", PASSWORD, next="/graphs?tag=x")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/graphs?tag=x"
    (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith(COOKIE)]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie and "Secure" not in cookie
    page = await app_client.get("/account")
    assert "Adam" in page.text
    assert page.headers["cache-control"] == "no-store"
    out = await app_client.post("/sign-out", data={"csrf_token": field(page)})
    assert out.headers["location"] == "/sign-in"
    assert (await app_client.get("/account")).headers["location"] == "/sign-in?next=/account"


async def test_wrong_name_and_wrong_password_look_the_same(app_client: Browser) -> None:
    texts: list[str] = []
    for name, password in (("Adam", "wrong password"), ("Nobody", PASSWORD)):
        answer = await enter(app_client, name, password)
        assert answer.status_code == 403
        assert COOKIE not in answer.headers.get("set-cookie", "")
        assert password not in answer.text
        texts.append(re.sub(r'value="[^"]*"|content="[^"]*"|hx-headers=\S+ \S+', "", answer.text))
    assert texts[0] == texts[1]


async def test_a_new_session_each_time_and_the_old_one_ends(app_client: Browser, services: Services) -> None:
    await enter(app_client, "Adam", PASSWORD)
    first = app_client.cookies[COOKIE]
    page = await app_client.get("/account")
    data = {"csrf_token": field(page), "name": "Adam", "password": PASSWORD}
    await app_client.post("/sign-in", data=data)
    assert app_client.cookies[COOKIE] != first
    async with services.store.database.read() as connection:
        assert (await connection.execute(sa.select(sa.func.count()).select_from(sessions))).scalar() == 1
        assert first not in str((await connection.execute(sa.select(sessions))).all()), "cookies are not stored"


async def test_a_cookie_from_before_is_not_taken(app_client: Browser) -> None:
    app_client.cookies.set(COOKIE, "chosen by somebody else", domain="127.0.0.1")
    answer = await enter(app_client, "Adam", PASSWORD)
    assert answer.status_code == 303
    assert "chosen" not in answer.headers["set-cookie"]


async def test_a_session_ends_by_idling_and_by_age(user: Browser, services: Services) -> None:
    now = services.clock()
    for column, value in (("seen_at", now - 73 * HOUR), ("expires_at", now)):
        async with services.store.database.write() as connection:
            before = (await connection.execute(sa.select(sessions.c[column]))).scalar()
            await connection.execute(sa.update(sessions).values({column: value}))
        assert (await user.get("/account")).status_code == 303
        async with services.store.database.write() as connection:
            await connection.execute(sa.update(sessions).values({column: before}))
        assert (await user.get("/account")).status_code == 200


async def test_use_is_noted_once_a_minute(user: Browser, services: Services) -> None:
    long_ago = services.clock() - 2 * HOUR
    async with services.store.database.write() as connection:
        await connection.execute(sa.update(sessions).values(seen_at=long_ago))
    await user.get("/account")
    async with services.store.database.read() as connection:
        seen = (await connection.execute(sa.select(sessions.c.seen_at))).scalar_one()
    assert seen > long_ago + HOUR
    await user.get("/account")
    async with services.store.database.read() as connection:
        assert (await connection.execute(sa.select(sessions.c.seen_at))).scalar_one() == seen


async def test_a_closed_account_is_out_at_once(user: Browser, admin: Browser) -> None:
    answer = await admin.post(f"/users/{user.person.id}/change", data={"role": "user", "active": "no"})
    assert answer.status_code == 303
    assert (await user.get("/account")).status_code == 303


async def test_sign_up_by_invitation(admin: Browser, app_client: Browser) -> None:
    refused = await enter(app_client, "Bea", "a fine pass phrase", "/sign-up")
    assert refused.status_code == 403
    assert (await admin.post("/users/invite", data={"name": "Bea", "role": "user"})).status_code == 303
    short = await enter(app_client, "bea", "short", "/sign-up")
    assert short.status_code == 400
    assert "too short" in short.text
    done = await enter(app_client, "bea", "a fine pass phrase", "/sign-up")
    assert done.headers["location"] == "/"
    assert "bea" in (await app_client.get("/account")).text
    assert "Nobody is invited" in (await admin.get("/users")).text


async def test_one_time_password_must_be_changed_first(app: Litestar, admin: Browser, user: Browser) -> None:
    page = await admin.post(f"/users/{user.person.id}/reset-password")
    assert page.status_code == 201
    found = re.search(r'id="one-time">([^<]+)<', page.text)
    assert found
    assert (await user.get("/account")).status_code == 303, "the sessions of before ended"
    async with browser(app) as client:
        assert (await enter(client, "Anna", found[1])).headers["location"] == "/account"
        assert (await client.get("/graphs")).headers["location"] == "/account"
        assert (await client.get("/api/graphs")).json()["error"]["code"] == "password_first"
        page = await client.get("/account")
        assert "one-time password" in page.text
        data = {"csrf_token": field(page), "present": found[1], "new": found[1]}
        assert (await client.post("/account/password", data=data)).status_code == 400
        changed = await client.post("/account/password", data={**data, "new": "my own pass phrase"})
        assert changed.headers["location"] == "/account?done=password"
        assert (await client.get("/graphs")).status_code == 200


async def test_a_new_password_ends_all_other_sessions(user: Browser, browser_of: BrowserOf) -> None:
    other = await browser_of("Anna")
    assert (await other.get("/account")).status_code == 200
    wrong = await user.post("/account/password", data={"present": "wrong", "new": "another pass phrase"})
    assert wrong.status_code == 400
    done = await user.post("/account/password", data={"present": PASSWORD, "new": "another pass phrase"})
    assert done.status_code == 303
    assert (await other.get("/account")).status_code == 303
    assert (await user.get("/account")).status_code == 200, "by the new cookie"


@pytest.mark.parametrize(
    ("password", "why"),
    [("short", "too short"), ("x" * 201, "too long"), ("aaaaaaaaaaab", "more variety"), ("password1234", "commonest"),
     ("anna is my name", "your name")],
)  # fmt: skip
async def test_weak_passwords(user: Browser, password: str, why: str) -> None:
    answer = await user.post("/account/password", data={"present": PASSWORD, "new": password})
    assert answer.status_code == 400
    assert why in answer.text


async def test_end_another_session(user: Browser, browser_of: BrowserOf, other_user: Browser) -> None:
    second = await browser_of("Anna")
    links = re.findall(r"/account/sessions/(\w+)/end", (await user.get("/account")).text)
    assert len(links) == 1
    assert (await other_user.post(f"/account/sessions/{links[0]}/end")).status_code == 404
    assert (await user.post(f"/account/sessions/{links[0]}/end")).status_code == 303
    assert (await second.get("/account")).status_code == 303


@pytest.mark.parametrize(
    ("target", "goes"),
    [("/graphs?x=1", "/graphs?x=1"), ("https://evil.example/", "/"), ("//evil.example", "/"), ("/\\evil.example", "/"),
     ("javascript:alert(1)", "/"), ("/sign-in?next=/x", "/"), ("", "/"), ("/x\r\nSet-Cookie: a=b", "/"),
     ("\t//evil", "/"),
     ("graphs", "/"), ("/%2f/evil", "/%2f/evil"), ("///evil", "/")],
)  # fmt: skip
def test_only_to_places_of_our_own(target: str, goes: str) -> None:
    assert local(target) == goes


async def test_secure_cookies_and_hsts_with_https(
    sqlite_url: str, password_hash: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEGRAPH_HOME", str(tmp_path / "home"))
    settings = load({"TRADEGRAPH_BASE_URL": "https://trade.example"}, database=sqlite_url)
    services = assemble(settings)
    await services.store.accounts.add("Adam", password_hash, "admin", 1, must_change=False)
    async with running(services, print):
        app = create_app(services)
        async with app.lifespan(), browser(app) as client:
            client.base_url = httpx.URL("https://trade.example")
            answer = await enter(client, "Adam", PASSWORD)
            assert answer.status_code == 303
            assert "; Secure" in answer.headers["set-cookie"]
            assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_first_start_tells_a_one_time_password_once(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEGRAPH_HOME", str(tmp_path / "home"))
    told: list[str] = []
    settings = load({}, database=sqlite_url)
    async with build(settings, told.append) as services:
        (text,) = told
        password = text.split("one-time password ")[1].split()[0]
        app = create_app(services)
        async with app.lifespan(), browser(app) as client:
            assert (await enter(client, "admin", password)).headers["location"] == "/account"
    async with build(settings, told.append):
        assert len(told) == 1


async def test_public_without_an_account_is_refused(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEGRAPH_HOME", str(tmp_path / "home"))
    settings = load({"TRADEGRAPH_HOST": "0.0.0.0", "TRADEGRAPH_BASE_URL": "https://x.example"}, database=sqlite_url)
    with pytest.raises(InputError, match="tradegraph user add NAME --admin"):
        async with build(settings, print):
            pass


async def test_last_seen_is_shown(user: Browser, services: Services) -> None:
    async with services.store.database.read() as connection:
        seen = (await connection.execute(sa.select(users.c.seen_at).where(users.c.id == user.person.id))).scalar()
    assert seen is not None
