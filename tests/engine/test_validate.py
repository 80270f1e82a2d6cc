"""Each problem alone, with its place and its repairs; then many at once."""

import re
from pathlib import Path

import msgspec
import pytest

from engine.document import decode
from engine.errors import InputError
from engine.issue import Issue
from engine.node import Node
from engine.validate import CODES, PHASES, DataNeed, Report, check, validate
from tests.engine.documents import Doc, document, graph, node, patched, plain, sound
from tests.engine.tiny_nodes import REGISTRY
from tests.engine.validation_cases import (
    CASES,
    H1,
    KEY,
    Case,
    both,
    drop,
    loop_of,
    params,
    spec,
    two_clocks,
    unwire,
    wire,
)

ISSUES_PAGE = Path(__file__).parents[2] / "docs" / "issues.md"
ids = [case.name for case in CASES]


def report_of(doc: Doc, **options) -> Report:
    return validate(graph(doc), REGISTRY, **options)


def errors_and(report: Report, also: str) -> list[str]:
    """Codes found; `unreachable_node` warnings that only follow from cut wires are left out unless asked for."""
    return [i.code for i in report.issues if i.code != "unreachable_node" or also == i.code]


def test_a_sound_graph_has_no_issues():
    report = report_of(sound())
    assert report.issues == () and report.ok
    assert report.summary.errors == report.summary.warnings == 0


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_case(case: Case):
    report = report_of(case.doc(), **case.options)
    wanted = "unreachable_node" if "unreachable_node" in case.codes else ""
    assert sorted(errors_and(report, wanted)) == sorted(case.codes)
    issue = next(i for i in report.issues if i.code == case.codes[0])
    assert (issue.node, issue.port, issue.param, issue.path) == (case.node, case.port, case.param, case.path)
    assert issue.severity == case.severity and issue.phase == CODES[issue.code].phase
    assert report.ok == all(i.severity == "warning" for i in report.issues)
    assert tuple(f.id for f in issue.fixes) == case.fixes
    assert case.says in issue.message
    assert case.blocks is None or issue.blocks == case.blocks
    assert re.fullmatch(r"[A-Z].*\.", issue.message, re.DOTALL) and KEY not in issue.message


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_every_fix_removes_its_issue(case: Case):
    doc = plain(graph(case.doc()))
    before = report_of(doc, **case.options).issues
    for issue in before:
        for fix in issue.fixes:
            after = report_of(patched(doc, fix.patch), **case.options).issues
            assert len(alike(after, issue)) < len(alike(before, issue)), fix.label


def alike(issues: tuple[Issue, ...], issue: Issue) -> list[Issue]:
    return [i for i in issues if (i.code, i.node, i.port, i.param) == (issue.code, issue.node, issue.port, issue.param)]


@pytest.mark.parametrize(
    "name",
    ["a loop", "a number where a flag is needed", "a 4h average against 1h closes", "a misspelt type", "too small",
     "sizing by risk without a stop", "a version from two upgrades ago", "capital letters in an id",
     "an id with a dot that is drawn somewhere", "candles where a number is needed", "a misspelt input"],
)  # fmt: skip
def test_first_fix_leaves_a_graph_that_runs(name: str):
    case = next(c for c in CASES if c.name == name)
    doc = plain(graph(case.doc()))
    issue = next(i for i in report_of(doc, **case.options).issues if i.code == case.codes[0])
    after = report_of(patched(doc, issue.fixes[0].patch), **case.options)
    assert after.ok, after.issues


def test_codes_cases_and_page_agree():
    page = ISSUES_PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (error|warning)", page, re.MULTILINE)
    assert rows == [(name, code.phase, code.severity) for name, code in CODES.items()]
    assert {code for case in CASES for code in case.codes} == set(CODES)
    assert {code.phase for code in CODES.values()} <= set(PHASES)


def twelve_faults() -> Doc:
    doc = sound()
    both(
        spec(1, id="Ema"),  # bad_id, and two wires that dangle
        params(0, timeframe="7h", symbol="BTCUSDT", extra=1),  # bad_param, unknown_param
        drop(4, "percent"),  # missing_param
        params(5, percent="1"),  # bad_param_type
        params(6, order="now"),  # param_not_in_list
        wire(3, **{"from": "candles.close"}),  # type_mismatch
        wire(4, **{"from": "candles.cloze"}),  # unknown_port
        lambda d: d["edges"].append({"from": "size.out", "to": "order.size"}),  # duplicate_edge
        lambda d: d["edges"].append({"from": "entry.out", "to": "order.signal"}),  # duplicate_input
        lambda d: d["nodes"].append({"id": "ghost", "type": "zz.qq", "version": 1, "params": {"api_key": "abc"}}),
        unwire(1),  # missing_input
    )(doc)
    return doc


