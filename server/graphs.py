"""Graph documents from files and from the built-in `graphs/` folder."""

from pathlib import Path

from engine.document import Graph, decode
from engine.errors import InputError

BUILT_IN = Path(__file__).resolve().parent.parent / "graphs"
LARGEST = 32 * 2**20  # bytes; 10,000 nodes take about 3 MB


def load_graph(name: str) -> Graph:
    """A graph by file name or built-in id.  Raises InputError if there is none or it is no graph document."""
    path = Path(name)
    if not path.is_file():
        built_in = BUILT_IN / f"{name}.json"
        if path.suffix or path.exists() or not built_in.is_file():
            known = ", ".join(built_in_ids())
            what = "is a folder, not a file" if path.is_dir() else "is neither a file nor a built-in graph"
            raise InputError(f"graph {name!r} {what}; built-in graphs are {known}")
        path = built_in
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{name}: {path.stat().st_size // 2**20} MB is too large for a graph document")
        return decode(path.read_bytes(), name)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})") from None


def built_in_ids() -> list[str]:
    """Ids of the built-in graphs."""
    return sorted(p.stem for p in BUILT_IN.glob("*.json"))
