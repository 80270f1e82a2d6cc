"""Which lines reach the terminal: `info,store=debug` is one level for all, and others for single components."""

import logging

import msgspec

from engine.errors import InputError

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
OURS = "tradegraph"


class Levels(msgspec.Struct, frozen=True):
    """The level of every component.  Other people's loggers have to be named to say less than a warning."""

    default: int = logging.INFO
    components: dict[str, int] = {}

    def shows(self, record: logging.LogRecord) -> bool:
        """Whether a record is to be printed."""
        foreign = not record.name.startswith(OURS)
        usual = max(self.default, logging.WARNING) if foreign else self.default
        return record.levelno >= self.components.get(component_of(record.name), usual)


def parse(text: str) -> Levels:
    """Read `LEVEL` or `LEVEL,COMPONENT=LEVEL…`.  Raises InputError."""
    default = logging.INFO
    components: dict[str, int] = {}
    for part in filter(None, (word.strip() for word in text.split(","))):
        name, equals, level = part.rpartition("=")
        if level.lower() not in LEVELS or (equals and not name):
            raise InputError(
                f"the log levels {text!r} (TRADEGRAPH_LOG) have the part {part!r}; write a level or COMPONENT=LEVEL,"
                f" as in info,store=debug; the levels are {', '.join(LEVELS)}"
            )
        if equals:
            components[name.strip()] = LEVELS[level.lower()]
        else:
            default = LEVELS[level.lower()]
    return Levels(default, components)


def component_of(logger: str) -> str:
    """`tradegraph.store.graphs` is of the component store, `uvicorn.error` of uvicorn."""
    first, _, rest = logger.partition(".")
    return rest.partition(".")[0] or first if first == OURS else first


def level_name(level: int) -> str:
    """The word for a level."""
    return logging.getLevelName(level).lower()
