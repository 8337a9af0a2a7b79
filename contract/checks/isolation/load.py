"""Server load check: /metrics or /slots show that work for lost clients stops."""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus

from contract.model.chat import METRICS, Json, Options
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import End, Exchange
from contract.model.probe import Probe, repeat
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.reply import Frame, Reply

# The gauges of vLLM and llama.cpp; one line for each engine of a server.
_RUNNING = re.compile(
    rb"^(?:vllm:num_requests_running|llamacpp:requests_processing)(?:\{[^}\n]*\})?"
    rb" +([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*$",
    re.MULTILINE,
)

BEFORE = Probe(name="load", method="GET", path="{load}", reasons=False)
# The query string tells the readings apart in a server log.
SOON, LATER = (
    replace(BEFORE, name=f"load-{when}", path=f"{{load}}?after={number}")
    for number, when in enumerate(("soon", "later"), 1)
)
# Generation outlasts the check, so a server that does not stop it is still busy.
LEFT_BY_MANY = repeat(
    Probe(
        name="left-behind",
        messages=(user("Tell a story without end about the sea. #loop"),),
        options=Options(max_tokens=4_096, temperature=0.0, seed=7),
        stream=True,
        hang_up_after=1,
    ),
    4,
)
LEFT = LEFT_BY_MANY[:2]
_NEXT = Probe(
    name="next-in-line",
    messages=(user("Say good evening."),),
    options=Options(max_tokens=4, temperature=0.0, seed=7),
)
NEXT, NEXT_BUT_ONE = _NEXT, replace(_NEXT, sample=1)


def running(exchange: Exchange) -> int | None:
    """Return the number of running requests that a response reports, or None."""
    if exchange.status != HTTPStatus.OK:
        return None
    if isinstance(exchange.json, list):
        return sum(
            slot.get("is_processing") is True
            for slot in exchange.json
            if isinstance(slot, dict)
        )
    found = _RUNNING.findall(exchange.body)
    return round(sum(map(float, found))) if found else None


_ANY_ANSWER = frozenset(range(200, 600))


@check(
    "isolation.hang-ups-free-the-server",
    "A server SHOULD stop generating for a client that has disconnected.",
    source="ggml-org/llama.cpp#24496; vllm-project/vllm#10806",
    sends=(BEFORE, *LEFT, NEXT, SOON, NEXT_BUT_ONE, LATER),
    needs={Capability.STREAMING, Capability.LOAD},
    expects=_ANY_ANSWER,
    broken=True,
    alone=True,
    # As many as `isolation.survives-hang-ups` leaves behind.
    combined=Combined(
        sends=(BEFORE, *LEFT_BY_MANY, NEXT, SOON, NEXT_BUT_ONE, LATER),
        expects=_ANY_ANSWER,
    ),
)
def hang_ups_free_the_server(*exchanges: Exchange) -> Findings:
    """
    The server must be idle before, because other clients would also keep it busy.

    Gauges are updated when something is generated, hence the requests in between.
    """
    before, *left, _, soon, _, later = exchanges
    counts = [running(each) for each in (before, soon, later)]
    if None in counts:
        raise NotApplicable(f"{before.request.path} does not report running requests")
    if counts[0]:
        raise NotApplicable("the server is busy with other requests")
    if any(exchange.end is not End.LEFT for exchange in left):
        raise NotApplicable("an answer ended before the client could disconnect")
    if counts[1] and counts[2]:
        yield Finding(
            "the server keeps generating for disconnected clients",
            expected="no request running",
            actual=f"{counts[2]} running",
            at=f"GET {before.request.path} after {len(left)} disconnects",
        )


@fault(breaks=hang_ups_free_the_server)
def generates_for_nobody(reply: Reply) -> Reply:
    """Disconnects are not detected, so answers are generated to their end."""
    # The first reading is taken before any client disconnects.
    if reply.status != HTTPStatus.OK or "?after=" not in reply.request.path:
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
