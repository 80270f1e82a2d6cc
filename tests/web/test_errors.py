"""Whatever goes wrong is told in one shape, on every route."""

import logging
from typing import Any

import httpx
import pytest
from litestar import Litestar, get
from litestar.exceptions import ValidationException
from sqlalchemy.exc import DBAPIError, IntegrityError

from engine.errors import GraphError, InputError, NodeError
from engine.issue import Issue
from server.errors import Conflict, NotFound, SignInNeeded, TooMany
from server.services import Services
from server.web.errors import problem_of
from tests.web.conftest import Browser
from tests.web.every_route import calls, check_shape

BODIES: dict[str, dict[str, Any]] = {
    "no body": {},
    "half a document": {"content": b'{"a": ', "headers": {"Content-Type": "application/json"}},
    "a list": {"json": [1, 2]},
    "null": {"json": None},
    "no text": {"content": b"\xff\xfe\x00", "headers": {"Content-Type": "application/json"}},
    "deep": {"content": b"[" * 5000 + b"]" * 5000, "headers": {"Content-Type": "application/json"}},
    "wrong types": {"json": {"name": 1, "document": [], "graph": {}, "markets": "x", "symbol": [], "days": 10**400}},
    "another kind": {"content": b"<a/>", "headers": {"Content-Type": "application/xml"}},
    "a form": {"data": {"name": "\0", "symbol": "../../x", "timeframe": "-1", "from": "x", "role": "king"}},
    "no boundary": {"content": b"--x", "headers": {"Content-Type": "multipart/form-data"}},
    "torn parts": {"content": b"--x\r\nfoo", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    "no charset": {"content": b"name=%ff%fe&x", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
}
IDS = (
    {"str": "nope", "int": "1", "path": "nope"},
    {"str": "%00", "int": "99999999999999999999", "path": "..%2f..%2fx"},
)


async def test_bad_bodies_on_every_route(app: Litestar, services: Services, admin: Browser) -> None:
    services.live.close()
    for call in calls(app):
        if call.is_unsafe and not call.path.endswith("sign-out"):
            for body, given in BODIES.items():
                answer = await admin.request(call.method, call.at({}), **given)
                check_shape(f"{call.name} with {body}", answer)


@pytest.mark.parametrize("ids", IDS)
async def test_bad_ids_on_every_route(app: Litestar, services: Services, admin: Browser, ids: dict[str, str]) -> None:
    services.live.close()
    for call in calls(app):
        if call.params:
            answer = await admin.request(call.method, call.at(ids))
            check_shape(call.name, answer)
            assert answer.status_code in (303, 400, 404, 409, 413, 415, 422), f"{call.name}: {answer.status_code}"


async def test_bad_queries_on_every_route(app: Litestar, services: Services, admin: Browser) -> None:
    services.live.close()
    for call in calls(app):
        if not call.is_unsafe:
            for query in ("x=1", "limit=-1", "limit=x&page=x", "after=%00&before=%ff", "from=x&to=y&level=z"):
                check_shape(f"{call.name}?{query}", await admin.get(f"{call.at({})}?{query}"))


async def test_wrong_methods_on_every_route(app: Litestar, services: Services, admin: Browser) -> None:
    services.live.close()
    methods: dict[str, set[str]] = {}
    for call in calls(app):
        methods.setdefault(call.at({}), set()).add(call.method)
    for path, known in methods.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - known:
            answer = await admin.request(method, path)
            check_shape(f"{method} {path}", answer)
            assert answer.status_code in (404, 405), f"{method} {path}"


async def test_anonymous_on_every_route(app: Litestar, services: Services, app_client: Browser) -> None:
    services.live.close()
    for call in calls(app):
        answer = await app_client.request(call.method, call.at({}))
        check_shape(call.name, answer)
        if call.is_public:
            continue
        if call.is_api or call.path == "/live":
            assert answer.status_code == 401, call.name
            assert answer.headers["www-authenticate"].startswith("Bearer"), call.name
        else:
            assert answer.status_code == 303, call.name
            assert answer.headers["location"].startswith("/sign-in"), call.name


async def test_three_faces(app_client: Browser, user: Browser) -> None:
    page = await user.get("/nothing/here")
    assert page.status_code == 404
    assert "<html" in page.text and "Anna" in page.text, "not found, but we know who reads it"
    part = await user.get("/nothing/here", headers={"HX-Request": "true"})
    assert part.status_code == 404
    assert part.headers["hx-retarget"] == "#problem"
    assert "<html" not in part.text and "there is nothing" in part.text.lower()
    document = await app_client.get("/nothing/here", headers={"Accept": "application/json"})
    assert document.json()["error"]["code"] == "not_found"
    assert (await app_client.get("/api/nothing")).json()["error"]["status"] == 404


async def test_part_of_a_page_without_session_leads_to_the_door(app_client: Browser) -> None:
    answer = await app_client.get("/graphs", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in"


async def test_too_large(user: Browser) -> None:
    answer = await user.post("/api/tokens", content=b"x" * (2**20 + 1), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


async def test_a_fault_is_logged_and_says_nothing(
    app: Litestar, user: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    @get("/api/broken", opt={"public": True}, include_in_schema=False)
    async def broken() -> None:
        raise RuntimeError("the secret detail")

    app.register(broken)
    with caplog.at_level(logging.ERROR, "tradegraph.web"):
        answer = await user.get("/api/broken")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "fault"
    assert "secret detail" not in answer.text
    (record,) = [one for one in caplog.records if one.name == "tradegraph.web"]
    assert record.exc_info and "secret detail" in str(record.exc_info[1])
    page = await user.get("/api/broken", headers={"Accept": "text/html"})
    assert page.status_code == 500


async def test_an_error_page_with_an_error_of_its_own(app: Litestar, user: Browser) -> None:
    engine: Any = app.template_engine
    engine.engine.cache.clear()
    before = engine.engine.loader
    engine.engine.loader = None
    try:
        answer = await user.get("/nothing/here")
    finally:
        engine.engine.loader = before
    assert answer.status_code == 404
    assert "there is nothing at this address" in answer.text


ISSUE = Issue(code="wire", severity="error", phase="structure", message="no such port")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InputError("bad"), 400, "input"),
        (GraphError((ISSUE,)), 422, "graph"),
        (NodeError("ema", "broke"), 422, "node"),
        (NotFound("gone"), 404, "not_found"),
        (Conflict("changed"), 409, "conflict"),
        (SignInNeeded("who"), 401, "sign_in_needed"),
        (TooMany("slow", 3), 429, "too_many"),
        (ValidationException("bad", extra=[{"message": "no number", "key": "limit"}]), 400, "input"),
        (DBAPIError("select", None, OSError("gone")), 503, "unavailable"),
        (IntegrityError("insert", None, Exception("twice")), 500, "fault"),
        (ZeroDivisionError(), 500, "fault"),
    ],
)
def test_what_is_told(error: Exception, status: int, code: str) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.code) == (status, code)


def test_details_name_the_field() -> None:
    error = ValidationException("bad", extra=[{"message": "no number", "key": "limit", "source": "query"}])
    assert problem_of(error).details == [{"message": "no number", "where": "limit"}]
    assert problem_of(GraphError((ISSUE,))).details[0]["message"] == "no such port"


async def test_retry_after(user: Browser, app: Litestar) -> None:
    @get("/api/busy", opt={"public": True}, include_in_schema=False)
    async def busy() -> None:
        raise TooMany("slow down", retry_after=7)

    app.register(busy)
    assert (await user.get("/api/busy")).headers["retry-after"] == "7"


def assert_no_frame(answer: httpx.Response) -> None:
    assert answer.headers["x-frame-options"] == "DENY"


async def test_headers_on_every_answer(app_client: Browser) -> None:
    for path in ("/sign-in", "/nothing", "/api/nothing", "/static/js/api.js", "/health"):
        answer = await app_client.get(path)
        assert_no_frame(answer)
        assert answer.headers["content-security-policy"].startswith("default-src 'self'; script-src 'self'; ")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" not in answer.headers
