"""Reports: a finished back-test as files that can be kept, sent and opened anywhere."""

from pathlib import Path

from engine.result import Result


def write_report(result: Result, folder: Path) -> dict[str, Path]:
    """Write all files of a result; see `server.report.files`, which brings the template engine with it."""
    from server.report import files

    return files.write_report(result, folder)
