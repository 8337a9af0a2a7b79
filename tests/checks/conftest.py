"""Hand-made streams and responses, and faults applied to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from contract.catalog import profiles
from contract.catalog.profiles import builtin
from contract.model import sse
from contract.model.chat import Json
from contract.model.exchange import DONE, Arrival, End, Exchange
from contract.model.probes import SUM
from contract.model.reply import SSE_TYPE, Frame, Reply, encode_json
from contract.model.wire import Request, build_request

HEAD = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1_758_186_000,
    "model": "magistral",
}


@pytest.fixture
def chunk():
    """`chunk(delta, finish, index=…, **members)` is a chunk object."""

    def chunk(delta=None, finish=None, *, index=0, **members):
        choice: dict[str, Json] = {"index": index, "delta": delta or {}}
        choice["finish_reason"] = finish
        return {**HEAD, "choices": [choice], **members}

    return chunk


@pytest.fixture
def good(chunk):
    """The events of a valid stream."""
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    return (
        chunk({"role": "assistant", "content": ""}),
        chunk({"reasoning": "Six times"}),
        chunk({"reasoning": " seven."}),
        chunk({"content": "It is"}),
        chunk({"content": " 42."}),
        chunk({}, "stop"),
        {**HEAD, "choices": [], "usage": usage},
        DONE,
    )


def _bytes(event):
    if isinstance(event, bytes):
        return event
    return sse.encode(event if isinstance(event, str) else encode_json(event))


@pytest.fixture
def stream():
    """`stream(events, step=…)` is its exchange; events that are bytes are sent raw."""

    def stream(  # noqa: PLR0913  # the parts of an exchange that tests set
        events,
        *,
        step=0.01,
        profile="vllm-0.16",
        probe=SUM,
        media_type=SSE_TYPE[1],
        sent=None,
        end=End.COMPLETE,
    ):
        server = profiles.named(profile)
        if sent is None:
            sent = build_request(probe, server, "magistral").body
        arrivals = [
            Arrival(step * number, _bytes(event))
            for number, event in enumerate(events, 1)
        ]
        return Exchange(
            probe=probe,
            profile=server,
            request=Request("POST", "/v1/chat/completions", body=sent),
            status=200,
            headers=(("content-type", media_type),),
            arrivals=tuple(arrivals),
            end=end,
            elapsed=step * len(events),
        )

    return stream


@pytest.fixture
def reply(good):
    """The valid stream as the reply of a server."""
    return Reply(
        headers=(SSE_TYPE,),
        frames=tuple(Frame(0.01 * n, _bytes(event)) for n, event in enumerate(good, 1)),
        dialect=profiles.named("vllm-0.16").dialect,
        request=Request("POST", "/v1/chat/completions", body=b'{"stream":true}'),
        probe=SUM,
    )


@pytest.fixture
def spoiled(reply, stream):
    """`spoiled(fault, events)` is the exchange of a stream with *fault* applied."""

    def spoiled(fault, events=None, **options):
        before = reply
        if events is not None:
            frames = [Frame(0.01 * n, _bytes(event)) for n, event in enumerate(events)]
            before = replace(reply, frames=tuple(frames))
        after = fault.apply(before)
        media_type = dict(after.headers)["content-type"]
        made = stream(
            [f.data for f in after.frames],
            media_type=media_type,
            end=after.end,
            **options,
        )
        arrivals = tuple(Arrival(f.at, f.data) for f in after.frames)
        return replace(made, arrivals=arrivals, elapsed=arrivals[-1].at)

    return spoiled


@pytest.fixture
def answer() -> Callable[..., Exchange]:
    """`answer(probe, status, body)` is an exchange built without a server."""

    def made(probe, status, body, *, profile="vllm-0.32", kind="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Exchange(
            probe=probe,
            profile=builtin()[profile],
            request=Request(probe.method, probe.path),
            status=status,
            headers=(("content-type", kind),),
            arrivals=(Arrival(0.0, data),),
        )

    return made