def test_all_faults_are_reported_at_once():
    codes = {i.code for i in report_of(twelve_faults()).issues}
    assert codes >= {
        "bad_id", "dangling_edge", "bad_param", "unknown_param", "missing_param", "bad_param_type", "param_not_in_list",
        "type_mismatch", "unknown_port", "duplicate_edge", "duplicate_input", "unknown_node_type", "secret_in_params",
        "missing_input",
    }  # fmt: skip


def test_every_bad_param_of_a_node_is_reported():
    doc = sound()
    params(1, length=0, weight="x", basis=3, more=1)(doc)
    found = [(i.param, i.code) for i in report_of(doc).issues]
    assert found == [
        ("length", "param_out_of_range"),
        ("weight", "bad_param_type"),
        ("basis", "bad_param_type"),
        ("more", "unknown_param"),
    ]


def test_issues_stand_in_document_order():
    issues = report_of(twelve_faults()).issues
    places = [(2, i.edge) if i.edge is not None else (1, _number(i)) for i in issues]
    assert places == sorted(places)
    assert report_of(twelve_faults()).issues == issues


def _number(issue: Issue) -> int:
    return int((issue.path or "/nodes/-1").split("/")[2])


def test_a_whole_number_is_fine_for_a_number():
    doc = sound()
    params(4, percent=2)(doc)
    assert report_of(doc).ok


def test_order_bindings_and_warm_up():
    derived = report_of(sound()).derived
    assert derived.order == ("candles", "ema", "cross", "entry", "size", "stop", "order")
    assert derived.bindings["cross"] == {"a": "candles.close", "b": "ema.out"}
    assert derived.warmup_bars == {
        "candles": 1,
        "ema": 20,
        "cross": 21,
        "entry": 21,
        "size": 1,
        "stop": 21,
        "order": 21,
    }
    assert derived.clocks["order"] == "" and derived.clocks["size"] is None
    assert derived.port_clocks["ema.out"] == "" and derived.port_clocks["size.out"] is None
    assert derived.data_needed == (DataNeed("", "", 21),)
    assert derived.orders_from == ("order",) and derived.unreachable == ()


def test_warm_up_on_two_clocks():
    doc = sound()
    two_clocks(doc)
    report = report_of(doc, timeframe="1h")
    fixed = patched(doc, report.issues[0].fixes[0].patch)
    derived = report_of(fixed, timeframe="1h").derived
    assert derived.clocks["slow"] == derived.clocks["ema"] == "4h" and derived.clocks["align"] == "1h"
    assert derived.warmup_bars["ema"] == 20 and derived.warmup_bars["align"] == 83  # 80, and 3 of an unfinished bar
    assert derived.data_needed == (DataNeed("", "1h", 2), DataNeed("", "4h", 22))


def test_resampled_candles_need_the_bars_they_are_made_of():
    doc = document(
        [node("candles", "source.candles"), node("day", "time.resample", timeframe="1d"), *sound()["nodes"][1:]],
        ["candles.candles > day.candles", "day.close > ema.source", "day.close > cross.a",
         *(f"{e['from']} > {e['to']}" for e in sound()["edges"][2:4]), "day.close > entry.price",
         *(f"{e['from']} > {e['to']}" for e in sound()["edges"][5:])],
    )  # fmt: skip
    report = report_of(doc, timeframe="1h")
    assert report.ok and report.derived.clocks["order"] == "1d"
    assert report.derived.data_needed == (DataNeed("", "1h", 20 * 24 + 1),)


def test_the_runs_timeframe_may_be_the_one_a_node_names():
    doc = sound()
    two_clocks(doc)
    assert report_of(doc, timeframe="4h").ok


def test_a_loop_with_a_delay_is_legal():
    doc = sound()
    loop_of("memory.counter", "memory.delay")(doc)
    report = report_of(doc)
    assert report.ok and report.derived.feedback == ("l2.a",)
    order = report.derived.order
    assert order.index("l2") < order.index("l0") < order.index("l1")
    assert report.derived.clocks["l2"] == ""


