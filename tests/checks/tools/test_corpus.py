"""Tests of arguments for the corpus of parameters."""

from collections import Counter

from contract.checks.tools.corpus import (
    PROBES,
    corpus_is_satisfied,
    tool_tuples_ignored,
)
from contract.testing import rehearse


def test_the_parameters_are_asked_for_in_every_way():
    ways = Counter((probe.stream, probe.reasons) for probe in PROBES)

    assert len(ways) == 4
    assert min(ways.values()) >= len(PROBES) // 4
    assert {probe.options.tool_choice for probe in PROBES} == {"required"}


def test_the_rate_of_valid_arguments_is_reported():
    result = rehearse(corpus_is_satisfied, "vllm", fault=tool_tuples_ignored)

    rate, pair = result.findings
    assert rate.message == f"1 of {len(PROBES)} documents do not satisfy their schema"
    assert pair.at == "corpus-call-pair"
    assert 0.97 < result.figures["valid_arguments_low"] < 1
    assert corpus_is_satisfied.slow
