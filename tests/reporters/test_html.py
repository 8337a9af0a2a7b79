"""The HTML reporter: what the page holds, and what no text can do to it."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from support.hostile import ATTACKS, HOSTILE, poisoned

from contract.model.check import Finding, Scope
from contract.model.exchange import Arrival, Exchange
from contract.model.wire import Request
from contract.reporters.html import html
from contract.reporters.page.rendering import LADDER, MOST_BYTES
from contract.run.report import Outcome, Report

PAYLOADS = (
    *ATTACKS,
    "</script><script>alert(1)</script>",
    '"><img src=x onerror="alert(1)">',
    "' onmouseover='alert(1)",
    "</pre></details></style><style>body{display:none}</style>",
    "{{ 7 * 7 }}{% for x in y %}",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "url(https://evil.example/a.png)",
    "-->",
    "##",  # with a bracket in the value after it
)


class Elements(HTMLParser):
    """The elements of a page, in order, with their attributes."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.texts = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, tuple(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def values(self, *names):
        return [v for _, attrs in self.found for n, v in attrs if n in names]


@pytest.fixture
def poison(timed):
    """`poison(text)`: a report in which whatever a server or a user wrote is *text*."""

    def poison(text):
        raw = text.encode(errors="replace")

        def result(one):
            exchanges = tuple(
                replace(
                    exchange,
                    headers=(("content-type", "text/event-stream"), (text, text)),
                    request=Request("POST", f"/v1/{text}", ((text, text),), raw),
                    arrivals=(
                        *exchange.arrivals,
                        Arrival(0.15, raw.replace(b"\n", b"")),
                    ),
                    note=text,
                )
                for exchange in one.exchanges
            )
            # The command comes from shlex.join, whatever the target is called.
            kept = frozenset({"again", "check", "exchanges", "figures", "tally"})
            kept |= {"outcome"}
            return replace(poisoned(one, text, kept), exchanges=exchanges)

        headers = tuple(
            replace(poisoned(header, text), notes=(text,)) for header in timed.headers
        )
        return Report(headers=headers, results=tuple(map(result, timed.results)))

    return poison


@pytest.mark.parametrize("text", PAYLOADS)
def test_no_text_adds_an_element_or_an_attribute(poison, text):
    assert Elements(html.render(poison(text))).found == (
        Elements(html.render(poison("x"))).found
    )


def test_the_hostile_texts_can_be_read_in_the_page(poison):
    shown = " ".join(Elements(html.render(poison("<b>\x1b[1m\u202eabc&amp;"))).texts)

    assert "<b>\\x1b[1m\\u202eabc&amp;" in shown


def test_the_page_loads_and_runs_nothing(poison):
    page = html.render(poison(HOSTILE))
    parsed = Elements(page)
    (style,) = re.findall("<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert {tag for tag, _ in parsed.found}.isdisjoint(
        {"script", "img", "link", "iframe", "object", "embed", "base", "form"}
    )
    assert parsed.values("src", "style", "srcset", "action") == []
    assert [n for _, a in parsed.found for n, _ in a if n.startswith("on")] == []
    assert all(re.match("#|https://", value) for value in parsed.values("href"))
    assert "url(" not in style
    assert "@import" not in style
    assert (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    ) in parsed.values("content")


def test_the_text_is_golden(report, golden):
    shown = re.sub("<style>.*?</style>", "", html.render(report), flags=re.DOTALL)
    shown = re.sub("sha256-[^']*", "sha256-", shown)

    assert golden("report.html", shown) == shown


def test_the_verdict_comes_first_then_causes_then_families(timed):
    page = html.render(timed)
    places = [
        page.index(part)
        for part in (
            "<h1>FAILED with 1 warning</h1>",
            "What broke, causes first",
            "For users",
            "What to do",
            "Checks by target",
            "Family by family",
            "Expected",
        )
    ]

    assert places == sorted(places)


def test_each_link_within_the_page_leads_to_an_element(timed):
    parsed = Elements(html.render(timed))
    targets = {value[1:] for value in parsed.values("href") if value[0] == "#"}
    ids = parsed.values("id")

    assert targets
    assert targets <= set(ids)
    assert len(ids) == len(set(ids))


def test_a_failure_has_its_exchange_as_a_command_and_a_response(timed):
    page = html.render(timed)

    assert "curl -sS -X POST http://127.0.0.1:41234/v1/chat/completions" in page
    assert "status 200, complete after 0.200 s" in page
    assert '<span data-at="+0.052 s">data: {' in page


def test_an_invariant_shows_the_reply_that_broke_it(timed):
    names = {"sum": timed.results[-1]}
    failed = next(r for r in timed.results if r.outcome is Outcome.FAIL)
    (exchange,) = failed.exchanges
    other = replace(
        exchange, probe=replace(exchange.probe, name="other"), note="the guilty one"
    )
    check = replace(failed.check, every=Scope.STREAMS)
    broken = replace(failed, check=check, findings=(Finding("m", at="request other"),))
    passed = replace(
        failed, check=replace(check, id="a.b"), outcome=Outcome.PASS, exchanges=(other,)
    )
    page = html.render(replace(timed, results=(passed, broken)))

    assert names
    assert "the guilty one" in page
    assert "Request <code>sum</code>" not in page


def test_a_megabyte_of_text_is_bounded_and_says_by_how_much(poison):
    page = html.render(poison("é" * 1_000_000))

    assert len(page.encode()) < MOST_BYTES
    assert re.search(r"é … 99\d,\d{3} more characters", page)
    assert "bytes left out</i>" in page


@pytest.mark.long
def test_a_full_run_that_fails_everywhere_stays_below_its_bound(timed):
    failed = next(r for r in timed.results if r.outcome is Outcome.FAIL)
    (template,) = failed.exchanges

    def exchange(number):
        body = b'data: {"text": "%d <&>"}\n\n' % number * 5_000
        return Exchange(
            probe=replace(template.probe, name=f"p{number}"),
            profile=template.profile,
            request=replace(template.request, body=b"<&>" * 2_000),
            status=200,
            headers=(("x", "<&>" * 1_000),),
            arrivals=(Arrival(0.1, body),),
        )

    results = tuple(
        replace(
            failed,
            check=replace(failed.check, id=f"family{number % 20}.check{number}"),
            findings=failed.findings * 10,
            exchanges=(exchange(number),),
        )
        for number in range(450)
    )
    page = html.render(replace(timed, results=results))

    assert len(page.encode()) < MOST_BYTES
    assert "To keep this page below 1 MB" in page
    assert all(f"family{number % 20}.check{number}<" in page for number in range(450))
    assert "To keep this page" not in html.render(timed)
    assert LADDER[0].exchanges > 1


def test_a_report_without_targets_is_a_page():
    assert "<h1>NOTHING CHECKED</h1>" in html.render(Report(headers=(), results=()))


def test_one_target_has_no_matrix(passed, report):
    assert "Checks by target" not in html.render(passed)
    assert 'class="matrix"' in html.render(report)


def test_a_long_command_is_whole(timed):
    failed = next(r for r in timed.results if r.outcome is Outcome.FAIL)
    results = tuple(
        replace(
            failed,
            check=replace(failed.check, id=f"a.check-with-a-long-name-{number}"),
            findings=(Finding("m"),),
            again=f"magistral-contract verify m --select a.check-with-{number}",
        )
        for number in range(200)
    )
    page = html.render(replace(timed, results=results))

    whole = " ".join(f"--select a.check-with-{number}" for number in range(200))
    assert f'<pre class="copy">magistral-contract verify m {whole}</pre>' in page
    assert "180 more causes" in page