def test_clocks_are_compared_across_the_delay_of_a_loop():
    doc = sound()
    loop_of("memory.counter", "memory.delay")(doc)
    doc["nodes"].append(node("slow", "source.candles", timeframe="4h"))
    doc["edges"].append({"from": "slow.close", "to": "l3.b"})
    doc["nodes"].append(node("l3", "math.add"))
    doc["edges"][[e["to"] for e in doc["edges"]].index("l2.a")]["to"] = "l3.a"
    doc["edges"].append({"from": "l3.out", "to": "l2.a"})
    assert [i.code for i in report_of(doc, timeframe="1h").issues] == ["time_mismatch"]


def test_muting_takes_out_what_needs_it_and_nothing_else():
    doc = sound()
    doc["nodes"] += [node("leave", "compare.above_level", level=1.0), node("exit", "exit.flag")]
    doc["nodes"][7]["mode"] = "mute"
    doc["edges"] += [
        {"from": "ema.out", "to": "leave.a"},
        {"from": "leave.out", "to": "exit.exit_long"},
        {"from": "exit.out", "to": "order.exits"},
    ]
    report = report_of(doc)
    assert report.ok
    assert "leave" not in report.derived.order and "exit_long" not in report.derived.bindings["exit"]
    doc["nodes"].append(node("x", "indicator.ema") | {"mode": "mute"})  # half-built: its missing wire does not matter
    assert report_of(doc).issues == ()


def test_bypass_passes_the_first_input_of_the_kind_on():
    doc = sound()
    doc["nodes"][1]["mode"] = "bypass"
    report = report_of(doc)
    assert report.ok
    assert report.derived.bindings["cross"] == {"a": "candles.close", "b": "candles.close"}
    assert "ema" not in report.derived.order


def test_check_hands_out_the_nodes():
    checked = check(graph(sound()), REGISTRY)
    assert set(checked.nodes) == set(checked.report.derived.order)
    ema = checked.nodes["ema"]
    assert isinstance(ema, Node) and ema.lookback() == 20


def test_unknown_modes_and_timeframes_are_input_errors():
    with pytest.raises(InputError, match="mode 'papr'"):
        report_of(sound(), mode="papr")
    with pytest.raises(InputError, match="timeframe '7h'"):
        report_of(sound(), timeframe="7h")


def test_live_nodes_are_fine_live():
    case = next(c for c in CASES if c.codes == ("mode_not_supported",))
    assert report_of(case.doc(), mode="live").ok


def test_candles_can_be_made_from_shorter_ones():
    case = next(c for c in CASES if c.name == "too few candles to make longer ones of")
    supply = [msgspec.structs.replace(s, bars=84) for s in case.options["supply"]]
    assert report_of(sound(), **(H1 | {"supply": supply})).ok


def test_a_report_is_json():
    report = report_of(twelve_faults())
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report


def test_a_report_never_repeats_a_secret():
    doc = sound()
    drop(1, "length")(doc)
    params(1, lengt=KEY, weight=[KEY], basis=KEY)(doc)
    params(4, percent={"api_key": "hunter2", "at": ["/home/me/key.txt"]})(doc)
    report = report_of(doc)
    assert sum(i.code == "secret_in_params" for i in report.issues) == 4
    assert not re.search(f"{KEY}|/home", msgspec.json.encode(report).decode())


def test_nonsense_is_an_input_error():
    for text in (b"", b"[]", b"{}", b"[" * 100_000, b"\xff\xfe", b'{"schema_version": 2}'):
        with pytest.raises(InputError, match=r"^graph: not "):
            decode(text)


def test_harmless_texts_are_no_secrets():
    doc = sound()
    texts = ("BTCUSDT", "a / b", "Answer with long, short or nothing. Use 1h/4h charts.", "https://example.org/a/b",
             "ema_pullback_long_20_50_200_with_filter", "2024-01-01T00:00:00Z")  # fmt: skip
    for number, text in enumerate(texts):
        doc["nodes"].append(node(f"t{number}", "text.prompt", text=text))
        doc["edges"].append({"from": "ema.out", "to": f"t{number}.a"})
    assert report_of(doc).ok
