"""The documents say what is so: commands exist, links lead somewhere, every node explains itself."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InputError
from engine.registry import discover
from engine.schema import catalogue
from engine.validate import CODES
from server.cli.arguments import parse

ROOT = Path(__file__).parents[1]
PAGES = sorted(p for p in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if p.is_file())
FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<body>.*?)^```", re.M | re.S)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")
EXAMPLES = {"nodes/indicator/typical.py"}  # files a reader is told to write
MAKE = re.compile(r"^([a-z]+):", re.M)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_pages_are_there() -> None:
    names = {named(p) for p in PAGES}
    assert {"README.md", "CHANGELOG.md"} <= names
    assert (ROOT / "LICENSE").is_file()


def commands_of(page: Path) -> list[str]:
    """Every `tradegraph …` and `make …` of a page, in fenced blocks and between back-ticks."""
    text = page.read_text()
    lines = [line for block in FENCE.finditer(text) if block["kind"] in ("", "sh", "bash", "console")
             for line in block["body"].replace("\\\n", " ").splitlines()]  # fmt: skip
    lines += re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    out: list[str] = []
    for line in lines:
        line = line.strip().removeprefix("$ ").partition("  #")[0].partition(" | ")[0].strip()
        line = line.removeprefix(".venv/bin/")
        if line.startswith(("tradegraph ", "make ")):
            out.append(line)
    return out


def option_words(command: str) -> list[str]:
    """The words of a command with what stands for something made concrete, and optional parts taken as given."""
    text = re.sub(r"[\[\]]", " ", command.replace("…", " ").replace("...", " "))
    return [word.split("|")[0] for word in shlex.split(text)[1:]]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_exist(page: Path) -> None:
    targets = set(MAKE.findall((ROOT / "Makefile").read_text()))
    for command in commands_of(page):
        if command.startswith("make "):
            words = [w for w in shlex.split(command)[1:] if "=" not in w and not w.startswith("-")]
            assert set(words) <= targets, f"{named(page)}: {command}"
        else:
            assert _parses(option_words(command)), f"{named(page)}: {command}"


def _parses(words: list[str]) -> bool:
    """Whether the parser takes the command, or would if what a reader has to add stood there."""
    if words[0] == "COMMAND":  # any of them
        words = ["backtest", *words[1:]]
    try:
        parse(words)
    except InputError as error:
        return "are required" in str(error) or "expected" in str(error)
    except SystemExit as stop:  # --help
        return stop.code == 0
    return True


def test_the_checks_of_this_file_can_fail() -> None:
    assert not _parses(["trade", "ema_cross"])
    assert not _parses(["validate", "ema_cross", "--fast"])
    assert _parses(["backtest", "ema_cross"])
    assert LINK.findall("see [x](docs/a.md#b)") == ["docs/a.md#b"]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code forges make them."""
    heads = re.findall(r"^#+ +(.+?)\s*$", FENCE.sub("", page.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        assert file.exists(), f"{named(page)}: {target}"
        assert file.is_relative_to(ROOT), f"{named(page)}: {target} leads out of the project"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{named(page)}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_named_files_exist(page: Path) -> None:
    """A path between back-ticks that begins with a room is a file or folder of this project."""
    for path in re.findall(
        r"`((?:engine|nodes|server|graphs|tests|docs|templates|benchmarks)/[\w./-]+)`", page.read_text()
    ):
        assert path in EXAMPLES or (ROOT / path).exists(), f"{named(page)}: {path}"


def test_documents_named_in_the_code_exist() -> None:
    for room in ("engine", "nodes", "server"):
        for file in (ROOT / room).rglob("*.py"):
            for path in re.findall(r"\bdocs/[\w-]+\.md", file.read_text()):
                assert (ROOT / path).is_file(), f"{named(file)}: {path}"


def test_every_node_explains_itself() -> None:
    entries = catalogue(discover())
    assert len(entries) >= 60
    for entry in entries:
        first, *rest = entry.doc.strip().splitlines()
        assert first.strip().endswith("."), entry.type
        assert any(line.strip().startswith("Out:") for line in rest), f"{entry.type} does not say what comes out"
        assert not entry.inputs or "In:" in entry.doc, f"{entry.type} does not say what goes in"
        for name, schema in entry.params["properties"].items():
            assert _title(schema), f"{entry.type}.{name} has no title"


def _title(schema: dict[str, Any]) -> str:
    return schema.get("title") or next((s["title"] for s in schema.get("anyOf", ()) if "title" in s), "")


def test_every_issue_code_is_explained() -> None:
    page = ROOT / "docs/issues.md"
    if not page.is_file():
        pytest.skip("docs/issues.md is not written yet")
    text = page.read_text()
    assert [code for code in CODES if f"`{code}`" not in text] == []


def test_changelog_knows_this_version() -> None:
    version = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert version
    text = (ROOT / "CHANGELOG.md").read_text()
    assert version[1] in text or "unreleased" in text.lower()
