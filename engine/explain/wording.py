"""Sentences about conditions: numbers for people, distances in percent and in usual moves."""

import math
from collections.abc import Callable

from engine.needs import Compare, Goal

ABOVE = {">": "above", ">=": "at or above", "<": "below", "<=": "at or below"}
SIDES = {1: "long", -1: "short"}
_WAYS = {1: "up", 0: "flat", -1: "down"}
_DIGITS = 5  # of numbers below 10; larger ones have two decimals


def plain(value: float, digits: int = 0) -> str:
    """A number as people write it: 43,123.45, 31.2, 0.012346; `digits` more than usual."""
    if not math.isfinite(value):
        return "unknown" if math.isnan(value) else str(value)
    size = math.floor(math.log10(abs(value))) if value else 0
    if size < -9:
        return f"{value:.{_DIGITS - 1 + digits}g}"
    text = f"{value:,.{(2 if size >= 1 else _DIGITS - 1 - size) + digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def pair(value: float, level: float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to tell them apart."""
    for digits in range(11):
        texts = plain(value, digits), plain(level, digits)
        if texts[0] != texts[1] or value == level:
            return texts
    return f"{value!r}", f"{level!r}"


def compare_words(need: Compare, name: Callable[[str], str]) -> tuple[str, str]:
    """The sentence where a comparison holds, and where it does not."""
    when, is_ = ("", "is") if not need.ago else (f"{_ago(need.ago)}, ", "was")
    if not need.against:
        other = ""
    elif need.against == need.a:
        other = f"its value {_ago(need.against_ago)}, "
    else:
        other = name(need.against) + " "
    a = name(need.a)
    return (
        f"{when}{a} {{value}} {need.relation} {other}{{level}}",
        f"{when}{a} {{value}} {is_} not {ABOVE[need.relation]} {other}{{level}}",
    )


def measure_words(name: str, relation: str) -> tuple[str, str]:
    """The same for a number a node works out."""
    return f"{name} {{value}} {relation} {{level}}", f"{name} {{value}} is not {ABOVE[relation]} {{level}}"


def _ago(bars: int) -> str:
    return "one bar before" if bars == 1 else f"{bars} bars before"


def bare_words(name: str, kind: str, goal: Goal, differs: bool) -> tuple[str, str]:
    """Sentences about an output itself; {value} is put in as a word."""
    if kind == "signal":
        side = SIDES.get(int(goal), "")
        return f"{name} gives a {side} signal", f"{name} gives no {side} signal"
    if kind == "flag":
        return f"{name} is {{value}}", f"{name} is {{value}}"
    wanted = _WAYS[int(goal)] if kind == "direction" else str(goal)
    return f"{name} is {{value}}", f"{name} is {{value}}" + ("" if differs else f", not {wanted}")


def code_word(kind: str, code: int, names: tuple[str, ...]) -> str:
    """The word for a value of a flag, direction or label."""
    if kind == "flag":
        return "true" if code == 1 else "false"
    if kind == "label":
        return names[code].replace("_", " ") if 0 <= code < len(names) else str(code)
    return _WAYS.get(code, str(code))


def needs_words(value: float, level: float, pace: float, clock: str, past: bool) -> str:
    """How far a number is from where it has to be: "needs -3.8 %, 0.6 of its usual move per bar"."""
    away = level - value
    verb = "needed" if past else "needs"
    if away == 0:
        return f"{verb} any move"
    how = f"{100 * away / abs(value):+.2g} %" if value else f"{'+' if away > 0 else '-'}{plain(abs(away))}"
    if not (pace > 0):
        return f"{verb} {_no_exponent(how)}"
    return f"{verb} {_no_exponent(how)}, {moves_words(abs(away) / pace)} per {clock}bar"


def _no_exponent(text: str) -> str:
    number, _, unit = text.partition(" ")
    if "e" not in number:
        return text
    plain_number = f"{float(number):+,.0f}" if abs(float(number)) >= 1 else f"{float(number):+.9f}".rstrip("0")
    return f"{plain_number} {unit}".rstrip()


def moves_words(moves: float) -> str:
    """A multiple of the usual move."""
    text = f"{moves:.2g}" if moves < 10 else f"{moves:,.0f}"
    if text == "1":
        return "its usual move"
    return f"{text} of its usual move" if moves < 1 else f"{text} times its usual move"
