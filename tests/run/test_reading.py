"""A saved report becomes a report again, and any other file is one sentence."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.catalog.profiles import builtin
from contract.errors import UsageError
from contract.model.check import Check, Finding
from contract.model.exchange import Exchange
from contract.model.probes import SUM
from contract.model.wire import Request
from contract.plugins.discovery import find
from contract.reporters.json import as_json
from contract.run.reading import read_report, report_from_json
from contract.run.report import Header, Outcome, Report, Result, Tally, to_json

INSTALLED = find("checks", Check)
GONE = replace(
    INSTALLED["usage.sums-up"],
    id="usage.of-an-old-version",
    requirement="Old usage SHOULD NOT be lost.",
    source="an old document",
)
TEXTS = st.text(max_size=20) | st.sampled_from(["\ud800 half", "\x00\x1b[31m", "«»"])
SECONDS = st.floats(0, 1e6).map(lambda value: round(value, 6))
FINDINGS = st.builds(
    Finding, st.text(min_size=1, max_size=20), TEXTS, TEXTS, TEXTS, TEXTS
)
TALLIES = st.none() | st.builds(
    Tally, judged=st.integers(1, 99), broken=st.integers(0, 9), where=TEXTS
)


@st.composite
def results(draw):
    check = draw(st.sampled_from([GONE, *INSTALLED.values()]))
    outcome = draw(st.sampled_from(Outcome))
    failed = outcome in {Outcome.FAIL, Outcome.WAIVED}
    crashed = outcome is Outcome.ERROR and draw(st.booleans())
    return Result(
        check=check,
        target=draw(TEXTS),
        outcome=outcome,
        findings=tuple(draw(st.lists(FINDINGS, min_size=int(failed), max_size=2))),
        reason=f"check {check.id} is broken: KeyError: 1" if crashed else draw(TEXTS),
        broken=crashed,
        again=draw(TEXTS),
        seconds=draw(SECONDS),
        figures=draw(st.dictionaries(st.sampled_from(["ttft_p95"]), SECONDS)),
        tally=draw(TALLIES),
        curl=draw(TEXTS),
    )


HEADERS = st.builds(
    Header,
    **dict.fromkeys(("target", "url", "profile", "why", "model", "version"), TEXTS),
    started=st.just("2026-01-01T00:00:00+00:00"),
    seconds=SECONDS,
    requests=st.integers(0, 9),
    notes=st.lists(TEXTS, max_size=2).map(tuple),
    trouble=TEXTS,
    failed=st.booleans(),
)
REPORTS = st.builds(
    Report,
    headers=st.lists(HEADERS, max_size=2).map(tuple),
    results=st.lists(results(), max_size=4).map(tuple),
    strict=st.booleans(),
)


@given(REPORTS)
def test_a_report_comes_back_from_its_json(report):
    text = json.dumps(to_json(report))

    back = report_from_json(json.loads(text), "r.json")

    assert to_json(back) == to_json(report)
    assert back == report


def test_a_file_of_the_reporter_comes_back_but_for_its_exchanges(tmp_path):
    exchange = Exchange(
        probe=SUM,
        profile=builtin()["vllm-0.16"],
        request=Request("POST", "/v1/chat/completions"),
        status=200,
        headers=(),
        arrivals=(),
        elapsed=0.5,
    )
    result = Result(
        check=INSTALLED["usage.sums-up"],
        target="mock",
        outcome=Outcome.PASS,
        exchanges=(exchange,),
    )
    report = Report(headers=(), results=(result,))
    path = tmp_path / "r.json"
    path.write_text(as_json.render(report), "utf-8")

    back = read_report(path)

    expected = to_json(report)
    assert expected["results"][0].pop("requests")
    written = to_json(back)
    assert written["results"][0].pop("requests") == []
    assert written == expected


def test_a_check_keeps_the_words_that_it_was_judged_by():
    check = replace(INSTALLED["usage.sums-up"], requirement="Old words SHOULD hold.")
    report = Report(
        headers=(), results=(Result(check=check, target="t", outcome=Outcome.PASS),)
    )

    back = report_from_json(to_json(report), "r.json").results[0].check

    assert back == check
    assert back.judge is INSTALLED["usage.sums-up"].judge


def test_the_crash_of_a_check_stays_exit_code_4_though_its_words_are_unknown():
    result = Result(check=GONE, target="t", outcome=Outcome.ERROR, reason="odd words")
    value = to_json(Report(headers=(), results=(replace(result, broken=True),)))

    assert report_from_json(value, "r.json").exit_code == 4


VALID = to_json(
    Report(
        headers=(),
        results=(Result(check=GONE, target="t", outcome=Outcome.PASS),),
    )
)
TEXT = json.dumps(VALID).encode()


def changed(**members):
    return json.dumps({**VALID, **members}).encode()


def one_result(**members):
    return changed(results=[{**VALID["results"][0], **members}])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "is empty; create it again", id="empty"),
        pytest.param(b"<html>", "is not JSON (Expecting value, line 1)", id="html"),
        pytest.param(TEXT[:-9], "was cut off after", id="truncated-in-text"),
        pytest.param(TEXT[:-1], "was cut off after", id="truncated-at-the-end"),
        pytest.param(b'{"a": NaN}', "is not strict JSON", id="nan"),
        pytest.param(b"\xff\xfe", "is not UTF-8", id="utf-16"),
        pytest.param(b"[" * 9_999, "nested too deeply", id="deep"),
        pytest.param(b"[1]", "is not a report of magistral-contract", id="a-list"),
        pytest.param(b'{"format": "x"}', "is not a report of", id="foreign"),
        pytest.param(changed(format="report-v2"), "has the format report-v2", id="v2"),
        pytest.param(changed(format=["report-v1"]), "is not a report of", id="format"),
        pytest.param(
            b'{"format": "report-v1"}',
            'is damaged (at the top: "exit_code" is a required property)',
            id="members-missing",
        ),
        pytest.param(one_result(outcome="odd"), "at results/0/outcome", id="outcome"),
        pytest.param(one_result(seconds="1"), "at results/0/seconds", id="seconds"),
        pytest.param(one_result(outcome="fail"), "at results/0/findings", id="no-find"),
        pytest.param(one_result(level="MUST"), "is a SHOULD, its level MUST", id="lvl"),
        pytest.param(
            one_result(figures={"\ud800": 1}), "is damaged (", id="surrogate-name"
        ),
    ],
)
def test_any_other_file_is_one_sentence(tmp_path, content, says):
    path = tmp_path / "file.json"
    path.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        read_report(path)

    message = str(caught.value)
    assert says in message
    assert "\n" not in message
    assert message.startswith(str(path))
    assert len(message) < 500


def test_a_file_that_is_missing_or_a_folder_or_endless(tmp_path, monkeypatch):
    for path in (tmp_path / "absent.json", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            read_report(path)
    monkeypatch.setattr("contract.run.reading.MOST_RECORDED", 2**20)
    (tmp_path / "large").write_bytes(b" " * (2**20 + 1))
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        read_report(tmp_path / "large")
