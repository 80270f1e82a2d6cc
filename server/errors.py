"""Refusals of the server, each with the HTTP status and the code it is told by (`server/web/errors.py` tells them).

engine.errors.InputError is a 400 "input", GraphError a 422 "graph" with its issues.
"""

from engine.errors import EngineError


class Refusal(EngineError):
    """Root: one sentence for people, `code` for programs, `status` for HTTP."""

    status = 400
    code = "refused"


class NotFound(Refusal):
    """There is no such thing, or it belongs to somebody else: the two are not told apart."""

    status, code = 404, "not_found"


class Conflict(Refusal):
    """It has changed meanwhile, or it exists already."""

    status, code = 409, "conflict"


class Forbidden(Refusal):
    """Known who asks, and they may not."""

    status, code = 403, "forbidden"


class SignInNeeded(Refusal):
    """Nobody is signed in, or the session has ended."""

    status, code = 401, "sign_in_needed"


class TooMany(Refusal):
    """Too many attempts; `retry_after` in seconds."""

    status, code = 429, "too_many"

    def __init__(self, message: str, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class Unavailable(Refusal):
    """A part that is needed does not answer now."""

    status, code = 503, "unavailable"
