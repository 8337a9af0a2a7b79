"""Rows of a table of recordings (`contract.cli.table_rows`)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from support.table_rows import HEADER, RESULTS, exchange, made

from contract.cli.table_rows import (
    cell,
    claim_in_words,
    families,
    identity_in_words,
    mark,
    summary,
)
from contract.model.redaction import register_secret
from contract.run.beside import About, Beside, Claim, Identity


def test_a_row_counts_checks_and_tells_a_should_from_a_must():
    one = made()

    assert one.verdict == "FAILED"
    assert not one.kept
    assert one.counts == Counter(
        {"skip": 2, "pass": 1, "fail": 1, "warning": 1, "waived": 1}
    )
    assert [r.check.id for r in one.failed] == ["usage.b", "usage.c"]
    assert [r.check.id for r in one.waived] == ["tools.a"]
    assert families([one]) == ("schema", "tools", "usage")


def test_what_could_not_be_judged_is_no_kept_contract():
    one = made((RESULTS[0],), header=replace(HEADER, trouble="it was interrupted"))

    assert one.verdict == "INCONCLUSIVE"
    assert not one.kept
    assert [*one.remarks] == ["Not fully judged: it was interrupted"]


@pytest.mark.parametrize(
    ("counts", "words", "worst"),
    [
        ({"pass": 12, "skip": 3}, "12", "pass"),
        ({"pass": 11, "waived": 1}, "1 waived of 12", "waived"),
        ({"pass": 3, "fail": 2, "warning": 1}, "2 failed, 1 warned of 6", "fail"),
        ({"error": 1, "pass": 1}, "1 in error of 2", "error"),
        ({"skip": 4}, "", "skip"),
        ({}, "", "skip"),
    ],
)
def test_a_cell_names_what_did_not_pass(counts, words, worst):
    assert (cell(Counter(counts)), mark(Counter(counts))) == (words, worst)


def test_engine_and_version_are_stated_by_a_person_or_else_by_the_replies():
    stated = Beside(about=About(engine="vLLM", version="0.32.0"))
    replies = (exchange("vllm-0.32.0-1"), exchange("vllm-0.32.0-2", streamed=True))

    assert (made().engine, made().version) == ("vllm", "")
    assert made(RESULTS, *replies).version == "vllm-0.32.0-1, vllm-0.32.0-2"
    assert made(RESULTS, *map(exchange, "abcd")).version == "a, b and 2 more"
    assert made(RESULTS, exchange(" "), exchange(7)).version == ""
    one = made(RESULTS, *replies, beside=stated)
    assert (one.engine, one.version) == ("vLLM", "0.32.0")


def test_latencies_are_those_of_the_streams():
    one = made(RESULTS, exchange(), exchange(streamed=True))

    assert one.streams == 1
    assert one.latency("ttft") == "100.0 ms / 100.0 ms"
    assert one.latency("tpot") == "not recorded"


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        (None, "not measured"),
        (Identity(verdict="same"), "same"),
        (Identity(verdict="cannot-tell"), "cannot tell"),
        (
            Identity(verdict="different", differs_in=("weights", "window")),
            "different: weights, window",
        ),
        (Identity(verdict="different"), "different"),
    ],
)
def test_identity_in_words(identity, words):
    assert identity_in_words(identity) == words


def test_a_claim_has_its_evidence():
    claim = Claim(
        name="aime25", verdict="below", rate=0.61, published=0.7734, answers=240
    )

    assert claim_in_words(claim) == (
        "aime25 below: 61.0% of 240 answers, published 77.34%"
    )
    assert claim_in_words(replace(claim, rate=None, published=None, answers=0)) == (
        "aime25 below: 0 answers"
    )
    assert made().claims == ("not measured",)


def test_what_was_measured_with_another_model_is_named():
    beside = Beside(
        identity=Identity(verdict="same", model="other"),
        claims=(Claim(name="gpqa", verdict="below", model="magistral-small-2509"),),
    )
    (remark,) = made(beside=beside).remarks

    assert remark == (
        "The identity was measured with the model other, and this recording is of "
        "magistral-small-2509."
    )


def test_no_row_has_a_secret():
    register_secret("sk-Example/7f+19a")
    one = made(
        header=replace(HEADER, target="sk-Example/7f+19a"),
        beside=Beside(
            about=About(engine="sk-Example/7f+19a", remark="sk-Example/7f+19a")
        ),
    )

    assert "Example" not in repr((one.header, one.engine, one.beside))


def test_the_summary_counts_the_rows_that_keep_the_contract():
    kept = made((RESULTS[0],))

    assert summary([kept]) == "It keeps the contract."
    assert summary([made()]) == "It does not keep the contract."
    assert summary([kept, made()]) == "1 of 2 recordings keep the contract."
