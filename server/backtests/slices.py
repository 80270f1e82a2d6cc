"""Why a trade was made, as the pages of a stored back-test tell it: the slice of a report, with ids of nodes."""

from typing import Any

from engine.explain import Decided, Explanation, SideAnswer
from server.report.explanations import slice_words


def slice_of(decided: Decided) -> dict[str, Any]:
    """`because` are [group, sentence, node], `nodes` the flat ids of all nodes that took part."""
    return {
        **slice_words(decided),
        "because": [[c.group, c.sentence, c.node] for c in decided.conditions],
        "nodes": [node.node for node in decided.nodes],
        "side": decided.side,
    }


def why(told: Explanation) -> dict[str, Any]:
    """Why a bar was, or was not, an entry; trades count from 1."""
    return {
        "outcome": told.outcome,
        "sentence": told.summary,
        "trade": told.trade,
        "time": told.open_time,
        **{side.side: _side(side) for side in told.sides},
    }


def _side(side: SideAnswer) -> dict[str, Any]:
    return {
        "met": side.met,
        "conditions": [
            {"node": c.node, "sentence": c.sentence, "met": c.met, "group": c.group} for c in side.conditions
        ],
    }
