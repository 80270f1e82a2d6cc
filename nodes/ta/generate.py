"""Writes `nodes/ta/table.json` anew from the installed pandas-ta and the notes: `python -m nodes.ta.generate`."""

import ast
import inspect
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from engine.candles import FloatColumn
from nodes.ta import library, proofs
from nodes.ta.classes import arguments_of
from nodes.ta.table import PLACE, SERIES, Check, Entry, Output, Param, Refusal, Table

NOTES = Path(__file__).with_name("notes.toml")
LIBRARY = "pandas-ta 0.4.71b0"

_NO_PARAMS = {"offset", "talib", "kwargs"}
_PRIMES = (7, 11, 13, 17, 19, 23, 29, 31, 37, 41)  # probes: values that are told apart in the name of a column
_PARTS = (1.25, 1.75, 2.25, 2.75, 3.25)
_SHARES = (0.11, 0.12, 0.13, 0.14, 0.15)


def main() -> None:
    """Write the table."""
    PLACE.write_bytes(text_of(generated()))


def text_of(whole: Table) -> bytes:
    """The table as the file holds it."""
    return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"


def generated() -> Table:
    """The table that the installed pandas-ta and the notes give.  Imports pandas-ta."""
    notes = tomllib.loads(NOTES.read_text(encoding="utf-8"))
    nodes = {name: _entry(name, notes["nodes"][name], notes["params"]) for name in sorted(notes["nodes"])}
    refused = tuple(_refusal(note) for note in notes["refused"])
    return Table(LIBRARY, nodes, notes["native"], refused)


def _refusal(note: Mapping[str, Any]) -> Refusal:
    call = msgspec.convert({k: v for k, v in note.items() if k in proofs.Call.__struct_fields__}, proofs.Call)
    return msgspec.convert({**note, **proofs.prove(call, note["kind"])}, Refusal)


def _entry(name: str, note: dict[str, Any], known: dict[str, dict[str, Any]]) -> Entry:
    function = library.function(name)
    told = inspect.cleandoc(function.__doc__)
    columns, params = _arguments(name, function, note, known)
    pinned = note.get("pin", {}) | ({"talib": False} if _takes_talib(function, note) else {})
    entry = Entry(
        title=note.get("title") or told.partition("\n")[0].strip().strip("'"),
        sentence=note["says"],
        columns=columns,
        ports=tuple(note.get("ports") or (["source"] if columns == ("close",) else ["candles"])),
        params=params,
        pinned=pinned,
        outputs=(),
        seed=note["seed"],
        settle=note.get("settle", "0"),
        together=note.get("together", False),
        checks=tuple(Check(*pair) for pair in note.get("checks", ())),
        unit=note["unit"],
        remarks=note.get("remarks", ""),
        source=_source(told),
        synonyms=tuple(note.get("synonyms", ())),
    )
    return msgspec.structs.replace(entry, outputs=_outputs(name, note, entry))


def _takes_talib(function: Any, note: Mapping[str, Any]) -> bool:
    return "talib" in inspect.signature(function).parameters and "talib" not in note.get("pin", {})


# --- arguments --------------------------------------------------------------------------------------------------------


def _arguments(
    name: str, function: Any, note: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]
) -> tuple[tuple[str, ...], dict[str, Param]]:
    """The series a function takes, and its parameters, in the order of its signature."""
    columns: list[str] = []
    params: dict[str, Param] = {}
    series = {*SERIES, *note.get("ports", ())}
    left_out = {*_NO_PARAMS, *note.get("pin", {}), *note.get("drop", ())}
    presets = _presets(function)
    for argument, declared in inspect.signature(function).parameters.items():
        if argument in series:
            columns += [argument] if declared.default is inspect.Parameter.empty else []
        elif argument not in left_out:
            about = {**known.get(argument, {}), **note.get("params", {}).get(argument, {})}
            about.setdefault("preset", presets.get(argument))
            own = about.pop("name", argument)
            about |= {"argument": argument} if own != argument else {}
            params[own] = _param(f"{name}.{argument}", declared.annotation, about)
    return tuple(columns), params


def _param(place: str, annotation: Any, about: dict[str, Any]) -> Param:
    preset = about.pop("preset")
    if preset is None or "title" not in about:
        raise ValueError(f"notes.toml has no title, or neither it nor the code a preset, for {place}")
    kind = about.pop("kind", "") or _kind(annotation)
    bounds = {n: b for n, b in about.items() if b is not False}
    return Param(kind=kind, preset=float(preset) if kind == "float" else preset, **bounds)


