"""The CSV reporter, read by the standard library as spreadsheets read it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.model.exchange import Arrival, End
from contract.reporters.csv import COLUMNS, as_csv
from contract.run.report import Header, Report


def read(report):
    return [*csv.DictReader(io.StringIO(as_csv.render(report)), strict=True)]


def test_the_text_is_golden(timed, golden):
    text = as_csv.render(timed)

    assert golden("report.csv", text) == text


def test_an_exchange_has_its_times_and_sizes(timed):
    row = read(timed)[0]

    assert tuple(row) == COLUMNS
    assert (row["target"], row["probe"], row["sample"]) == ("mock", "sum", "1")
    assert (row["status"], row["end"], row["streamed"]) == ("200", "complete", "true")
    assert (row["ttft_s"], row["ttfo_s"]) == ("0.052000", "0.052000")
    assert (row["icl_p95_s"], row["icl_max_s"]) == ("0.082000", "0.082000")
    assert (row["e2e_s"], row["tpot_s"], row["prompt_tokens"]) == ("0.200000", "", "")
    assert (row["answer_characters"], row["reasoning_characters"]) == ("4", "0")
    assert int(row["body_bytes"]) == 116


def test_a_shared_exchange_has_one_row(timed):
    first, second = read(timed)
    (names,) = [
        {r.check.id for r in timed.results if r.exchanges and r.target == "mock:vllm"}
    ]

    assert set(second["checks"].split(" ")) == names
    assert first["checks"] == "streaming.ends-with-done usage.sums-up"


@pytest.mark.parametrize("sent_at", [1_790_000_000.25, None])
def test_copies_of_an_exchange_have_one_row(timed, sent_at):
    """As results have that were sent from one process to another."""
    first = timed.results[0]
    exchange = replace(first.exchanges[0], sent_at=sent_at)
    results = tuple(
        replace(first, exchanges=(copy,)) for copy in (exchange, replace(exchange))
    )
    rows = read(Report(headers=(), results=results))

    assert len(rows) == (1 if sent_at else 2)
    assert rows[0]["sent_at"] == ("2026-09-21T14:13:20.250+00:00" if sent_at else "")


def test_samples_of_a_probe_are_numbered(timed):
    first = timed.results[0]
    (exchange,) = first.exchanges
    check = replace(first.check, alone=True)
    samples = tuple(replace(exchange, sent_at=float(n)) for n in range(3))
    late = replace(first, check=check, exchanges=samples)

    rows = read(replace(timed, results=(late,)))[: len(samples)]
    assert [row["sample"] for row in rows] == ["1", "2", "3"]
    assert {row["alone"] for row in rows} == {"true"}


def test_a_whole_body_has_no_time_to_first_token(timed):
    first = timed.results[0]
    choice = b'{"index":0,"message":{"content":"42"}}'
    body = b'{"choices":[%s],"usage":{"prompt_tokens":3}}' % choice
    whole = replace(
        first.exchanges[0], headers=(), arrivals=(Arrival(0.1, body), Arrival(0.2, b""))
    )
    row = read(Report(headers=(), results=(replace(first, exchanges=(whole,)),)))[0]

    assert {row[f"{name}_s"] for name in ("ttft", "ttfo", "tpot", "icl_max")} == {""}
    assert (row["ttfb_s"], row["e2e_s"]) == ("0.100000", "0.200000")
    assert (row["prompt_tokens"], row["answer_characters"]) == ("3", "2")


def test_what_broke_off_says_how(timed):
    first = timed.results[0]
    broken = replace(
        first.exchanges[0], status=None, arrivals=(), end=End.TIMEOUT, note="it is late"
    )
    row = read(Report(headers=(), results=(replace(first, exchanges=(broken,)),)))[0]

    assert (row["status"], row["end"], row["note"]) == ("", "timeout", "it is late")
    assert (row["ttft_s"], row["icl_max_s"], row["e2e_s"]) == ("", "", "0.200000")


def test_a_target_without_exchanges_has_a_row_with_the_reason(passed):
    header = replace(passed.headers[0], trouble="nothing listens")
    (row,) = read(Report(headers=(header,), results=()))

    assert (row["target"], row["note"]) == ("mock", "nothing listens")
    assert read(Report(headers=(), results=())) == []


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1", "\n@a"]
)
def test_no_cell_is_a_formula(timed, text):
    """A spreadsheet evaluates what begins so, quoted or not (OWASP, CSV Injection)."""
    exchange = replace(timed.results[0].exchanges[0], note=text)
    header = replace(timed.headers[0], target=text, model=text)
    result = replace(timed.results[0], target=text, exchanges=(exchange,))
    (row,) = read(Report(headers=(header,), results=(result,)))

    for name in ("target", "model", "note"):
        assert row[name][0] in "'\\"
    assert row["status"] == "200"


@given(text=st.text(st.characters(codec=None)))
def test_any_text_is_one_cell(text):
    one = Header(
        target=text, url="", profile=text, why="", model=text, version="", started=""
    )
    (row,) = read(Report(headers=(one,), results=()))

    assert tuple(row) == COLUMNS
    assert row["note"] == "no exchange is known"
