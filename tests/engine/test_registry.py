"""Discovery of node types: what is found, and what stops the start."""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import RegistryError
from engine.node import Node
from engine.registry import Registry, discover

GOOD = '''
    """A node."""
    from engine.node import Node
    from engine.values import Number

    class Twice(Node, frozen=True, tag="extra.twice"):
        """Twice the number."""

        def compute(self, a: Number) -> Number:
            return 2 * a
'''


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty node package `pack_of_nodes` with a category `extra`, importable and forgotten afterwards."""
    folder = tmp_path / "pack_of_nodes" / "extra"
    folder.mkdir(parents=True)
    for place in (folder.parent, folder):
        (place / "__init__.py").write_text('"""Nodes."""\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [n for n in sys.modules if n.startswith("pack_of_nodes")]:
        del sys.modules[name]


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.py").write_text(textwrap.dedent(text))


def test_a_graph_imports_only_the_nodes_it_asks_for(pack: Path) -> None:
    """A tag is the way to its module; the neighbour is not imported, broken as it may be."""
    write(pack, "twice", GOOD)
    write(pack, "broken", "raise RuntimeError('never imported')")
    registry = Registry(("pack_of_nodes",))
    assert issubclass(registry["extra.twice"], Node)
    assert "extra.none" not in registry
    with pytest.raises(KeyError):
        registry["extra.none"]


def test_discovery_finds_every_module(pack: Path) -> None:
    """All tags, sorted, each with its category."""
    write(pack, "twice", GOOD)
    write(pack, "again", GOOD.replace("extra.twice", "extra.again"))
    registry = discover("pack_of_nodes")
    assert list(registry) == ["extra.again", "extra.twice"]
    assert registry.category("extra.twice") == "extra"


def test_an_installed_pack_is_found_through_its_entry_point(pack: Path) -> None:
    """A distribution that names its package under `tradegraph.nodes` adds its nodes to the built-in ones."""
    write(pack, "twice", GOOD)
    info = pack.parent.parent / "pack_of_nodes-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pack-of-nodes\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tradegraph.nodes]\nmine = pack_of_nodes\n")
    registry = Registry()
    assert registry["extra.twice"].__module__ == "pack_of_nodes.extra.twice"
    assert {"extra.twice", "indicator.ema"} <= set(Registry())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import nothing_like_this", "does not import"),
        ("raise RuntimeError('at import')", "at import"),
        (GOOD.replace('tag="extra.twice"', ""), "has no tag"),
        (GOOD.replace("extra.twice", "extra.other"), "should be 'extra.bad'"),
        (GOOD.replace("extra.twice", "extra.bad").replace("a: Number", "a: float"), "is not a port type"),
        (GOOD.replace("extra.twice", "extra.bad").replace("-> Number", "-> float"), "is not a port type"),
        (GOOD.replace("extra.twice", "extra.bad").replace("def compute", "def calculate"), "has no method 'compute'"),
    ],
    ids=["missing import", "raises", "no tag", "wrong tag", "untyped input", "untyped output", "no method"],
)
def test_a_broken_module_stops_the_start_and_is_named(pack: Path, text: str, reason: str) -> None:
    """Nothing is left out in silence: the error names the module and what is wrong."""
    write(pack, "bad", text)
    with pytest.raises(RegistryError, match=r"bad") as caught:
        discover("pack_of_nodes")
    assert reason in str(caught.value)


def test_a_tag_used_twice_is_refused(pack: Path) -> None:
    """Two packages with the same tag cannot both be meant."""
    write(pack, "twice", GOOD)
    other = pack.parent.parent / "pack_of_nodes_two" / "extra"
    other.mkdir(parents=True)
    for place in (other.parent, other):
        (place / "__init__.py").write_text('"""Nodes."""\n')
    write(other, "twice", GOOD)
    try:
        with pytest.raises(RegistryError, match="also used by"):
            discover("pack_of_nodes", "pack_of_nodes_two")
    finally:
        for name in [n for n in sys.modules if n.startswith("pack_of_nodes_two")]:
            del sys.modules[name]


def test_a_missing_package_is_an_error() -> None:
    """A pack that is named but not there stops the start."""
    with pytest.raises(RegistryError, match="no_such_package"):
        discover("no_such_package")


MADE = '''
    """Nodes that are made."""
    import msgspec

    from engine.node import Node
    from engine.values import Number

    def compute(self, a: Number) -> Number:
        return a

    class Made(dict):
        """Makes a class when it is asked for."""

        def __missing__(self, name):
            assert name != "odd", "no such shape"
            self[name] = msgspec.defstruct(
                name, [], bases=(Node,), namespace={"compute": compute, "__doc__": "Made."}, frozen=True,
                tag=f"extra.{name}", module=__name__,
            )
            return self[name]

    NODES = Made({name: Made()[name] for name in ("one", "two")})
'''


def test_a_category_may_make_its_classes(pack: Path) -> None:
    """They are found by their tag and by discovery, beside those that have a file."""
    write(pack, "__init__", MADE)
    write(pack, "twice", GOOD)
    registry = Registry(("pack_of_nodes",))
    assert issubclass(registry["extra.one"], Node)
    assert registry["extra.one"] is registry["extra.one"]
    assert "extra.three" not in registry
    assert list(registry) == ["extra.one", "extra.twice", "extra.two"]
    assert list(discover("pack_of_nodes")) == ["extra.one", "extra.twice", "extra.two"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (('tag=f"extra.{name}"', 'tag=f"other.{name}"'), "should be 'extra.one'"),
        (('tag=f"extra.{name}", ', ""), "has no tag"),
        (("a: Number) ->", "a: float) ->"), "is not a port type"),
    ],
    ids=["wrong tag", "no tag", "untyped input"],
)
def test_a_made_class_is_checked_like_a_written_one(pack: Path, change: tuple[str, str], reason: str) -> None:
    write(pack, "__init__", MADE.replace(*change))
    with pytest.raises(RegistryError, match="extra") as caught:
        discover("pack_of_nodes")
    assert reason in str(caught.value)


def test_a_class_that_cannot_be_made_stops_the_start_and_is_named(pack: Path) -> None:
    write(pack, "__init__", MADE + '\n    NODES = type("Lazy", (Made,), {"__contains__": lambda s, n: n == "odd"})()\n')
    with pytest.raises(RegistryError, match=r"pack_of_nodes\.extra\.odd cannot be made: no such shape"):
        Registry(("pack_of_nodes",))["extra.odd"]


def test_a_made_class_and_a_file_of_one_name_are_refused(pack: Path) -> None:
    write(pack, "__init__", MADE.replace("one", "twice"))
    write(pack, "twice", GOOD)
    with pytest.raises(RegistryError, match="also used by"):
        discover("pack_of_nodes")
