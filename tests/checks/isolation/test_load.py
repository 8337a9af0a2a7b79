"""Server load check: running requests before and after disconnects."""

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.isolation.load import hang_ups_free_the_server, running
from contract.model.chat import METRICS
from contract.model.exchange import Arrival, End
from contract.model.reply import rehearse

PROFILE = builtin()["vllm-0.32"]
IDLE = [
    rehearse(mock_reply(PROFILE, probe), probe, PROFILE)
    for probe in hang_ups_free_the_server.sends
]
BUSY = b'vllm:num_requests_running{engine="0",model_name="m"} 2.0\n'
# As llama.cpp b11549 writes them; unused slots have no task.
SLOT = b'{"id":0,"n_ctx":4096,"speculative":false,"is_processing":%s}'


def with_body(exchange, body):
    return replace(exchange, arrivals=(Arrival(0.0, body),))


def word(*busy):
    """Return the verdict if the readings *busy* (0, 1 or 2) show running requests."""
    positions = {0: 0, 1: 4, 2: 6}
    exchanges = list(IDLE)
    for reading in busy:
        exchanges[positions[reading]] = with_body(exchanges[positions[reading]], BUSY)
    return verdict_on(hang_ups_free_the_server, *exchanges).word


@pytest.mark.parametrize(
    ("busy", "expected"),
    [
        pytest.param((), "pass", id="idle"),
        pytest.param((1, 2), "fail", id="still-busy"),
        pytest.param((1,), "pass", id="busy-briefly"),
        pytest.param((2,), "pass", id="new-client"),
        pytest.param((0, 1, 2), "skip", id="busy-before"),
    ],
)
def test_only_a_server_that_is_busy_afterwards_fails(busy, expected):
    assert word(*busy) == expected


def test_an_answer_that_ends_before_the_disconnect_is_skipped():
    whole = [replace(x, end=End.COMPLETE) for x in IDLE]

    assert verdict_on(hang_ups_free_the_server, *whole).word == "skip"


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
        pytest.param(b"", None, id="empty"),
    ],
)
def test_running_requests_are_read_from_each_format(body, count):
    assert count == running(with_body(IDLE[0], body))


def test_an_error_has_no_count():
    assert running(replace(IDLE[0], status=501)) is None
    assert IDLE[0].request.path == METRICS
