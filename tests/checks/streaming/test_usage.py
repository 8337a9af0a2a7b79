from __future__ import annotations

import pytest

from contract.checks.streaming import usage
from contract.model.check import NotApplicable
from contract.model.exchange import DONE

COUNT = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


def messages(check, seen):
    return [finding.message for finding in check.judge(seen)]


def test_usage_may_be_null_in_other_chunks(stream, good):
    seen = stream((*[{**e, "usage": None} for e in good[:6]], *good[6:]))

    assert [] == messages(usage.usage_comes_once, seen)


@pytest.mark.parametrize(
    ("events", "message"),
    [
        pytest.param(
            lambda good, _: (*good[:6], DONE), "not reported exactly once", id="never"
        ),
        pytest.param(
            lambda good, _: (*good[:6], good[6], good[6]),
            "not reported exactly once",
            id="twice",
        ),
        pytest.param(
            lambda good, _: (*good[:5], good[6], good[5]),
            "not in the last chunk",
            id="too-early",
        ),
        pytest.param(
            lambda good, chunk: (*good[:5], chunk({}, "stop", usage=COUNT)),
            "has choices",
            id="on-the-finish-chunk",
        ),
    ],
)
def test_usage_outside_the_extra_chunk_is_found(events, message, stream, good, chunk):
    (found,) = messages(usage.usage_comes_once, stream(events(good, chunk)))

    assert message in found


@pytest.mark.parametrize("profile", ["mistral-2026-08", "transformers"])
def test_usage_is_in_the_last_chunk_where_it_is_always_sent(
    profile, stream, good, chunk
):
    inside = (*good[:5], chunk({}, "stop", usage=COUNT))

    assert [] == messages(usage.usage_comes_once, stream(inside, profile=profile))
    assert ["usage is not in the chunk with the finish reason"] == messages(
        usage.usage_comes_once, stream(good, profile=profile)
    )


def test_usage_that_was_not_requested_is_found(stream, good):
    found = messages(usage.usage_only_when_asked, stream(good, probe=usage.NO_USAGE))

    assert found == ["usage was sent without being requested"]


def test_null_usage_passes(stream, good):
    events = (*[{**e, "usage": None} for e in good[:6]], DONE)
    seen = stream(events, probe=usage.NO_USAGE)

    assert [] == messages(usage.usage_only_when_asked, seen)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"profile": "mistral-2026-08"}, id="always-sent"),
        pytest.param(
            {"sent": b'{"stream_options":{"include_usage":true}}'}, id="requested"
        ),
    ],
)
def test_requested_usage_is_not_judged(options, stream, good):
    with pytest.raises(NotApplicable):
        messages(usage.usage_only_when_asked, stream(good, **options))
