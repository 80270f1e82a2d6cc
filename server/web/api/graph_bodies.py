"""What the graph API reads and answers."""

from collections.abc import Mapping
from typing import Annotated, Any, cast

import msgspec
from litestar import Request
from litestar.params import Body, Parameter

from engine.diff import Diff
from engine.errors import InputError
from engine.issue import Issue
from engine.validate import DataNeed, Report
from server.errors import Refusal
from server.store.graphs import Draft, Revision, RevisionHead, StoredGraph

Document = Annotated[
    dict[str, Any],
    Body(title="Graph document", description="A graph document as `tradegraph nodes --schema` describes it."),
]
IfMatch = Annotated[
    str | None, Parameter(header="If-Match", description="The number this is based on, in quotes", required=False)
]
LARGEST = 8 * 2**20  # bytes of a document; ten thousand nodes take about 3 MB
Words = Annotated[str, Parameter(max_length=200)]
Message = Annotated[str, Parameter(max_length=2000, description="What changed and why")]
Number = Annotated[int | None, Parameter(ge=1, le=2**31 - 1)]


class PreconditionNeeded(Refusal):
    """The request must name what it is based on."""

    status, code = 428, "precondition_needed"


class GraphList(msgspec.Struct, frozen=True):
    """A part of the list; `next` is the `after` of the next one, None at the end."""

    items: list[StoredGraph]
    next: str | None


class GraphChange(msgspec.Struct, frozen=True):
    """What can be changed of a graph without a new revision; what is None stays."""

    tags: list[str] | None = None
    archived: bool | None = None


class GraphView(msgspec.Struct, frozen=True):
    """A graph with a revision and its document."""

    graph: StoredGraph
    revision: RevisionHead
    document: dict[str, Any]


class RevisionView(msgspec.Struct, frozen=True):
    """A revision with its document."""

    revision: RevisionHead
    document: dict[str, Any]


class DraftView(msgspec.Struct, frozen=True):
    """A draft: the revision it was begun on, how often it was saved, and the document as far as it is."""

    base: int
    version: int
    updated_at: int
    document: dict[str, Any]


class ChangeView(msgspec.Struct, frozen=True):
    """A change: what happened where, in a sentence and as values."""

    action: str
    place: list[str]
    sentence: str
    before: Any
    after: Any


class DiffView(msgspec.Struct, frozen=True):
    """The changes between two revisions; `moves` only lie elsewhere on the canvas."""

    before: int
    after: int
    verdict: str
    same_logic: bool
    moves: int
    changes: list[ChangeView]


class ReportView(msgspec.Struct, frozen=True):
    """The validator's answer: every problem with its place and fixes, and what was learned about the graph."""

    ok: bool
    logic_hash: str
    errors: int
    warnings: int
    issues: list[dict[str, Any]]
    order: list[str]
    clocks: dict[str, str | None]
    warmup_bars: dict[str, int]
    data_needed: list[DataNeed]
    orders_from: list[str]
    unreachable: list[str]


def head_of(revision: Revision) -> RevisionHead:
    """A revision without its document."""
    return RevisionHead(**{name: getattr(revision, name) for name in RevisionHead.__struct_fields__})


def as_is(document: str) -> dict[str, Any]:
    """A stored document for an answer, byte for byte; typed as what a client reads."""
    return cast(dict[str, Any], msgspec.Raw(document.encode()))


def draft_view(draft: Draft) -> DraftView:
    """A draft as it is answered."""
    return DraftView(draft.base, draft.version, draft.updated_at, as_is(draft.document))


def diff_view(before: int, after: int, found: Diff) -> DiffView:
    """A diff as it is answered."""
    changes = [ChangeView(c.action, list(c.place), c.sentence, c.before, c.after) for c in found.changes]
    return DiffView(before, after, found.verdict, found.same_logic, found.moves, changes)


def report_view(report: Report) -> ReportView:
    """A report as it is answered."""
    derived = report.derived
    return ReportView(
        report.ok,
        report.logic_hash,
        report.summary.errors,
        report.summary.warnings,
        [_issue(issue) for issue in report.issues],
        list(derived.order),
        derived.clocks,
        derived.warmup_bars,
        list(derived.data_needed),
        list(derived.orders_from),
        list(derived.unreachable),
    )


def _issue(issue: Issue) -> dict[str, Any]:
    return cast(dict[str, Any], msgspec.to_builtins(issue))


async def text_of(request: Request[Any, Any, Any]) -> str:
    """The body as it came.  Raises InputError if it is not UTF-8."""
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"The body is not UTF-8 ({error.reason} at byte {error.start}).") from None


def number_of(if_match: str | None, what: str) -> int:
    """The number in an `If-Match` header.  Raises PreconditionNeeded without one, InputError for what is no number."""
    if if_match is None:
        raise PreconditionNeeded(f"Say which {what} this is based on: send its number as the header If-Match.")
    text = if_match.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError(f'If-Match: {if_match} is not the number of a {what}; send for example If-Match: "3".')
    return int(text)


def tagged(number: int) -> Mapping[str, str]:
    """The header that names a number to be sent back as `If-Match`."""
    return {"ETag": f'"{number}"'}
