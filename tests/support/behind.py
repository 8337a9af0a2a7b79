"""Exchanges of a gateway and of the server behind it, without a network."""

from __future__ import annotations

import json
from dataclasses import replace

from contract.catalog.profiles import builtin
from contract.model.chat import Message, Options
from contract.model.exchange import Arrival, Exchange
from contract.model.probe import Probe
from contract.model.wire import build_request

PROFILE = builtin()["vllm-0.32"]
ASK = Probe(
    name="ask",
    messages=(Message("user", "Hello"),),
    options=Options(temperature=0.0, max_tokens=9),
)
STREAM = replace(ASK, name="stream", stream=True)
JSON = (("content-type", "application/json"),)
SSE = (("content-type", "text/event-stream"),)


def body(answer="42", *, thought="Hm", finish="stop", completion=3, **more):
    return {
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": answer,
                    "reasoning": thought,
                },
                "finish_reason": finish,
            }
        ],
        "usage": {
            "prompt_tokens": 5,
            "completion_tokens": completion,
            "total_tokens": 5 + completion,
        },
        **more,
    }


def exchange(probe=ASK, value=None, *, status=200, headers=JSON, **more):
    raw = value if isinstance(value, bytes) else json.dumps(value or body()).encode()
    return Exchange(
        probe=probe,
        profile=PROFILE,
        request=build_request(probe, PROFILE, "m"),
        status=status,
        headers=headers,
        arrivals=more.pop("arrivals", (Arrival(0.1, raw),)),
        **more,
    )


def stream(*times, thought="Hm", probe=STREAM):
    """A stream with the *thought* and one answer event at each of the *times*."""

    def event(value):
        return b"data: " + json.dumps(value).encode() + b"\n\n"

    def chunk(delta, finish=None):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return event({"model": "m", "choices": [choice]})

    texts = [(times[0], {"reasoning": thought})]
    texts += [(at, {"content": "x"}) for at in times]
    arrivals = [Arrival(at, chunk(delta)) for at, delta in texts]
    end = chunk({}, "stop") + b"data: [DONE]\n\n"
    return exchange(
        probe, headers=SSE, arrivals=(*arrivals, Arrival(times[-1], end)), elapsed=9.0
    )


class Session:
    """What has been exchanged, and the replies to further requests, in turn."""

    def __init__(self, *exchanges, again=()):
        self.known = exchanges
        self.again = list(again)

    def exchanges(self):
        return self.known

    def send(self, probe):
        return replace(self.again.pop(0), probe=probe)


def found(altered):
    return [(one.aspect, one.verdict) for one in altered.alterations]
