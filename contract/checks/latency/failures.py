"""Check that no sample of a latency is a failed request."""

from __future__ import annotations

from contract.checks.latency.growth import LONG, LONGER, SHORT
from contract.checks.latency.response_times import STREAMING
from contract.checks.latency.samples import SAMPLES
from contract.model.check import Finding, Findings, NotApplicable, Scope, check, fault
from contract.model.exchange import Exchange
from contract.model.reply import Frame, Reply, encode_json
from contract.model.response_kind import ResponseKind, error_in, kind_of
from contract.model.sse import encode

LARGEST = 600  # bytes of a request for a sample
_MEASURED = frozenset((*SAMPLES, *SHORT, *LONG, *LONGER))


@check(
    "latency.samples-are-answered",
    "Every stream that a latency is measured on MUST be answered in full.",
    source="vllm-project/vllm#57519; ai-dynamo/aiperf#1330; sgl-project/sglang#38868",
    sends=SAMPLES[0],
    needs=STREAMING,
    broken=True,
    every=Scope.RESPONSES,
)
def samples_are_answered(exchange: Exchange) -> Findings:
    """A stream that fails early is fast: counted as a success, it improves figures."""
    if exchange.probe not in _MEASURED:
        raise NotApplicable("no latency is measured on the request")
    kind = kind_of(exchange)
    if kind is not ResponseKind.ANSWERED:
        yield Finding(
            "a sample of the latency is a failed request",
            expected="a stream that is answered in full",
            actual=error_in(exchange) or f"status {exchange.status}, {kind.value}",
        )


@fault(breaks=samples_are_answered, also=("streaming.completes",))
def fails_under_measurement(reply: Reply) -> Reply:
    """A worker runs out of memory, and ends the streams of short requests early."""
    if not reply.streamed or len(reply.request.body) > LARGEST:
        return reply
    error = encode(encode_json({"error": {"message": "out of memory", "code": 500}}))
    return reply.with_frames((*reply.frames[:1], Frame(0.0, error)))
