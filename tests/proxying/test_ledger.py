"""The ledger of a proxy comes to the verdicts that a run comes to."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest
from support.catalogue import CHECKS, FAULTS

from contract.catalog.profiles import named
from contract.client.session import Session
from contract.model.exchange import Arrival, End
from contract.model.probes import SUM, SUM_WHOLE
from contract.proxying import ledger as ledgers
from contract.proxying.ledger import Ledger
from contract.reporters.base import verdict
from contract.run.report import Header, Outcome
from contract.testing.rehearsal import Rehearsal

PROFILE = named("vllm")
HEADER = Header(
    target="http://llm.test/v1",
    url="http://llm.test",
    profile=PROFILE.id,
    why="given",
    model="",
    version="0",
    started="2026-11-27T00:00:00+00:00",
)
INVARIANTS = [check for check in CHECKS.values() if check.every is not None]
CLEAN = Rehearsal(PROFILE)
BROKEN = Rehearsal(PROFILE, CLEAN, FAULTS["field-renamed"].apply)


def ledger(profile=PROFILE, command=()):
    session = Session("http://llm.test", profile, "m", saved={})
    return Ledger(INVARIANTS, session, HEADER.target, command)


def fill(one, *exchanges):
    found = []
    for number, exchange in enumerate(exchanges):
        named_ = replace(exchange.probe, name=f"proxied-{number}")
        exchange = replace(exchange, probe=named_)  # noqa: PLW2901  # its name
        one.count(exchange)
        found += one.judge(exchange)
    return found


def test_sound_replies_break_nothing():
    one = ledger()

    assert fill(one, CLEAN.send(SUM), CLEAN.send(SUM_WHOLE)) == []
    report = one.report(HEADER, strict=True)
    assert report.exit_code == 0, verdict(report)
    assert report.counts[Outcome.PASS] > 20


def test_a_fault_is_found_as_it_passes_and_in_the_report():
    one = ledger(command=("magistral-contract", "replay", "rec"))
    found = fill(one, CLEAN.send(SUM_WHOLE), BROKEN.send(SUM), BROKEN.send(SUM))
    report = one.report(HEADER, strict=False)
    (result,) = [r for r in report.results if r.check.id == "reasoning.right-field"]

    assert "reasoning.right-field" in {check.id for check, _ in found}
    assert report.exit_code == 1
    assert (result.tally.judged, result.tally.broken) == (3, 2)
    assert result.tally.where == "all streamed"
    assert result.findings[0].at.startswith("request proxied-1")
    assert result.findings[0].hint
    assert result.again == (
        "magistral-contract replay rec --select reasoning.right-field"
    )
    assert result.curl.startswith("curl -sS http://llm.test/v1/chat/completions")


def test_a_waiver_excuses_a_failure():
    waived = replace(PROFILE, waivers={"reasoning.right-field": "known"})
    one = ledger(waived)
    fill(one, replace(BROKEN.send(SUM), profile=waived))
    report = one.report(HEADER, strict=False)
    outcomes = {r.check.id: r.outcome for r in report.results}

    assert outcomes["reasoning.right-field"] is Outcome.WAIVED


def test_equal_ids_are_found_at_the_end():
    one = ledger()
    same = CLEAN.send(SUM)
    other = replace(same, arrivals=tuple(same.arrivals[:]))
    fill(one, same, replace(other, arrivals=(*other.arrivals,)))
    report = one.report(HEADER, strict=False)
    (result,) = [r for r in report.results if r.check.id == "schema.ids-are-unique"]

    assert result.outcome is Outcome.FAIL


def test_a_compressed_reply_is_judged_by_what_is_in_it():
    one = ledger()
    whole = BROKEN.send(SUM_WHOLE)
    packed = replace(
        whole,
        headers=(*whole.headers, ("content-encoding", "gzip")),
        arrivals=(Arrival(0.1, gzip.compress(whole.body)),),
    )
    other = replace(packed, headers=(*whole.headers, ("content-encoding", "br")))
    found = fill(one, packed, other)

    assert "reasoning.right-field" in {check.id for check, _ in found}
    assert one.unjudged == {"compressed with br": 1}


def test_requests_without_a_response_make_it_inconclusive():
    one = ledger()
    gone = replace(
        CLEAN.send(SUM),
        status=None,
        arrivals=(),
        end=End.REFUSED,
        note="refused",
    )
    left = replace(gone, end=End.LEFT, note="the client hung up")
    fill(one, CLEAN.send(SUM), gone, left)
    report = one.report(HEADER, strict=False)

    assert report.exit_code == 3
    assert report.headers[0].trouble == (
        "1 of 3 requests got no response from the upstream: refused."
    )


def test_nothing_that_passed_is_nothing_checked():
    report = ledger().report(HEADER, strict=False)

    assert report.exit_code == 3
    assert {r.outcome for r in report.results} == {Outcome.SKIP}


def test_the_notes_count_and_measure():
    one = ledger()
    fill(one, CLEAN.send(SUM), CLEAN.send(SUM_WHOLE))
    notes = "\n".join(one.notes())

    assert "2 requests passed: 2 chats (1 streamed), 0 others" in notes
    assert "TTFT of the streams that passed: p50 400.0 ms" in notes
    for name in ("TTFO", "ICL", "TPOT"):
        assert f"{name} of the streams that passed: p50" in notes


def test_chats_in_another_spelling_are_named():
    one = ledger()
    other = Rehearsal(named("vllm-responses")).send(SUM)
    fill(one, CLEAN.send(SUM), replace(other, profile=PROFILE))
    notes = "\n".join(one.notes())

    assert "1 chats (1 streamed), 1 others" in notes
    assert "1 to /v1/responses are not judged as chats: vllm-0.32 has its" in notes
    assert "to /v1/chat/completions are not" not in notes


def test_what_is_compared_at_the_end_is_bounded(monkeypatch):
    monkeypatch.setattr(ledgers, "COMPARED", 2)
    one = ledger()
    fill(one, *[replace(CLEAN.send(SUM), elapsed=n) for n in range(5)])

    assert any("were asked about 2 of 5" in note for note in one.notes())


@pytest.mark.parametrize("count", [10, ledgers.VALUES + 1_000])
def test_percentiles_of_many_values_are_those_of_a_sample(count):
    values = ledgers.Values()
    for number in range(count):
        values.add(number / count)

    assert str(values).endswith(f"({count})")
    assert len(values.kept) <= ledgers.VALUES
