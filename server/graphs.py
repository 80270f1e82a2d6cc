"""Graph documents from files and from the built-in `graphs/` folder."""

from pathlib import Path

from engine.document import Graph, decode
from engine.errors import InputError

BUILT_IN = Path(__file__).resolve().parent.parent / "graphs"
# Under which words the gallery shows them.
TAGS: dict[str, tuple[str, ...]] = {
    "donchian_breakout": ("breakout", "trend"),
    "ema_cross": ("beginner", "trend"),
    "hh_ll": ("multi-timeframe", "structure", "zones"),
    "hh_ll_in_regime": ("embedded graphs", "multi-timeframe", "structure"),
    "market_regime": ("multi-timeframe", "patterns", "regime"),
    "rsi_reversal": ("beginner", "reversal"),
    "spread": ("pairs", "two markets"),
}
LARGEST = 32 * 2**20  # bytes; 10,000 nodes take about 3 MB


def load_graph(name: str) -> Graph:
    """A graph by file name or built-in id.  Raises InputError if there is none or it is no graph document."""
    try:
        text = _text_of(name)
    except OSError as error:
        raise InputError(f"graph {name}: cannot be read ({error.strerror}); check the path") from None
    if not text.strip():
        raise InputError(f"{name} is empty; a graph document is a JSON object (`tradegraph nodes --schema`)")
    try:
        return decode(text, name)
    except InputError as error:
        raise InputError(f"{error}; `tradegraph nodes --schema` prints the format") from None


def _text_of(name: str) -> bytes:
    path = Path(name)
    if not path.is_file():
        if name not in built_in_ids():
            known = ", ".join(built_in_ids())
            what = "is a folder, not a file" if name and path.is_dir() else "is neither a file nor a built-in graph"
            raise InputError(f"graph {name!r} {what}; built-in graphs are {known}")
        path = BUILT_IN / f"{name}.json"
    size = path.stat().st_size
    if size > LARGEST:
        raise InputError(f"{name}: {size / 2**20:.0f} MB is too large for a graph document; check what file it is")
    return path.read_bytes()


def built_in_ids() -> list[str]:
    """Ids of the built-in graphs."""
    return sorted(p.stem for p in BUILT_IN.glob("*.json"))
