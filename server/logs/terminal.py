"""Lines on stderr: text for people, or one JSON document each for programs."""

import datetime as dt
import logging
import sys
from typing import Literal, TextIO

import msgspec

from server.logs.levels import OURS, Levels, level_name
from server.logs.line import line_of

Form = Literal["text", "json"]


class _Terminal(logging.StreamHandler[TextIO]):
    """Our handler; `configure` knows it by its class and replaces it."""


class _Text(logging.Formatter):
    """`08:15:02.123 warning  store    what happened  key=value`: one line, but for a stack."""

    def format(self, record: logging.LogRecord) -> str:
        line = line_of(record)
        facts = {**line.context, **({"request": line.request_id} if line.request_id else {})}
        told = "".join(f"  {name}={value}" for name, value in facts.items())
        text = f"{_instant(line.at)[11:23]} {level_name(line.level):8} {line.component:10} {line.message}{told}"
        stack = "\n" + line.stack if line.stack else ""
        return _one_line(text) + stack


class _Json(logging.Formatter):
    """One JSON document per line."""

    def format(self, record: logging.LogRecord) -> str:
        line = line_of(record)
        document = {
            "at": _instant(line.at), "level": level_name(line.level), "component": line.component, "event": line.event,
            "message": line.message, "request_id": line.request_id, "context": line.context, "stack": line.stack,
        }  # fmt: skip
        return msgspec.json.encode({k: v for k, v in document.items() if v not in (None, "", {})}).decode()


def configure(levels: Levels, form: Form = "text", stream: TextIO | None = None) -> None:
    """Print the records of this process; calling it again replaces what it set up before."""
    handler = _Terminal(stream or sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    handler.addFilter(levels.shows)
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h, _Terminal)]:
        root.removeHandler(old)
    root.addHandler(handler)
    # The table wants warnings of all and information of ours, whatever the terminal shows.
    root.setLevel(min(logging.WARNING, levels.default))
    logging.getLogger(OURS).setLevel(min(logging.INFO, levels.default))
    for component, level in levels.components.items():
        logging.getLogger(component).setLevel(min(level, logging.WARNING))
        logging.getLogger(f"{OURS}.{component}").setLevel(min(level, logging.INFO))


def _instant(at: int) -> str:
    return dt.datetime.fromtimestamp(at / 1000, dt.UTC).isoformat(timespec="milliseconds")


def _one_line(text: str) -> str:
    """What somebody else put into a message must not look like a line of ours."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
