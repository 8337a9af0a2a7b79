"""`contract.history.page`: one page, inert and small, whatever was stored."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from support.hostile import ATTACKS, obeyed
from support.runs import CHECKS, FAIL, MUST, OTHER, PASS, both, report

import contract
from contract.history import page
from contract.history.page import LISTED, MOST_TARGETS, render
from contract.reporters.page import pictures
from contract.reporters.page.rendering import MOST_BYTES


class Page(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.attributes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)


def test_verdicts_and_checks_are_bars_from_run_to_run(history):
    for outcome in (PASS, FAIL, FAIL, PASS):
        history.add(report((MUST, outcome), (OTHER, PASS)), kind="verify")
    text = render(history)
    rows = re.findall(r'<tr><th scope="row">([^<]*)</th>((?:<td.*?</td>)+)', text)
    bars = {
        name: re.findall(r'class="(\w+)" colspan="(\d)"', row) for name, row in rows
    }

    assert bars["verdict"] == [("pass", "1"), ("fail", "2"), ("pass", "1")]
    assert bars[MUST.id] == bars["verdict"]
    assert OTHER.id not in bars


def test_latencies_are_pictures(history):
    for ttft in (10, 30):
        one = contract.verify(
            f"mock:vllm?ttft={ttft}ms", select="streaming.ends-with-d*"
        )
        history.add(one, kind="verify")
    (name, _), *_ = history.targets()

    assert "<svg" not in render(history)  # two targets, each with one run
    history.add(one, kind="verify")
    shown = Page(render(history, target=name))
    assert shown.tags.count("svg") == shown.texts.count("p95") > 0


def test_a_page_loads_nothing_and_has_no_script(history):
    history.add(report((MUST, FAIL)), kind="verify")
    shown = Page(render(history))

    assert not {"script", "img", "iframe", "link", "object", "form"} & set(shown.tags)
    assert not any(name.startswith("on") for name, _ in shown.attributes)
    assert not any(name in {"src", "href"} for name, _ in shown.attributes)
    assert shown.tags.count("html") == 1


def test_hostile_names_are_inert(history):
    history.add(report((MUST, FAIL), target="harmless"), kind="verify")
    tags = set(Page(render(history)).tags)
    texts = dict.fromkeys(ATTACKS[:MOST_TARGETS])
    reports = (report((MUST, FAIL), target=text, trouble=text) for text in texts)
    history.add(both(*reports), kind="verify")
    text = render(history)
    shown = Page(text)

    assert set(shown.tags) <= tags
    assert not any(name.startswith("on") for name, _ in shown.attributes)
    assert not obeyed(text)


@pytest.mark.long
def test_much_is_cut_to_a_small_page(history, monkeypatch):
    names = list(CHECKS.values())[:150]
    for outcome in (PASS, FAIL):
        some = (
            report(*((check, outcome) for check in names), target=f"target-{number}")
            for number in range(MOST_TARGETS + 2)
        )
        history.add(both(*some), kind="verify")
    whole = render(history)
    monkeypatch.setattr(page, "MOST_BYTES", 120_000)
    text = render(history)

    assert len(text.encode()) <= 120_000 < len(whole.encode()) <= MOST_BYTES
    assert "2 more targets" in text
    assert "more checks" in text


def test_an_empty_history_is_a_page_too(history):
    history.add(report((MUST, PASS)), kind="verify")
    history.prune(before="2027")

    assert "There are no runs." in render(history)


def test_the_table_lists_the_newest_runs(history):
    for _ in range(LISTED + 3):
        history.add(report((MUST, PASS)), kind="verify")
    rows = re.findall(r'<tr><th scope="row">(\d+)</th>', render(history))

    assert rows == [str(n) for n in range(LISTED + 3, 3, -1)]


def test_an_axis_of_few_runs_names_each_once():
    line = pictures.Line("p50", [(1.0, 0.1), (2.0, 0.2)])
    shown = pictures.draw([line], "TTFT", "TTFT", x_unit="runs")

    assert re.findall(r">(\d+)</text>", shown) == ["1", "2"]
