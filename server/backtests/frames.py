"""What server and worker say to each other: frames of MessagePack with their length in front.

The worker gets a `Message` and sends any number of `Progress`, then one other `Answer`.
"""

import asyncio
import struct
from typing import BinaryIO

import msgspec

from server.backtests.tables import Inputs
from server.store.outcome import Finished

_HEAD = struct.Struct("<Q")


class Run(msgspec.Struct, tag="run", kw_only=True):
    """Run a back-test and give everything that is stored of it."""

    id: str
    inputs: Inputs


class Look(msgspec.Struct, tag="look", kw_only=True):
    """Make a stored run again, to explain it; `trades` are those that were stored, packed."""

    id: str
    inputs: Inputs
    logic_hash: str
    trades: bytes


class Why(msgspec.Struct, tag="why", kw_only=True):
    """Explain a bar of a run that was looked at."""

    id: str
    market: int
    row: int


class Slice(msgspec.Struct, tag="slice", kw_only=True):
    """The decision slice of a trade of a run that was looked at; numbers count from 1."""

    id: str
    number: int


class Report(msgspec.Struct, tag="report", kw_only=True):
    """The page report.html of a run that was looked at."""

    id: str


Message = Run | Look | Why | Slice | Report


class Ready(msgspec.Struct, tag="ready"):
    """The worker has loaded everything and waits."""


class Progress(msgspec.Struct, tag="progress"):
    """How far a run is: a named stage, the share of the whole (0 to 1), and what it is busy with."""

    stage: str
    share: float
    detail: str = ""


class Done(msgspec.Struct, tag="done"):
    """All that a run gave."""

    finished: Finished


class Failed(msgspec.Struct, tag="failed", kw_only=True):
    """Why a run, or an answer, did not come to be; `code` as in the error shape of the server."""

    code: str
    message: str
    details: list[dict[str, str]] = []
    stack: str = ""


class Told(msgspec.Struct, tag="told"):
    """An answer as JSON; a report as HTML."""

    data: bytes


class Absent(msgspec.Struct, tag="absent"):
    """The run was not looked at, or has been forgotten: send `Look` first."""


Answer = Ready | Progress | Done | Failed | Told | Absent


def write(pipe: BinaryIO, message: msgspec.Struct) -> None:
    """Send a message."""
    data = msgspec.msgpack.encode(message)
    pipe.write(_HEAD.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def read(pipe: BinaryIO) -> Message | None:
    """The next message for the worker, None at the end of the pipe."""
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    (size,) = _HEAD.unpack(head)
    data = pipe.read(size)
    return msgspec.msgpack.decode(data, type=Message) if len(data) == size else None


def framed(message: msgspec.Struct) -> bytes:
    """A message as it goes through the pipe."""
    data = msgspec.msgpack.encode(message)
    return _HEAD.pack(len(data)) + data


async def receive(pipe: asyncio.StreamReader) -> Answer:
    """The next answer of the worker.  Raises asyncio.IncompleteReadError when the worker is gone."""
    (size,) = _HEAD.unpack(await pipe.readexactly(_HEAD.size))
    data = await pipe.readexactly(size)
    if size < 65_536:
        return msgspec.msgpack.decode(data, type=Answer)
    return await asyncio.to_thread(msgspec.msgpack.decode, data, type=Answer)
