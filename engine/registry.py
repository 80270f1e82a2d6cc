"""Which node types there are.

The class for the tag `indicator.ema` stands in `nodes/indicator/ema.py`, so a tag is also the way to its module and a
graph imports only the nodes it uses.  `discover` walks everything and is what the catalogue, the server and the tests
start with.  Packs add node packages through the entry-point group `tradegraph.nodes`.

A category may make its classes instead of having a file for each: its package then has a mapping `NODES`, the last
part of a tag to the class, which may be made when it is asked for (`nodes/ta`).  The checks are the same.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from types import ModuleType

from engine.errors import RegistryError
from engine.node import Contract
from engine.signature import signature_of

ENTRY_POINTS = "tradegraph.nodes"
MADE = "NODES"  # name of the mapping in a package that makes its classes
_LONGEST = 100  # characters of a tag; each of its parts is an import


class Registry(Mapping[str, type[Contract]]):
    """Node classes by tag; a class is imported when it is first asked for, all of them when iterated."""

    def __init__(self, packages: tuple[str, ...] = ("nodes",)) -> None:
        self._packages = packages
        self._found: dict[str, type[Contract]] = {}
        self._complete = False
        self._packs: tuple[str, ...] | None = None

    def __getitem__(self, tag: str) -> type[Contract]:
        found = self._found.get(tag) or self._import(tag)
        if found is None:
            raise KeyError(tag)
        return found

    def __contains__(self, tag: object) -> bool:
        return isinstance(tag, str) and (tag in self._found or self._import(tag) is not None)

    def __iter__(self) -> Iterator[str]:
        self._discover()
        return iter(sorted(self._found))

    def __len__(self) -> int:
        self._discover()
        return len(self._found)

    def category(self, tag: str) -> str:
        """Palette category of a node type."""
        return tag.rpartition(".")[0]

    def _import(self, tag: str) -> type[Contract] | None:
        if self._complete or len(tag) > _LONGEST or not all(p.isidentifier() for p in tag.split(".")):
            return None
        for package in (*self._packages, *self._pack_names()):
            name = f"{package}.{tag}"
            module = _module(name)
            for found_tag, cls in _classes(module) if module else ():
                if found_tag == tag:
                    return self._found.setdefault(tag, cls)
            category, _, last = name.rpartition(".")
            made = _made(_module(category), last)
            if made is not None:
                return self._found.setdefault(tag, made)
        return None

    def _pack_names(self) -> tuple[str, ...]:
        if self._packs is None:
            from importlib.metadata import entry_points

            self._packs = tuple(e.value for e in entry_points(group=ENTRY_POINTS))
        return self._packs

    def _discover(self) -> None:
        if self._complete:
            return
        for package in (*self._packages, *self._pack_names()):
            for module in _modules(package):
                for tag, cls in _classes(module):
                    self._add(package, tag, cls, module, module.__name__)
                for name, cls in _all_made(module):
                    self._add(package, _tag(cls, module), cls, module, f"{module.__name__}.{name}")
        self._complete = True

    def _add(self, package: str, tag: str, cls: type[Contract], module: ModuleType, place: str) -> None:
        if f"{package}.{tag}" != place:
            raise RegistryError(f"{module.__file__}: tag {tag!r} should be {place.removeprefix(package + '.')!r}")
        if self._found.setdefault(tag, cls) is not cls:
            raise RegistryError(f"{module.__file__}: tag {tag!r} is also used by {self._found[tag].__module__}")
        signature_of(cls)


def _module(name: str) -> ModuleType | None:
    """The module of that name; None if there is none."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            return None
        raise RegistryError(f"{name} does not import: {error}") from error
    except Exception as error:
        raise RegistryError(f"{name} does not import: {error}") from error


def _modules(package: str) -> Iterator[ModuleType]:
    try:
        root = importlib.import_module(package)
    except Exception as error:
        raise RegistryError(f"node package {package!r} does not import: {error}") from error
    for info in pkgutil.walk_packages(root.__path__, f"{package}."):
        try:
            yield importlib.import_module(info.name)
        except Exception as error:
            raise RegistryError(f"{info.name} does not import: {error}") from error


def _classes(module: ModuleType) -> Iterator[tuple[str, type[Contract]]]:
    """Node classes defined in a module, with their tags."""
    for cls in vars(module).values():
        if isinstance(cls, type) and issubclass(cls, Contract) and cls.__module__ == module.__name__:
            yield _tag(cls, module), cls


def _tag(cls: type[Contract], module: ModuleType) -> str:
    tag = cls.__struct_config__.tag
    if not isinstance(tag, str):
        raise RegistryError(f'{module.__file__}: {cls.__name__} has no tag; write tag="category.name"')
    return tag


def _all_made(package: ModuleType) -> Iterator[tuple[str, type[Contract]]]:
    """The classes a package makes, by name."""
    for name in getattr(package, MADE, ()):
        made = _made(package, name)
        if made is not None:
            yield name, made


def _made(package: ModuleType | None, name: str) -> type[Contract] | None:
    """A class that a package makes under a name; None if it makes none of that name."""
    nodes: Mapping[str, type[Contract]] = getattr(package, MADE, {})
    if name not in nodes:
        return None
    try:
        return nodes[name]
    except Exception as error:
        raise RegistryError(f"{package.__name__ if package else ''}.{name} cannot be made: {error}") from error


def discover(*packages: str) -> Registry:
    """A registry of the given node packages (and installed packs) with every module imported and checked."""
    registry = Registry(packages or ("nodes",))
    len(registry)
    return registry
