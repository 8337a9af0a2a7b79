"""What a server is still busy with after its clients have gone, as it tells itself."""

from __future__ import annotations

import re
from dataclasses import replace

from contract.model.chat import (
    METRICS,
    Json,
    Options,
    Probe,
    repeat,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import (
    End,
    Exchange,
)
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.reply import (
    Frame,
    Reply,
)

OK = 200
# The gauges of vLLM and of llama.cpp; one line for each engine of a server.
_RUNNING = re.compile(
    rb"^(?:vllm:num_requests_running|llamacpp:requests_processing)(?:\{[^}\n]*\})?"
    rb" +([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*$",
    re.MULTILINE,
)

BEFORE = Probe(name="load", method="GET", path="{load}", reasons=False)
# A query tells the looks apart, also for whoever reads a log.
SOON, LATER = (
    replace(BEFORE, name=f"load-{when}", path=f"{{load}}?after={number}")
    for number, when in enumerate(("soon", "later"), 1)
)
# Endless as far as a short test is concerned: whoever does not stop is still at it.
LEFT = repeat(
    Probe(
        name="left-behind",
        messages=(user("Tell a story without end about the sea. #loop"),),
        options=Options(max_tokens=4_096, temperature=0.0, seed=7),
        stream=True,
        hang_up_after=1,
    ),
    2,
)
_NEXT = Probe(
    name="next-in-line",
    messages=(user("Say good evening."),),
    options=Options(max_tokens=4, temperature=0.0, seed=7),
)
NEXT, NEXT_BUT_ONE = _NEXT, replace(_NEXT, sample=1)


def running(exchange: Exchange) -> int | None:
    """How many requests a server says it is working on; None where it says nothing."""
    if exchange.status != OK:
        return None
    if isinstance(exchange.json, list):
        return sum(
            slot.get("is_processing") is True
            for slot in exchange.json
            if isinstance(slot, dict)
        )
    found = _RUNNING.findall(exchange.body)
    return round(sum(map(float, found))) if found else None


@check(
    "isolation.hang-ups-free-the-server",
    "A server SHOULD stop working for a client that has gone.",
    source="ggml-org/llama.cpp#24496; vllm-project/vllm#10806",
    sends=(BEFORE, *LEFT, NEXT, SOON, NEXT_BUT_ONE, LATER),
    needs={Capability.STREAMING, Capability.LOAD},
    expects=frozenset(range(200, 600)),
    broken=True,
    alone=True,
)
def hang_ups_free_the_server(*exchanges: Exchange) -> Findings:
    """
    A server that others use as well is never quite free, so it must have been before.

    Gauges are renewed when something is generated, hence the requests in between.
    """
    before, *left, _, soon, _, later = exchanges
    told = [running(each) for each in (before, soon, later)]
    if None in told:
        raise NotApplicable(f"{before.request.path} does not tell what is running")
    if told[0]:
        raise NotApplicable("others are being served at the same time")
    if any(exchange.end is not End.LEFT for exchange in left):
        raise NotApplicable("an answer was over before the client could hang up")
    if told[1] and told[2]:
        yield Finding(
            "the server works on for clients that have hung up",
            expected="no request running",
            actual=f"{told[2]} running",
            at=f"GET {before.request.path} after {len(left)} hang-ups",
        )


@fault(breaks=hang_ups_free_the_server)
def generates_for_nobody(reply: Reply) -> Reply:
    """A disconnect is not noticed, and the answer is generated to its end."""
    # The first look comes before anybody has gone.
    if reply.status != OK or "?after=" not in reply.request.path:
        return reply
    if reply.request.path.startswith(METRICS):
        body = re.sub(rb"(num_requests_running\S*) 0\.0", rb"\1 2.0", reply.body)
        return reply.with_frames((Frame(reply.frames[-1].at, body),))

    def busy(slots: Json) -> Json:
        for slot in slots if isinstance(slots, list) else ():
            if isinstance(slot, dict) and "is_processing" in slot:
                slot["is_processing"] = slot.get("id") in (0, 1)
        return slots

    return reply.change(busy)
