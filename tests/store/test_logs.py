"""Log lines: what is printed, what is kept, and that logging never hurts."""

import asyncio
import io
import json
import logging
import threading
from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Any

import pytest

from engine.errors import InputError
from server.logs.context import request_id
from server.logs.levels import Levels, component_of, parse
from server.logs.line import line_of
from server.logs.terminal import Form, configure
from server.logs.writer import LogWriter
from server.store.logs import LogFilter, LogLine, Logs
from server.store.store import Store

OURS = logging.getLogger("tradegraph.testing")


def record(message: str, level: int = logging.WARNING, **extra: object) -> logging.LogRecord:
    return OURS.makeRecord(OURS.name, level, "here.py", 1, message, (), None, extra=extra)


def line(number: int, **changes: Any) -> LogLine:
    plain: dict[str, Any] = {"at": number, "level": 30, "component": "a", "event": "e", "message": f"m{number}"}
    return LogLine(**plain | changes)


@pytest.fixture
def loggers() -> Generator[None]:
    """Loggers as they were, afterwards."""
    root = logging.getLogger()
    named = [root, *(logging.getLogger(n) for n in ("tradegraph", "tradegraph.testing", "testing", "foreign"))]
    levels, handlers = [logger.level for logger in named], list(root.handlers)
    yield
    for logger, level in zip(named, levels, strict=True):
        logger.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture
async def told() -> list[str]:
    """What a writer says on stderr."""
    return []


@pytest.fixture
async def writer(store: Store, told: list[str], loggers: None) -> AsyncGenerator[LogWriter]:
    """A writer that listens to our logger."""
    made = LogWriter(store.logs, room=50, tell=told.append)
    OURS.addHandler(made)
    OURS.setLevel(logging.DEBUG)
    yield made
    OURS.removeHandler(made)
    await made.stop()


async def stored(logs: Logs) -> list[str]:
    return [found.message for found in await logs.find(LogFilter())][::-1]


# --- levels ---------------------------------------------------------------------------------------------------------


def test_levels_are_read_and_applied() -> None:
    levels = parse(" WARNING, store=debug ,uvicorn=info")
    assert levels == Levels(30, {"store": 10, "uvicorn": 20})
    shown = [
        (name, level)
        for name in ("tradegraph.store.graphs", "tradegraph.web", "uvicorn.error", "sqlalchemy.pool")
        for level in (10, 20, 30)
        if levels.shows(logging.LogRecord(name, level, "", 1, "", (), None))
    ]
    store = [("tradegraph.store.graphs", level) for level in (10, 20, 30)]
    uvicorn = [("uvicorn.error", 20), ("uvicorn.error", 30)]
    assert shown == [*store, ("tradegraph.web", 30), *uvicorn, ("sqlalchemy.pool", 30)]


def test_other_peoples_information_is_not_shown_unasked() -> None:
    assert not parse("debug").shows(logging.LogRecord("httpx", 20, "", 1, "", (), None))
    assert parse("").shows(logging.LogRecord("tradegraph.web", 20, "", 1, "", (), None))


@pytest.mark.parametrize("text", ["loud", "info,store=loud", "=info", "store"])
def test_wrong_levels_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"TRADEGRAPH_LOG.*levels are debug, info, warning, error, critical"):
        parse(text)


def test_components() -> None:
    names = ["tradegraph.store.graphs", "tradegraph", "uvicorn.error", "root"]
    assert [component_of(name) for name in names] == ["store", "tradegraph", "uvicorn", "root"]


# --- lines ----------------------------------------------------------------------------------------------------------


def test_a_line_has_what_the_record_says() -> None:
    token = request_id.set("r1")
    try:
        made = line_of(record("it broke", event="broke", context={"backtest": "b1", "owner": "ann", "bars": 3}))
    finally:
        request_id.reset(token)
    assert (made.component, made.event, made.message, made.level) == ("testing", "broke", "it broke", 30)
    assert (made.request_id, made.backtest, made.owner) == ("r1", "b1", "ann")
    assert made.context == {"backtest": "b1", "owner": "ann", "bars": 3}


def test_secrets_are_left_out() -> None:
    made = line_of(record("x", context={"password": "hunter2", "API_KEY": "k", "X-CSRF-Token": "t", "name": "n"}))
    assert "hunter2" not in str(made)
    assert line_of(record("x", context={"a": [{"token": 1}]})).context == {"a": [{"token": "(not shown)"}]}
    hidden = dict.fromkeys(("password", "API_KEY", "X-CSRF-Token"), "(not shown)")
    assert made.context == {**hidden, "name": "n"}


async def test_every_text_can_be_stored(store: Store) -> None:
    odd = {"nan": float("nan"), "nul": "a\0b", "object": object, "lone": "\udc80", 3: {"deep": "\0"}}
    made = line_of(record("a\0b \udc80" + "x" * 20_000, context=odd, event="e" * 200))
    await store.logs.add([made])
    found = (await store.logs.find(LogFilter()))[0]
    assert found.message.startswith("a\\0b \\udc80xxx")
    assert len(found.message) < 9_000
    assert await store.logs.find(LogFilter(text="a\0b")) == [found]
    assert await store.logs.find(LogFilter(component="\0")) == []
    assert found.context["nan"] is None
    assert found.context["nul"] == "a\\0b"


