"""The row pass: queries and decisions bar by bar, written once for every mode.

`Session.bar` is a generator without I/O: it yields what it wants (a question or an intent) and is sent the answers.  A
driver of a few lines answers from recordings and a simulated exchange (back-test) or from the world (dry run, live).
"""

from collections.abc import Callable, Generator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.columns import ColumnPass
from engine.errors import NodeError
from engine.issue import Issue
from engine.node import Account, Intent
from engine.plan import Plan, Step
from engine.rows import row_value
from engine.signature import signature_of
from engine.values import Signal


class Asked(msgspec.Struct, frozen=True):
    """A question of a query node; the driver sends back the reply."""

    node: str
    ask: Any


class Wanted(msgspec.Struct, frozen=True):
    """An intent of a decision node; the driver sends back nothing."""

    node: str
    intent: Intent


Effect = Asked | Wanted


class Session:
    """Queries and decisions of one symbol with their states.

    Account and fills enter a decision in the next row, so the graph stays acyclic.
    """

    def __init__(self, plan: Plan, one: ColumnPass) -> None:
        self.plan, self.one = plan, one
        self.states: dict[str, Any] = {s.id: s.state for s in plan.rows}
        self._failures: dict[str, tuple[Issue, int]] = {}
        self._left_out = False
        self._decides_on_signals = all(getattr(s.node, "lowers", False) for s in plan.rows)
        self._acts = _acting_rows(plan, one)

    def concerns(self, row: int) -> bool:
        """Whether anything can be decided at a row; where all decisions go by signals, only at signals."""
        if self._acts is not None:
            return bool(self._acts[row])
        if not self._decides_on_signals:
            return True
        signals = (self.one.values[slot] for step in self.plan.rows for _, slot in step.args)
        return any(isinstance(v, Signal) and abs(int(v.direction[row])) == 1 for v in signals)

    def bar(self, row: int, account: Account) -> Generator[Effect, Any, None]:
        """Run one closed bar: yields questions and intents, is sent replies."""
        answers: dict[int, Any] = {}
        for step in () if self._left_out else self.plan.rows:
            arguments = {
                name: answers[slot] if slot in answers else row_value(self.one.values[slot], row)
                for name, slot in step.args
            }
            if any(value is None for value in arguments.values()):
                continue  # an invalid rule: nothing is decided on it
            try:
                if step.asks:
                    ask = step.node.ask(**arguments)
                    if ask is not None:
                        answers[step.slots[0]] = step.node.read((yield Asked(step.id, ask)))
                    continue
                intents = self._decide(step, arguments, account)
            except Exception as error:  # a node is foreign code: whatever it raises becomes an issue of that node
                self._failed(step, row, error)
                continue
            for intent in intents:
                yield Wanted(step.id, intent)

    def _decide(self, step: Step, arguments: dict[str, Any], account: Account) -> tuple[Intent, ...]:
        name = signature_of(type(step.node)).account
        if name is not None:
            arguments[name] = account
        self.states[step.id], intents = step.node.step(self.states[step.id], **arguments)
        return intents

    def _failed(self, step: Step, row: int, error: Exception) -> None:
        what = f"{type(error).__name__}: {error}"
        time = int(self.one.supply.clock(step.clock).close_time[row])
        if step.on_error == "pause":
            raise NodeError(step.id, f"failed ({what}); its policy is to pause, so the run stops", time) from error
        self._left_out = self._left_out or step.on_error == "skip"
        known = self._failures.get(step.id)
        if known is not None:
            self._failures[step.id] = (known[0], known[1] + 1)
            return
        message = f"node {step.id!r} failed at {time} ({what}); it decided nothing there"
        issue = Issue(
            code="node_failed", severity="error", phase="runtime", message=message, node=step.id, bar_time=time,
            received=what,
        )  # fmt: skip
        self._failures[step.id] = (issue, 0)

    @property
    def issues(self) -> list[Issue]:
        """The first failure of each node, with the number of later bars it failed at."""
        return [
            msgspec.structs.replace(i, message=f"{i.message}, nor at {n} later bars") if n else i
            for i, n in self._failures.values()
        ]


def _acting_rows(plan: Plan, one: ColumnPass) -> NDArray[np.bool_] | None:
    """Where a decision may act, if all of them say on what they do (`Decision.acts_on`); None if one does not."""
    columns: list[Any] = []
    for step in plan.rows:
        names: tuple[str, ...] = getattr(step.node, "acts_on", ())
        if not names:
            return None
        columns += [one.values[slot] for name, slot in step.args if name in names]
    if any(column is None for column in columns):
        return None  # an answer that is not known before it is asked for
    return np.any([np.abs(column.astype(np.int64)) == 1 for column in columns], axis=0)


def drive(effects: Generator[Effect, Any, None], answer: Callable[[Effect], Any]) -> None:
    """The synchronous driver: answer every effect until the bar is done."""
    reply: Any = None
    try:
        while True:
            reply = answer(effects.send(reply))
    except StopIteration:
        return
