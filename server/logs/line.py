"""A record of `logging` as the line we print and store.

`extra={"event": "signed_in", "context": {"user": …}}` says for programs what the message says for people.  An `owner`
and a `backtest` in the context become columns of the table.
"""

import logging
import math
from typing import Any, cast

from server.logs.context import request_id
from server.logs.levels import component_of
from server.store.logs import LogLine

_MESSAGE, _STACK, _VALUE = 8_000, 40_000, 2_000  # characters kept
_DEEPEST = 6
_SECRET = ("password", "secret", "token", "authorization", "cookie", "csrf", "api_key")
_plain = logging.Formatter()


def line_of(record: logging.LogRecord) -> LogLine:
    """The line; secrets in its context are left out, and every text is one that a database can store."""
    given: object = getattr(record, "context", None)
    context: dict[str, Any] = _told(given) if isinstance(given, dict) else {}
    return LogLine(
        at=int(record.created * 1000),
        level=record.levelno,
        component=_fit(component_of(record.name), 60),
        event=_fit(getattr(record, "event", ""), 80),
        message=_clean(record.getMessage(), _MESSAGE),
        owner=_fit(context.get("owner"), 36) or None,
        backtest=_fit(context.get("backtest"), 36) or None,
        request_id=_fit(getattr(record, "request_id", None) or request_id.get(), 36) or None,
        context=context,
        stack=_stack(record),
    )


def _told(value: Any, depth: int = 0) -> Any:
    """A value of a context as JSON and both databases know it."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict) and depth < _DEEPEST:
        pairs = cast("dict[object, Any]", value)
        return {_clean(str(k), 100): _shown(str(k), v, depth + 1) for k, v in pairs.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth < _DEEPEST:
        return [_told(one, depth + 1) for one in cast("list[Any]", value)]
    return _clean(str(value), _VALUE)


def _shown(name: str, value: Any, depth: int) -> Any:
    return "(not shown)" if _is_secret(name) else _told(value, depth)


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in _SECRET)


def _stack(record: logging.LogRecord) -> str | None:
    if not record.exc_info or record.exc_info[0] is None:
        return None
    return _clean(_plain.formatException(record.exc_info), _STACK)


def _clean(text: str, longest: int) -> str:
    """Text that can be encoded, without NUL, of a bounded length."""
    if len(text) > longest:
        text = f"{text[: longest // 2]} … {text[-longest // 2 :]}"
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\0")


def _fit(value: object, width: int) -> str:
    """Text as wide as its column."""
    return _clean(str(value or ""), _VALUE)[:width]
