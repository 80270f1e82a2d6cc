"""Columns of numbers in and out of Parquet; pyarrow is imported when such a file is met, not before."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError

MAGIC = b"PAR1"


def read(path: Path, names: tuple[str, ...]) -> tuple[list[NDArray[Any]], dict[str, str]]:
    """The named columns (int64 or float64) and the file's key-value notes.  Raises InputError."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
        schema = file.schema_arrow
        missing = [name for name in names if name not in schema.names]
        if missing:
            raise InputError(f"{path} lacks the column {', '.join(missing)}; it must have {','.join(names)}")
        table = file.read(columns=list(names))
        columns = [_column(path, name, table.column(name), pa) for name in names]
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).split("\n", 1)[0].rstrip(".")[:120]
        raise InputError(f"{path} is not a readable Parquet file ({reason}); export it again") from None
    notes = {key.decode(): value.decode("utf-8", "replace") for key, value in (schema.metadata or {}).items()}
    return columns, notes


def count(path: Path) -> int:
    """Rows of the file, from its last bytes alone; 0 for a file that cannot be read, as `read` will say."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path).metadata.num_rows
    except (pa.ArrowException, OSError, ValueError):
        return 0


def write(path: Path, columns: Mapping[str, NDArray[Any]], notes: Mapping[str, str]) -> None:
    """Writes int64 and float64 columns; `notes` become key-value metadata."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    parquet.write_table(table.replace_schema_metadata(dict(notes)), path, compression="zstd")


def _column(path: Path, name: str, column: Any, pa: Any) -> NDArray[Any]:
    kind = column.type
    if column.null_count:
        row = int(np.argmax(column.is_null().to_numpy())) + 1
        raise InputError(f'{path} row {row}, column "{name}" is empty; write a number')
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        if name != "timestamp":
            raise InputError(f'{path}: column "{name}" holds {kind}, not numbers; export it again')
        return column.cast(pa.timestamp("ms", tz=getattr(kind, "tz", None))).cast(pa.int64()).to_numpy()
    if pa.types.is_integer(kind) and name == "timestamp":
        return column.cast(pa.int64()).to_numpy()
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.float64()).to_numpy()
    raise InputError(f'{path}: column "{name}" holds {kind}, not numbers; export it again')
