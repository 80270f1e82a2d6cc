"""The page of the catalogue: what is committed is what the command prints, and it says what a trader needs."""

import re
from pathlib import Path

import pytest

from engine.registry import discover
from engine.schema import Entry, catalogue
from nodes.ta.table import table
from server.cli.nodes_page import page
from tests.server.conftest import Cli
from tests.server.test_import_budget import HEAVY, imported

PAGE = Path(__file__).parents[2] / "docs/nodes.md"
ENTRIES = catalogue(discover())
BAR = "\\|"  # of a table, where it is none


def section(text: str, heading: str) -> str:
    """The text below a heading, up to the next one."""
    return text.partition(f"\n{heading}\n")[2].partition("\n#")[0]


def test_the_committed_page_is_the_one_the_command_prints(cli: Cli) -> None:
    """Run `tradegraph nodes --markdown > docs/nodes.md` after a change of a node."""
    assert PAGE.read_text(encoding="utf-8") == cli("nodes", "--markdown").out


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.type)
def test_every_node_is_told_in_full(entry: Entry) -> None:
    """Its sentence, ports, parameters with titles, warm-up, and what its documentation says of in, out and source."""
    text = section(page([entry], table()), f"### {entry.type}")
    assert " ".join(entry.doc.partition("\n\n")[0].split()) in text
    for port in (*entry.inputs, *entry.outputs):
        assert f"`{port.name}` {port.kind}" in text
    for name, schema in entry.params["properties"].items():
        assert f"| `{name}` | {schema['title'].replace('|', BAR)} |" in text
    assert "Warm-up: " in text
    assert text.count("\n- Source: ") == entry.doc.count("\nSource: ")


def test_there_are_enough_nodes() -> None:
    assert len(ENTRIES) >= 150
    assert f"{len(ENTRIES)} node types" in page(ENTRIES, table())


def test_every_refusal_is_told_with_its_proof() -> None:
    text = page(ENTRIES, table()).partition("## What is not here")[2]
    for refusal in table().refused:
        row = next(
            line for line in text.splitlines() if line.startswith(f"| `{refusal.function}` | {refusal.reason} |")
        )
        assert f"at bar {refusal.bar}" in row
        if refusal.found is not None:
            assert f"{refusal.found:.10g}" in row


def test_ranges_and_choices_are_told() -> None:
    text = page(ENTRIES, table())
    assert "| `length` | Length | bars | ≥ 1, ≤ 5000 | `20` |" in section(text, "### indicator.ema")
    assert re.search(r"\| `mamode` \| Kind of average \|  \| `sma` `ema` `rma` `wma` \|", section(text, "### ta.apo"))


def test_the_page_is_that_of_all_nodes(cli: Cli) -> None:
    done = cli("nodes", "indicator.ema", "--markdown")
    assert done.code == 2
    assert "leave TYPE out" in done.err


@pytest.mark.parametrize("arguments", [["nodes"], ["nodes", "ta.aberration"], ["nodes", "--markdown"]])
def test_the_catalogue_imports_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    """The nodes of pandas-ta are told from the table; the library costs seconds and is loaded when one computes."""
    assert not HEAVY & imported(tmp_path, *arguments)
