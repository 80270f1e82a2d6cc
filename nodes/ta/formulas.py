"""Formulas of the table: arithmetic over the params of a node, such as `slow + signal - 1 + ema(slow)`."""

import ast
import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from types import CodeType
from typing import Any

import numpy as np

from nodes.kernels.smoothing import FINE_REST, ema_alpha, settled

_SYNTAX = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.IfExp, ast.Call, ast.Name, ast.Load,
    ast.Constant, ast.Subscript, ast.operator, ast.unaryop, ast.cmpop, ast.boolop,
)  # fmt: skip


def _rest(alpha: float, stages: int = 1) -> int:
    """Rows after which `stages` smoothers have forgotten their seeds, even where the result is a small difference."""
    return settled(alpha, stages=stages, rest=FINE_REST)


def _ema(length: int, stages: int = 1) -> int:
    return _rest(ema_alpha(length), stages)


def _rma(length: int, stages: int = 1) -> int:
    return _rest(1.0 / length, stages)


def _average(mode: str, length: int) -> int:
    """Rows until an average of this kind has forgotten its seed; one over a window has none."""
    return {"ema": _ema, "rma": _rma}.get(mode, lambda _: 0)(length)


def _holt_winters(level: float, slope: float, change: float) -> int:
    """Rows until Holt-Winters smoothing has forgotten its start; 0 if it never does.

    The state (F, V, A) of the recursion in pandas-ta's `hwma` is multiplied by this matrix at each row.
    """
    keep = 1.0 - level
    f = (keep, keep, 0.5 * keep)
    v = (slope * (f[0] - 1.0), 1.0 - slope + slope * f[1], 1.0 - slope + slope * f[2])
    a = (change * v[0], change * (v[1] - 1.0), 1.0 - change + change * v[2])
    size = float(np.abs(np.linalg.eigvals(np.array([f, v, a]))).max())
    return _rest(1.0 - size, stages=3) if size < 1.0 else 0


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs, "int": int, "max": max, "min": min, "str": str, "upper": str.upper,
    "cos": math.cos, "exp": math.exp, "log": math.log, "sin": math.sin,
    "rest": _rest, "ema": _ema, "rma": _rma, "average": _average, "holt_winters": _holt_winters,
}  # fmt: skip


@cache
def _compiled(text: str) -> CodeType:
    tree = ast.parse(" ".join(text.split()), mode="eval")
    for node in ast.walk(tree):
        if not isinstance(node, _SYNTAX) or (isinstance(node, ast.Call) and not isinstance(node.func, ast.Name)):
            raise ValueError(f"the formula {text!r} has {type(node).__name__} in it, which is not arithmetic")
    return compile(tree, f"<{text}>", "eval")


def filled(template: str, params: Mapping[str, Any]) -> str:
    """A template with the formulas in its braces replaced by their values."""
    return re.sub(r"\{(.*?)\}", lambda found: str(value(found[1], params)), template)


def value(text: str, params: Mapping[str, Any]) -> Any:
    """The value of a formula for these params."""
    return eval(_compiled(text), {"__builtins__": {}, "pi": math.pi, **_FUNCTIONS}, dict(params))
