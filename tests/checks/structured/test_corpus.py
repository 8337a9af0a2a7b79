"""Tests of answers to the corpus of schemas."""

import json
from collections import Counter

from contract.checks.structured.corpus import (
    PROBES,
    corpus_is_satisfied,
    tuples_ignored,
)
from contract.testing import rehearse


def test_the_schemas_are_asked_for_in_every_way():
    ways = Counter((probe.stream, probe.reasons) for probe in PROBES)

    assert len(ways) == 4
    assert min(ways.values()) >= len(PROBES) // 4
    assert len({probe.options.response_format for probe in PROBES}) == len(PROBES)


def test_the_rate_of_valid_documents_is_reported():
    result = rehearse(corpus_is_satisfied, "llamacpp", fault=tuples_ignored)

    rate, pair = result.findings
    assert rate.message == f"1 of {len(PROBES)} documents do not satisfy their schema"
    assert pair.at == "corpus-answer-pair"
    assert json.loads(pair.actual) == {"pair": [1]}
    assert result.figures["valid_documents_rate"] == 1 - 1 / len(PROBES)
    assert corpus_is_satisfied.slow
