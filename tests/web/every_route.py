"""All routes of the application, as a test calls them one by one."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import msgspec
from litestar import Litestar
from litestar.routes import HTTPRoute

PAGES_THAT_ARE_JSON = ("/api/openapi.json",)


class Call(msgspec.Struct, frozen=True):
    """One method of one route; `params` are the names and types of what its path holds."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...]
    opt: dict[str, Any]
    guards: int

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/") and self.path != "/api/docs"

    @property
    def is_public(self) -> bool:
        return bool(self.opt.get("public"))

    @property
    def is_unsafe(self) -> bool:
        return self.method not in ("GET", "HEAD", "OPTIONS")

    def at(self, values: Mapping[str, str]) -> str:
        """The path with values in place of its parameters: by name, else by type."""
        path = self.path
        for name, kind in self.params:
            path = path.replace(f"{{{name}}}", values.get(name, values.get(kind, "1" if kind == "int" else "nope")))
        return path


def calls(app: Litestar) -> Iterator[Call]:
    """Every method of every route, OPTIONS apart."""
    for route in app.routes:
        assert isinstance(route, HTTPRoute), f"{route.path} is no HTTP route: nothing here tests it"
        params = tuple((name, part.type.__name__) for name, part in route.path_parameters.items())
        for handler in route.route_handlers:
            for method in sorted(handler.http_methods - {"OPTIONS"}):
                guards = len(handler.resolve_guards())
                yield Call(str(method), route.path_format, params, dict(handler.opt), guards)


def check_shape(call: str, answer: httpx.Response) -> None:
    """A refusal has the one shape, as JSON or as a page; and nothing is a fault."""
    assert answer.status_code < 500, f"{call}: {answer.status_code}"
    if answer.status_code < 400:
        return
    kind = answer.headers["content-type"]
    if kind.startswith("application/json"):
        error = answer.json()["error"]
        assert set(error) == {"status", "code", "message", "details", "request_id"}, call
        assert error["status"] == answer.status_code, call
        assert error["code"] and error["message"], call
        assert error["request_id"] == answer.headers["x-request-id"], call
        assert isinstance(error["details"], list), call
    else:
        assert kind.startswith("text/html"), f"{call}: {kind}"
        assert 'class="notice bad"' in answer.text, f"{call}: {answer.text[:300]}"
