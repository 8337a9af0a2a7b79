"""The forms of a report of a load test."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console
from support.load_report import closed, report_of

from contract.cli.load_page import pictures
from contract.cli.load_reports import REPORTERS, judged, show
from contract.model.profile import Budget
from contract.model.redaction import SECRETS

HOSTILE = "<script>alert(1)</script>\x1b[31m\n::error::pwned"


@pytest.fixture(scope="module")
def one():
    return report_of([closed(budget=Budget(e2e=0.05))])


@pytest.fixture(scope="module")
def sweep():
    return report_of(
        [
            closed(users=users, seconds=seconds, budget=Budget(e2e=0.15), most=6)
            for users, seconds in ((1, 0.1), (2, 0.1), (4, 0.2))
        ]
    )


def printed(found, width=80, **options):
    page = io.StringIO()
    show(found, Console(file=page, width=width, color_system=None), **options)
    return page.getvalue()


def test_the_console_shows_figures_and_verdict(one):
    text = printed(one)
    table = text[text.index("metric") :].split("\n\n")[0]

    assert all(len(line) <= 80 for line in table.splitlines())
    for word in ("ttft", "e2e", "goodput", "closed model", "p99", "PASSED"):
        assert word in text
    assert "WARN   load.e2e" in text
    assert "the 95th percentile is over budget" in text


def test_quiet_shows_the_verdict_only(one):
    assert printed(one, quiet=True).count("\n") == 1


def test_the_console_shows_a_sweep_with_its_knee(sweep):
    text = printed(sweep)
    table = text.split("\n\n")[0]

    assert all(len(line) <= 80 for line in table.splitlines()[:4])
    assert "knee: " in text
    assert "good: 2 users is the highest load" in text


@pytest.mark.parametrize("kind", ["csv", "json", "markdown"])
def test_every_kind_of_report_is_written(one, sweep, kind):
    for found in (one, sweep):
        assert REPORTERS[kind].render(found).endswith("\n")


def test_the_csv_has_a_line_for_each_metric(one):
    lines = list(csv.DictReader(io.StringIO(REPORTERS["csv"].render(one))))
    by_name = {line["metric"]: line for line in lines}

    assert float(by_name["e2e"]["p95"]) == pytest.approx(0.1, rel=0.002)
    assert by_name["e2e"]["n"] == "20"
    assert float(by_name["goodput"]["p50"]) == 0
    assert all(None not in line and len(line) == 9 for line in lines)


def test_the_json_is_ascii(sweep):
    text = REPORTERS["json"].render(sweep)

    assert text.isascii()
    assert json.loads(text)["knee"] is not None


def test_the_page_has_pictures_and_no_script(one, sweep):
    for found in (one, sweep):
        page = REPORTERS["html"].render(found)
        assert page.count("<svg") == page.count("<figure>") >= 2
        assert "<script" not in page
        assert "http-equiv" in page
    titles = [picture.title for picture in pictures(sweep)]
    assert titles == ["Goodput by load", "Pareto curve"]


@pytest.mark.parametrize("kind", sorted(REPORTERS))
def test_hostile_text_is_inert(one, kind):
    header = replace(one.report.headers[0], target=HOSTILE, trouble=HOSTILE)
    report = replace(one.report, headers=(header,))
    text = REPORTERS[kind].render(replace(one, report=report))

    assert "<script>" not in text or kind in {"json", "markdown"}
    assert "\x1b" not in text
    assert not re.search(r"^::error::", text, re.MULTILINE)


def test_no_report_shows_a_key(one):
    header = replace(one.report.headers[0], trouble="sent sk-very-secret-key-0123")
    hidden = replace(one, report=replace(one.report, headers=(header,)))
    SECRETS.register("sk-very-secret-key-0123")

    for kind in ("csv", "json", "markdown"):
        assert "very-secret" not in REPORTERS[kind].render(hidden)


def test_what_a_sample_finds_is_stated(one):
    step = one.steps[0]
    step.totals.kinds["answered"] += 180
    try:
        assert "20 of 200 replies" in judged(one)
        assert "15.0%" in judged(one)
    finally:
        step.totals.kinds["answered"] -= 180
    assert judged(one) == "all requirements on 20 of 20 replies"
