"""The frame of every page: navigation by role, what the security policy allows, macros that escape."""

import re

import pytest

from server.people import User
from server.web.assets import assets
from server.web.rendering import environment
from tests.web.conftest import Browser

MACROS = "{% from 'macros.html' import empty, figure, notice, pager, progress, spark, tag, term %}"
SCRIPT = "<script>alert('x')</script>"


def rendered(body: str, **context: object) -> str:
    """A page with a body of its own."""
    source = '{% extends "layout.html" %}' + MACROS + "{% block main %}" + body + "{% endblock %}"
    known = {"user": None, "csrf_token": "token", "path": "/", "section": "", "live_after": 7, **context}
    return environment(assets()).from_string(source).render(**known)


def person(**more: object) -> User:
    return User(**{"id": "1", "name": "Ada", "role": "user", **more})  # type: ignore[arg-type]


def links(page: str) -> list[str]:
    return re.findall(r'<a [^>]*href="(/[^"]*)"', page)


def test_a_guest_sees_no_sections_and_hears_nothing_live() -> None:
    page = rendered("")
    assert "/graphs" not in links(page) and "js/live.js" not in page and 'action="/sign-out"' not in page


def test_a_user_gets_the_sections_and_an_admin_the_rooms_behind() -> None:
    seen = links(rendered("", user=person()))
    assert {"/", "/graphs", "/backtests", "/candles", "/account"} <= set(seen)
    behind = {"/logs", "/users", "/settings", "/audit"}
    assert not behind & set(seen)
    assert behind <= set(links(rendered("", user=person(role="admin"))))


def test_the_section_is_marked_and_its_first_page_more_so() -> None:
    assert 'href="/graphs" aria-current="page"' in rendered("", user=person(), section="graphs", path="/graphs")
    assert 'href="/graphs" aria-current="true"' in rendered("", user=person(), section="graphs", path="/graphs/x")


def test_a_one_time_password_is_told_of_until_it_is_changed() -> None:
    user = person(must_change=True)
    assert "one-time password" in rendered("", user=user)
    assert "one-time password" not in rendered("", user=user, section="account")
    assert "one-time password" not in rendered("", user=person())


def test_the_token_reaches_scripts_htmx_and_forms() -> None:
    page = rendered("", user=person(), csrf_token="abc")
    assert '<meta name="csrf-token" content="abc">' in page
    assert """hx-headers='{"X-CSRF-Token": "abc"}'""" in page
    assert '<input type="hidden" name="csrf_token" value="abc">' in page
    assert '<meta name="live-after" content="7">' in page


def test_htmx_neither_evaluates_nor_leaves_the_server() -> None:
    page = rendered("")
    for rule in (
        '"allowEval": false',
        '"includeIndicatorStyles": false',
        '"selfRequestsOnly": true',
        '"historyCacheSize": 0',
    ):
        assert rule in page


def test_nothing_in_a_page_needs_a_weaker_policy() -> None:
    page = rendered(
        "{{ figure('A', '1', 'meaning') }}{{ progress(0.5, 'half') }}{{ spark([1, 2, 3]) }}{{ notice('bad', 'no') }}",
        user=person(role="admin", must_change=True),
    )
    assert " style=" not in page and "<style" not in page and not re.search(r"\son\w+=", page)
    for source in re.findall(r"<script([^>]*)>", page):
        assert "src=" in source
    assert not re.findall(r'(?:src|<link[^>]*href)="https?:', page)


@pytest.mark.parametrize(
    "call",
    [
        "figure(x, x, x, twin=x)", "term(x, x)", "empty(x, x, '/a', x)", "progress(0.5, x)", "tag(x)",
        "notice('warn', x)", "pager('/a', '/b', label=x)", "spark([1, 2], x)",
    ],
)  # fmt: skip
def test_macros_escape_what_they_are_given(call: str) -> None:
    page = rendered("{{ " + call + " }}", x=SCRIPT)
    assert SCRIPT not in page and "&lt;script&gt;" in page


def test_a_figure_tells_its_meaning_to_everybody() -> None:
    page = rendered("{{ figure('Sharpe', '1.20', 'Return per risk.', twin='0.80') }}")
    assert 'aria-label="Sharpe: Return per risk."' in page and "stop first: 0.80" in page
    assert "stop first" not in rendered("{{ figure('Sharpe', '1.20', 'Return per risk.') }}")


def test_progress_that_nobody_can_tell_has_no_value() -> None:
    assert 'value="0.25" aria-label="half"' in rendered("{{ progress(0.25, 'half') }}")
    assert '<progress aria-label="half"></progress>' in rendered("{{ progress(none, 'half') }}")


def test_a_list_of_one_page_has_no_pager() -> None:
    assert '<nav class="pager"' not in rendered("{{ pager() }}")
    assert 'href="/older" rel="next"' in rendered("{{ pager(older='/older') }}")


async def test_every_file_the_frame_names_is_served(user: Browser) -> None:
    page = (await user.get("/")).text
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert len(named) > 8
    for address in set(named):
        answer = await user.get(address)
        assert answer.status_code == 200 and answer.content, address
