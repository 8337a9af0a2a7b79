"""Who has hung up is not served any longer, as far as the server tells."""

from dataclasses import replace

import pytest
from rehearsal import judged, told

from contract.catalog.profiles import builtin
from contract.checks.isolation.load import (
    hang_ups_free_the_server,
    running,
)
from contract.model.chat import METRICS
from contract.model.exchange import (
    Arrival,
    End,
)
from contract.model.reply import rehearse

PROFILE = builtin()["vllm-0.32"]
FREE = [
    rehearse(told(PROFILE, probe), probe, PROFILE)
    for probe in hang_ups_free_the_server.sends
]
BUSY = b'vllm:num_requests_running{engine="0",model_name="m"} 2.0\n'
# As llama.cpp b11549 writes them: slots that have not served yet know no task.
SLOT = b'{"id":0,"n_ctx":4096,"speculative":false,"is_processing":%s}'


def saying(exchange, body):
    return replace(exchange, arrivals=(Arrival(0.0, body),))


def word(*busy):
    """The verdict where those of the looks (before, soon, later) see requests."""
    looks = {0: 0, 1: 4, 2: 6}
    seen = list(FREE)
    for look in busy:
        seen[looks[look]] = saying(seen[looks[look]], BUSY)
    return judged(hang_ups_free_the_server, *seen).word


@pytest.mark.parametrize(
    ("busy", "expected"),
    [
        pytest.param((), "pass", id="free"),
        pytest.param((1, 2), "fail", id="still-busy"),
        pytest.param((1,), "pass", id="busy-for-a-moment"),
        pytest.param((2,), "pass", id="somebody-came"),
        pytest.param((0, 1, 2), "skip", id="others-are-served"),
    ],
)
def test_busy_after_and_not_before_is_what_counts(busy, expected):
    assert word(*busy) == expected


def test_an_answer_that_was_over_first_proves_nothing():
    whole = [replace(x, end=End.COMPLETE) for x in FREE]

    assert judged(hang_ups_free_the_server, *whole).word == "skip"


@pytest.mark.parametrize(
    ("body", "count"),
    [
        pytest.param(BUSY, 2, id="vllm"),
        pytest.param(BUSY + BUSY.replace(b'"0"', b'"1"'), 4, id="two-engines"),
        pytest.param(b"# HELP x\n" + BUSY.replace(b"2.0", b"0.0"), 0, id="idle"),
        pytest.param(b"llamacpp:requests_processing 1\n", 1, id="llamacpp-metrics"),
        pytest.param(b"[" + SLOT % b"true" + b"]", 1, id="llamacpp-slot"),
        pytest.param(b"[" + SLOT % b"false" + b"]", 0, id="llamacpp-free"),
        pytest.param(b"[1, null]", 0, id="no-slots"),
        pytest.param(b"# HELP other_gauge\nother_gauge 1\n", None, id="other-gauges"),
        pytest.param(b"not a number vllm:num_requests_running", None, id="no-line"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_running_requests_are_read_in_every_spelling(body, count):
    assert count == running(saying(FREE[0], body))


def test_a_refusal_tells_nothing():
    assert running(replace(FREE[0], status=501)) is None
    assert FREE[0].request.path == METRICS
