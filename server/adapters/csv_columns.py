"""Columns of numbers out of a CSV file, plain or gzip; whatever is wrong is named with its row and column."""

import contextlib
import gzip
import io
import zlib
from collections.abc import Generator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError

_HEAD = 4096  # bytes within which the header line must end
_MOST = 2 << 30  # bytes of text
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"


class Header(msgspec.Struct, frozen=True):
    """The columns a file names, where those asked for stand, and where its rows begin (in bytes)."""

    names: tuple[str, ...]
    places: tuple[int, ...]
    start: int


def read_header(path: Path, names: tuple[str, ...]) -> Header:
    """The header line, from the first bytes alone.  Raises InputError if it does not name all of `names`."""
    with _opened(path) as file:
        head = file.read(_HEAD)
    if not head:
        raise InputError(f"{path} is empty; it should hold {','.join(names)} and a row per bar")
    line, end, _ = head.partition(b"\n")
    if b"\0" in head:
        raise InputError(f"{path} is binary, not text; give a CSV, CSV.gz or Parquet file")
    if b"\r" in line.removesuffix(b"\r"):
        raise InputError(f"{path} row 1: lines end in carriage returns alone; save it with plain line ends")
    if not end and len(head) == _HEAD:
        raise InputError(f"{path} row 1: no line end in the first {_HEAD:,} bytes; give a CSV file with a header")
    try:
        text = line.removeprefix(_BOM).decode()
    except UnicodeDecodeError:
        raise InputError(f"{path} row 1 is not text; give a CSV, CSV.gz or Parquet file") from None
    found = tuple(name.strip() for name in text.split(","))
    _compare(path, text.strip(), found, names)
    return Header(found, tuple(found.index(name) for name in names), len(line) + len(end))


def read_rows(path: Path, header: Header) -> NDArray[np.float64]:
    """The columns asked for, one per row of the result.  Raises InputError naming the first bad row."""
    content = _content(path)
    if content.endswith((b"\n\n", b"\n\r\n")):
        content = content.rstrip(b"\r\n")  # a copy, so only where blank lines end the file
    if not content[header.start : header.start + 2].strip() and not content[header.start :].strip():
        raise InputError(f"{path} has a header but no rows; add a row per bar")
    try:
        table = _parse(content, header)
    except ValueError:
        raise _explain(path, content, header) from None
    lines = content.count(b"\n", header.start) + (not content.endswith(b"\n"))
    commas = lines * (len(header.names) - 1)
    if len(header.names) > len(header.places):  # where columns are picked out, numpy overlooks too many
        commas = content.count(b",", header.start)
    if len(table) != lines or commas != lines * (len(header.names) - 1):
        raise _explain(path, content, header)
    return np.ascontiguousarray(table.T)


def _content(path: Path) -> bytes:
    with _opened(path) as file:
        if isinstance(file, gzip.GzipFile):
            content = file.read(_MOST + 1)
        else:  # much quicker without a limit, so the size is asked for first
            content = file.read() if path.stat().st_size <= _MOST else b""
    if len(content) > _MOST or not content:
        raise InputError(f"{path} holds more than {_MOST >> 30} GB of text; split it into several files")
    return content


def _compare(path: Path, text: str, found: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    line = ",".join(wanted)
    shown = "".join(sign if sign.isprintable() else "�" for sign in text[:60]) + ("…" if len(text) > 60 else "")
    missing = [name for name in wanted if name not in found]
    double = [name for name in wanted if found.count(name) > 1]
    if not missing and not double:
        return
    if double:
        raise InputError(f'{path} row 1: the header names "{double[0]}" twice; keep one')
    if _numeric(found[0]):
        raise InputError(f'{path} row 1: found numbers ("{shown}") instead of a header; add the line {line}')
    if len(found) == 1 and any(sign in text for sign in ";\t|"):
        raise InputError(f'{path} row 1: columns are not separated by commas ("{shown}"); export it as {line}')
    raise InputError(f'{path} row 1: the header "{shown}" lacks {", ".join(missing)}; it must name {line}')


def _parse(content: bytes, header: Header) -> NDArray[np.float64]:
    """All rows from `header.start` on.  Raises ValueError."""
    every = len(header.names) == len(header.places) and header.places == tuple(range(len(header.places)))
    stream = io.BytesIO(content)
    stream.seek(header.start)
    columns = None if every else header.places
    return np.loadtxt(stream, delimiter=",", comments=None, ndmin=2, usecols=columns, encoding="latin1")


def _numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _explain(path: Path, content: bytes, header: Header) -> InputError:
    """The sentence about the first row that is not as the header says."""
    lines = content[header.start :].removesuffix(b"\n").split(b"\n")
    header = msgspec.structs.replace(header, start=0)
    separators = len(header.names) - 1
    uneven = next((i for i, line in enumerate(lines) if line.count(b",") != separators), len(lines))
    bad = _first_unreadable(lines[:uneven], header)
    if bad is not None:
        return _explain_fields(path, bad + 2, lines[bad].split(b","), header)
    if uneven == len(lines):
        return InputError(f"{path} has carriage returns in the middle of lines; save it with plain line ends")
    if not lines[uneven].strip():
        return InputError(f"{path} row {uneven + 2} is empty; remove the line")
    fields = lines[uneven].count(b",") + 1
    cure = "complete or remove the row" if fields <= separators else "remove what is too much"
    return InputError(
        f"{path} row {uneven + 2} has {fields} field{'' if fields == 1 else 's'} where the header has "
        f"{separators + 1}; {cure}"
    )


def _first_unreadable(lines: list[bytes], header: Header) -> int | None:
    """Index of the first line the parser refuses; halving, as only the parser itself knows what it refuses."""
    if not lines or _readable(lines, header):
        return None
    low, high = 0, len(lines)  # the line sought lies in lines[low:high]
    while high - low > 1:
        middle = (low + high) // 2
        if _readable(lines[low:middle], header):
            low = middle
        else:
            high = middle
    return low


def _readable(lines: list[bytes], header: Header) -> bool:
    try:
        return len(_parse(b"\n".join(lines), header)) == len(lines)
    except ValueError:
        return False


def _explain_fields(path: Path, row: int, fields: list[bytes], header: Header) -> InputError:
    single = Header(("",), (0,), 0)
    for place in header.places:
        field = fields[place].strip()
        where = f'{path} row {row}, column "{header.names[place]}"'
        if not field:
            return InputError(f"{where} is empty; write a number")
        if _readable([field], single):
            continue
        shown = ascii(field[:40].decode("latin1")) + ("…" if len(field) > 40 else "")
        if header.names[place] == "timestamp":
            return InputError(f"{where}: {shown} is no time stamp; write milliseconds since 1970 UTC")
        return InputError(f"{where}: {shown} is not a number; write a number with a decimal point")
    return InputError(f"{path} row {row} cannot be read; write plain numbers separated by commas")


@contextlib.contextmanager
def _opened(path: Path) -> Generator[io.BufferedIOBase | gzip.GzipFile]:
    """The bytes of the text, unpacked if the file is gzip; damage of the gzip stream becomes InputError."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        if not packed:
            if path.suffix == ".gz" and path.stat().st_size:
                raise InputError(f"{path} is not gzip although its name ends in .gz; rename it or pack it again")
            yield file
            return
        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield unpacked
        except EOFError:
            raise InputError(f"{path} is cut short (gzip data ends too early); copy or download it again") from None
        except (gzip.BadGzipFile, zlib.error):
            raise InputError(f"{path} is damaged (broken gzip data); copy or download it again") from None
