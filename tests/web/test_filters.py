"""What the filters of the templates make of values."""

from typing import Any

import pytest

from server.web import filters

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
AT = 1_795_593_600_000  # 2026-11-25 08:00 UTC


def test_an_instant_is_marked_up_for_people_and_programs() -> None:
    assert filters.instant(AT) == '<time datetime="2026-11-25T08:00:00Z">2026-11-25 08:00 UTC</time>'
    assert filters.instant(0).endswith(">1970-01-01 00:00 UTC</time>")


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (0, "just now"), (44_999, "just now"), (45_000, "1 minute ago"), (119_000, "1 minute ago"),
        (2 * MINUTE, "2 minutes ago"),
        (59 * MINUTE, "59 minutes ago"), (HOUR, "1 hour ago"), (23 * HOUR, "23 hours ago"),
        (DAY, "1 day ago"), (59 * DAY, "59 days ago"), (60 * DAY, "2 months ago"), (719 * DAY, "23 months ago"),
        (730 * DAY, "2 years ago"), (-10_000, "in a moment"), (-5 * MINUTE, "in 5 minutes"),
    ],
)  # fmt: skip
def test_ago_tells_the_distance(past: int, words: str) -> None:
    told = filters.ago(AT - past, AT)
    assert told.endswith(f">{words}</time>")
    assert ' UTC">' in told


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (filters.number(1234567), "1,234,567"),
        (filters.number(1234.5), "1,234.5"),
        (filters.number(0.1 + 0.2), "0.3"),
        (filters.number(-0.0000001), "0"),
        (filters.number(2.0), "2"),
        (filters.number(1.005, 1), "1.0"),
        (filters.money(10_000), "10,000.00"),
        (filters.money(-0.001), "0.00"),
        (filters.money(12.5, signed=True), "+12.50"),
        (filters.money(-12.5, signed=True), "-12.50"),
        (filters.percent(0.12345), "12.35 %"),
        (filters.percent(0.5, 0), "50 %"),
        (filters.percent(0.5, 1, signed=True), "+50.0 %"),
        (filters.percent(-0.00001, signed=True), "0.00 %"),
        (filters.percent(12.0), "1,200.00 %"),
        (filters.size(0), "0 B"),
        (filters.size(1023), "1023 B"),
        (filters.size(1536), "1.5 KiB"),
        (filters.size(5 * 2**30), "5.0 GiB"),
        (filters.size(3 * 2**50), "3072.0 TiB"),
        (filters.seconds(0.0124), "12 ms"),
        (filters.seconds(0.9996), "1.0 s"),
        (filters.seconds(4.26), "4.3 s"),
        (filters.seconds(59.97), "1 min 0 s"),
        (filters.seconds(200), "3 min 20 s"),
        (filters.seconds(7500), "2 h 5 min"),
    ],
)
def test_numbers_read_well(text: str, wanted: str) -> None:
    assert text == wanted


@pytest.mark.parametrize("name", [name for name in filters.FILTERS if name != "sparkline"])
def test_what_is_not_there_is_a_dash(name: str) -> None:
    assert filters.FILTERS[name](None) == filters.NOTHING


def test_a_sparkline_fills_its_box() -> None:
    drawn = filters.sparkline([10, 12, 8, 20])
    assert drawn and drawn.tone == "up"
    points: Any = [tuple(map(float, part.split())) for part in drawn.path.replace("M", "").split("L")]
    assert [x for x, _ in points] == pytest.approx([0, 33.3, 66.7, 100], abs=0.1)
    assert [y for _, y in points] == pytest.approx([22.3, 18.2, 26.5, 1.5], abs=0.1)
    assert drawn.base == 22.3


@pytest.mark.parametrize(("points", "tone"), [([5, 5], ""), ([5, 4], "down"), ([1, 0, 1.5], "up")])
def test_a_sparkline_says_where_it_ended(points: list[float], tone: str) -> None:
    drawn = filters.sparkline(points)
    assert drawn and drawn.tone == tone


@pytest.mark.parametrize("points", [[], [3.0]])
def test_a_single_number_is_no_curve(points: list[float]) -> None:
    assert filters.sparkline(points) is None


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("no such graph", "No such graph."),
        ("Is it running?", "Is it running?"),
        ("ema_fast.length is 0", "ema_fast.length is 0."),
    ],
)
def test_a_message_becomes_a_sentence(message: str, told: str) -> None:
    assert filters.sentence(message) == told


def test_stages_are_told_in_words() -> None:
    assert filters.stage("columns") == "Computing nodes"
    assert filters.stage("another") == "another"


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("curl/8.14.1", "curl/8.14.1"),
    ],
)
def test_a_browser_has_a_name(agent: str, told: str) -> None:
    assert filters.browser(agent) == told