def _kind(annotation: Any) -> str:
    """int, float, bool or choice, for how pandas-ta declares the type."""
    arms: set[Any] = set(getattr(annotation, "__args__", ())) or {annotation}
    return "choice" if str in arms else "bool" if bool in arms else "float" if float in arms else "int"


def _presets(function: Any) -> dict[str, Any]:
    """What a function puts in the place of an argument that is None, as its code says; docstrings are often wrong.

    The code says it in one of three forms: `v_pos_default(length, 30)`, `v_lowerbound(length, 1, 30)`, where the last
    argument counts, and `int(ddof) if ddof >= 0 else 1`.
    """
    found: dict[str, Any] = {}
    for node in ast.walk(ast.parse(inspect.getsource(function))):
        match node:
            case ast.Call(func=ast.Name("v_drift"), args=[ast.Name(argument)]):
                found.setdefault(argument, 1)
            case ast.Call(func=ast.Name(), args=[ast.Name(argument), *_, ast.Constant(preset)]):
                found.setdefault(argument, preset)
            case ast.Assign(targets=[ast.Name(argument)], value=ast.IfExp(orelse=ast.Constant(preset))):
                found[argument] = preset
            case _:
                pass
    return found


def _source(told: str) -> str:
    """Author and places that the docstring names, on one line."""
    author = re.search(r"\bby ((?:[A-Z][\w.]*,? ?(?:and )?){2,6})", told.partition("Sources:")[0])
    block = re.search(r"^Sources?:\n(.*?)(?:\n\n|\Z)", told, re.M | re.S)
    listed = re.split(r"\n? *\* ", block[1])[1:] if block else []
    places = [re.sub(r"\[(.+?)\]\((.+?)\)", r"\1 (\2)", " ".join(place.split())) for place in listed]
    names = [" ".join(author[1].split()).strip(" ,.")] if author else []
    return "; ".join(dict.fromkeys([*names, *(p for p in places if "internet resources" not in p)][:3]))


# --- outputs ----------------------------------------------------------------------------------------------------------


def _outputs(name: str, note: Mapping[str, Any], entry: Entry) -> tuple[Output, ...]:
    """The outputs with their columns, whose names are found by a call with values that are told apart."""
    given: list[str] = note.get("columns") or _columns(name, entry)
    names: list[str] = note.get("outputs") or ["out"]
    kinds: list[str] = note.get("kinds") or ["number"] * len(names)
    if not len(given) == len(names) == len(kinds):
        raise ValueError(f"{name} gives {len(given)} columns ({', '.join(given)}) for {len(names)} outputs")
    return tuple(Output(*triple) for triple in zip(names, given, kinds, strict=True))


def _columns(name: str, entry: Entry) -> list[str]:
    probes = _probes(entry.params)
    found = library.names(name, _sample(entry.columns), arguments_of(entry, probes))
    words = {str(value): f"{{{param}}}" for param, value in probes.items()}
    return ["_".join(words.get(word, word) for word in column.split("_")) for column in found]


def _sample(columns: tuple[str, ...]) -> dict[str, FloatColumn]:
    """Sample candles by pandas-ta's names for their columns; what is none of them is the close."""
    candles = proofs.sample_candles()
    return {name: getattr(candles, name.rstrip("_"), candles.close) for name in columns}


def _probes(params: Mapping[str, Param]) -> dict[str, Any]:
    """Values in the order of the presets, no two alike."""
    probes: dict[str, Any] = {n: p.preset for n, p in params.items()}
    shares = {n for n, p in params.items() if p.kind == "float" and (p.le or p.lt or 100) <= 1}
    kinds = {
        "int": (_PRIMES, [n for n, p in params.items() if p.kind == "int"]),
        "float": (_PARTS, [n for n, p in params.items() if p.kind == "float" and n not in shares]),
        "share": (_SHARES, list(shares)),
    }
    for values, names in kinds.values():
        free = sorted((n for n in names if params[n].preset), key=lambda n: cast(float, params[n].preset))
        probes.update(zip(free, values, strict=False))
    return probes


if __name__ == "__main__":
    main()
