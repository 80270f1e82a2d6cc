"""The one shape of every error, whoever raised it: JSON for programs, a page or a part of one for people."""

import logging
from typing import Any, cast
from urllib.parse import quote

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect
from markupsafe import escape
from sqlalchemy.exc import DBAPIError

from engine.errors import GraphError, InputError, NodeError
from server.errors import Refusal, SignInNeeded, TooMany
from server.logs.context import request_id
from server.store.database import is_away, sql_state
from server.web.assets import assets
from server.web.guards import PasswordFirst
from server.web.rendering import environment, page, partial

_log = logging.getLogger("tradegraph.web")
_CODES = {
    400: "input", 401: "sign_in_needed", 403: "forbidden", 404: "not_found", 405: "method", 406: "not_acceptable",
    409: "conflict", 413: "too_large", 415: "media_type", 422: "input", 429: "too_many", 503: "unavailable",
}  # fmt: skip
_WORDS = {
    404: "there is nothing at this address; check it, or go back to where you came from",
    405: "this address does not take that method",
    413: "what was sent is too large",
}
_FAULT = "a fault in Tradegraph; it is in the log under the request id, and nothing was left half done"
_AWAY = "the database does not answer now; try again in a moment"
_UNFIT = "a value does not fit where it would be stored; check what was sent for odd characters and huge numbers"


class Detail(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong: where, and what."""

    message: str
    where: str = ""


class Problem(msgspec.Struct, frozen=True):
    """What went wrong."""

    status: int
    code: str
    message: str
    details: list[dict[str, Any]]
    request_id: str | None


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every answer that is not a success."""

    error: Problem


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The answer to any exception."""
    problem = problem_of(error)
    if problem.status >= 500:
        _log.error("%s %s failed: %s", request.method, request.url.path, error, exc_info=error,
                   extra={"event": "fault" if problem.status == 500 else problem.code})  # fmt: skip
    headers = _headers(error)
    if wants_json(request):
        return Response(ErrorBody(problem), status_code=problem.status, media_type="application/json", headers=headers)
    if isinstance(error, SignInNeeded | PasswordFirst):
        return _elsewhere(request, error)
    shown = _shown(request, problem)
    shown.headers.update(headers)
    return shown


def wants_json(request: Request[Any, Any, Any]) -> bool:
    """Whether a program asks."""
    path = request.url.path
    if path.startswith("/api/docs"):
        return False
    if path.startswith("/api") or path in ("/live", "/health", "/ready") or "authorization" in request.headers:
        return True
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def problem_of(error: Exception) -> Problem:
    """What is told of an exception."""
    status, code, message, details = _told(error)
    return Problem(status, code, message, details, request_id.get())


def _told(error: Exception) -> tuple[int, str, str, list[dict[str, Any]]]:
    match error:
        case Refusal():
            return error.status, error.code, str(error), getattr(error, "details", [])
        case GraphError():
            return 422, "graph", str(error), [msgspec.to_builtins(issue) for issue in error.issues]
        case NodeError():
            return 422, "node", str(error), [{"message": str(error), "where": error.node}]
        case InputError():
            return 400, "input", str(error), getattr(error, "details", [])
        case ValidationException():
            details = _fields(error)
            where = ", ".join(str(one["where"]) for one in details if "where" in one)
            return 400, "input", f"what was sent is not as it must be{f': {where}' if where else ''}", details
        case HTTPException() if error.status_code < 500:
            status = error.status_code
            return status, _CODES.get(status, "refused"), _WORDS.get(status) or error.detail, []
        case _ if is_away(error):
            return 503, "unavailable", _AWAY, []
        case _:
            unfit = isinstance(error, DBAPIError) and sql_state(error).startswith("22")
            return (400, "input", _UNFIT, []) if unfit else (500, "fault", _FAULT, [])


def _fields(error: ValidationException) -> list[dict[str, Any]]:
    extra = error.extra if isinstance(error.extra, list) else []
    found = [one for one in extra if isinstance(one, dict)]
    fields = [{"message": str(one.get("message", "")), "where": str(one.get("key", ""))} for one in found]
    return fields or [{"message": error.detail}]


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, SignInNeeded):
        return {"WWW-Authenticate": 'Bearer realm="tradegraph"'}
    if isinstance(error, HTTPException) and error.headers and "allow" in {name.lower() for name in error.headers}:
        return {"Allow": str({name.lower(): value for name, value in error.headers.items()}["allow"])}
    return {}


def _elsewhere(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """To where what is missing can be done, and back afterwards."""
    target = "/account"
    if isinstance(error, SignInNeeded):
        came = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        back = came if request.method == "GET" and "hx-request" not in request.headers else ""
        target = f"/sign-in?next={quote(back)}" if back and back != "/" else "/sign-in"
    if "hx-request" in request.headers:
        return Response(b"", status_code=401, headers={"HX-Redirect": target}, media_type="text/html")
    return cast("Response[Any]", Redirect(target, status_code=303))


def _shown(request: Request[Any, Any, Any], problem: Problem) -> Response[Any]:
    is_part = "hx-request" in request.headers
    make = partial if is_part else page
    template = make(request, "partials/error.html" if is_part else "pages/error.html", problem=problem)
    try:  # here and now: an error page with an error of its own must still be an answer
        engine = environment(assets())
        text = engine.get_template(str(template.template_name)).render(**template.context)
    except Exception:
        _log.exception("the error page cannot be shown", extra={"event": "fault"})
        text = f"<!doctype html><title>{problem.status}</title><p>{escape(problem.message)}"
    headers = {"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"} if is_part else {}
    return Response(text, status_code=problem.status, media_type="text/html", headers=headers)