@pytest.mark.parametrize("form", ["text", "json"])
def test_printed_lines(loggers: None, form: Form) -> None:
    stream = io.StringIO()
    configure(Levels(), "json", io.StringIO())
    configure(Levels(), form, stream)
    OURS.info("two\nlines \x1b[31m", extra={"event": "said", "context": {"a": 1}})
    OURS.debug("not shown")
    logging.getLogger("foreign").warning("of others")
    try:
        raise ValueError("why")
    except ValueError:
        OURS.exception("failed")
    text = stream.getvalue()
    assert "not shown" not in text
    assert "\x1b" not in text
    if form == "json":
        said, foreign, failed = map(json.loads, text.splitlines())
        assert (said["message"], said["event"], said["context"]) == ("two\nlines \x1b[31m", "said", {"a": 1})
        assert (foreign["component"], foreign["level"]) == ("foreign", "warning")
        assert failed["stack"].endswith("ValueError: why")
    else:
        first, *rest = text.splitlines()
        assert first.endswith("info     testing    two\\nlines \\x1b[31m  a=1")
        assert rest[-1] == "ValueError: why"


# --- the table ------------------------------------------------------------------------------------------------------


async def test_filters_and_pages(store: Store) -> None:
    await store.logs.add(
        [line(n, level=10 * (1 + n % 5), component="ab"[n % 2], message=f"line {n} 100%") for n in range(40)]
    )
    find = store.logs.find
    assert len(await find(LogFilter(level=40))) == 16
    assert {found.component for found in await find(LogFilter(component="b"))} == {"b"}
    assert [found.at for found in await find(LogFilter(text="LINE 7 "))] == [7]
    assert await find(LogFilter(text="line_7")) == [], "% and _ are letters here"
    assert len(await find(LogFilter(text="100%"))) == 40
    assert [found.at for found in await find(LogFilter(since=10, until=13))] == [12, 11, 10]
    assert await find(LogFilter(text="' OR 1=1 --")) == []
    ids: list[int] = []
    page = await find(LogFilter(component="a"), limit=7)
    while page:
        ids += [found.id or 0 for found in page]
        page = await find(LogFilter(component="a"), before=ids[-1], limit=7)
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 20
    assert await store.logs.components() == ["a", "b"]
    assert await store.logs.prune(30) == 30
    assert len(await find(LogFilter())) == 10


async def test_what_is_kept(store: Store, writer: LogWriter) -> None:
    writer.start()
    OURS.debug("no")
    OURS.info("no")
    OURS.info("chosen", extra={"event": "chosen"})
    OURS.warning("warned")
    await writer.stop()
    assert await stored(store.logs) == ["chosen", "warned"]


async def test_lines_from_threads_and_before_the_start_are_written(store: Store, writer: LogWriter) -> None:
    OURS.warning("early")
    writer.start()
    threads = [threading.Thread(target=lambda n=n: OURS.warning("from thread %s", n)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    await writer.stop()
    found = await stored(store.logs)
    assert found[0] == "early"
    assert sorted(found[1:]) == [f"from thread {n}" for n in range(10)]


async def test_a_full_queue_counts_and_tells(store: Store, writer: LogWriter, told: list[str]) -> None:
    for number in range(60):
        OURS.warning("line %s", number)
    assert writer.lost == 10
    writer.start()
    await writer.stop()
    found = await store.logs.find(LogFilter())
    assert len(found) == 51
    assert (found[0].event, found[0].context) == ("lines_lost", {"lost": 10})
    assert told == ["log lines are lost: there is no room for more", "10 log lines were lost"]


class Away(Logs):
    """A database that is away for some writes, and logs about it, as a driver may."""

    failures = 0

    async def add(self, lines: Sequence[LogLine]) -> None:
        if self.failures:
            self.failures -= 1
            OURS.error("the driver complains")
            raise ConnectionRefusedError("nobody listens")
        await super().add(lines)


async def test_lines_wait_while_the_database_is_away(
    store: Store, told: list[str], loggers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.logs.writer._FIRST_PAUSE", 0.001)
    logs = Away(store.database)
    logs.failures = 3
    made = LogWriter(logs, tell=told.append)
    OURS.addHandler(made)
    made.start()
    try:
        OURS.warning("waits")
        async with asyncio.timeout(30):
            while not (found := await stored(store.logs)):
                await asyncio.sleep(0)
    finally:
        OURS.removeHandler(made)
        await made.stop()
    assert found == ["waits"], "what the writing itself logs is not stored"
    assert told == ["the log table cannot be written now (ConnectionRefusedError: nobody listens); lines wait"]


async def test_an_end_without_database_is_told(store: Store, told: list[str], loggers: None) -> None:
    logs = Away(store.database)
    logs.failures = 1_000_000
    made = LogWriter(logs, tell=told.append)
    made.handle(record("lost"))
    made.start()
    await made.stop()
    assert told[-1] == "log lines are lost: the database did not take them before the end"
    assert made.lost == 1


async def test_a_line_that_does_not_fit_is_dropped(store: Store, told: list[str], loggers: None) -> None:
    """PostgreSQL refuses what is longer than its column; SQLite takes it."""
    made = LogWriter(store.logs, tell=told.append)
    await made._store([line(1), line(2, event="e" * 100), line(3)])
    refused = not store.database.is_sqlite
    assert await stored(store.logs) == (["m1", "m3"] if refused else ["m1", "m2", "m3"])
    assert told == (["a log line cannot be stored (DBAPIError): 'm2'"] if refused else [])


async def test_one_impossible_line_does_not_hold_up_the_others(store: Store, told: list[str]) -> None:
    class Broken(Logs):
        async def add(self, lines: Sequence[LogLine]) -> None:
            if any(found.message == "bad" for found in lines):
                raise ValueError("no")
            await super().add(lines)

    made = LogWriter(Broken(store.database), tell=told.append)
    for message in ("one", "bad", "two"):
        made.handle(record(message))
    made.start()
    await made.stop()
    assert await stored(store.logs) == ["one", "two"]
    assert told == ["a log line cannot be stored (ValueError): 'bad'"]
