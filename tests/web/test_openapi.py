"""What schemathesis makes up from the OpenAPI document: no fault, and every refusal in the one shape."""

from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, given

from engine.sim.synthetic import Market, synthetic_candles
from server.accounts.entrance import Entrance
from server.web.identity import COOKIE
from tests.web.conftest import Served
from tests.web.every_route import check_shape

EXAMPLES = 6  # per operation
WAYS = {  # that never answer, or end what the next request needs
    ("GET", "/live"),
}


@pytest.fixture
def headers(served: Served) -> dict[str, str]:
    """An admin with candles and a graph of their own."""
    cookie = served.cookie("Adam")["value"]

    async def furnish() -> str:
        services = served.services
        entrance = Entrance(services.store, services.clock)
        await entrance.options.load(services.clock())
        found = await entrance.by_cookie(cookie)
        assert found and found.session
        await services.store.candles.add(synthetic_candles(7, 500, Market()))
        await services.store.graphs.copy("ema_cross", found.user, now=services.clock())
        return found.session.csrf

    return {"Cookie": f"{COOKIE}={cookie}", "X-CSRF-Token": served.run(furnish)}


def test_made_up_requests_meet_no_fault(served: Served, headers: dict[str, str]) -> None:
    schema = schemathesis.openapi.from_url(f"{served.url}/api/openapi.json", headers=headers)
    asked, answered = 0, set[int]()
    found: Any
    for found in schema.get_all_operations():
        operation: Any = found.ok()
        if (operation.method.upper(), operation.path) in WAYS:
            continue

        @hypothesis.settings(
            max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
            phases=[hypothesis.Phase.generate],
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def try_it(case: Any) -> None:
            answer = case.call(headers=headers)
            answered.add(answer.status_code)
            told = {name: values[0] for name, values in answer.headers.items() if name != "content-encoding"}
            same = httpx.Response(answer.status_code, headers=told, content=answer.content)
            check_shape(f"{case.method} {case.formatted_path}", same)

        try_it()
        asked += 1
    assert asked > 40
    assert {200, 400, 404} <= answered
