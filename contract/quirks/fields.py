"""Quirks of JSON: unknown, absent and null members, in any order and notation."""

from __future__ import annotations

import json
from collections.abc import Callable

from contract.model import sse
from contract.model.chat import Json
from contract.model.check import quirk
from contract.model.dialect import StreamUsage
from contract.model.reply import Frame, Reply, encode_json, event_json
from contract.model.strict_json import MISSING, read_json


def _reencoded(reply: Reply, encode: Callable[[Json], bytes]) -> Reply:
    """Return *reply* with the JSON of its body or events encoded by *encode*."""
    if not reply.streamed:
        value = read_json(reply.body)
        if value is MISSING:
            return reply
        return reply.with_frames([Frame(reply.frames[-1].at, encode(value))])  # type: ignore[arg-type]  # it is not MISSING
    frames = []
    for frame in reply.frames:
        value = event_json(frame)
        kept = value is MISSING
        frames.append(frame if kept else Frame(frame.at, sse.encode(encode(value))))  # type: ignore[arg-type]  # it is not MISSING
    return reply.with_frames(frames)


def _choices(value: Json) -> tuple[dict[str, Json], ...]:
    choices = value.get("choices") if isinstance(value, dict) else None
    if not isinstance(choices, list):
        return ()
    return tuple(choice for choice in choices if isinstance(choice, dict))


@quirk
def unknown_members(reply: Reply) -> Reply:
    """Servers may add members at any time; clients ignore unknown members."""

    def added(value: Json) -> Json:
        if not _choices(value) or not isinstance(value, dict):
            return value
        return {**value, "p": "abcdefg", "x_debug": {"node": 7, "notes": []}}

    return reply.change(added)


@quirk
def null_members(reply: Reply) -> Reply:
    """A server may send null for an absent value, as vLLM does."""

    def nulled(value: Json) -> Json:
        for choice in _choices(value):
            choice.setdefault("logprobs", None)
        if _choices(value) and isinstance(value, dict):
            for name in ("system_fingerprint", "service_tier"):
                value.setdefault(name, None)
        return value

    return reply.change(nulled)


# Their null has a meaning: no content, and not finished.
MEANINGFUL_NULLS = frozenset({"content", "finish_reason"})


@quirk
def nulls_left_out(reply: Reply) -> Reply:
    """Gateways in Go and Rust omit members that are null ("omitempty")."""
    return reply.change(_without_nulls)


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {
            name: _without_nulls(entry)
            for name, entry in value.items()
            if entry is not None or name in MEANINGFUL_NULLS
        }
    if isinstance(value, list):
        return [_without_nulls(entry) for entry in value]
    return value


@quirk
def null_usage(reply: Reply) -> Reply:
    """OpenAI: "All other chunks will also include a usage field, but … null"."""
    if reply.dialect.stream_usage is not StreamUsage.EXTRA_CHUNK or not reply.streamed:
        return reply

    def nulled(value: Json) -> Json:
        if _choices(value) and isinstance(value, dict):
            value.setdefault("usage", None)
        return value

    return reply.change(nulled)


@quirk
def members_reversed(reply: Reply) -> Reply:
    """An object is unordered (RFC 8259 1); llama.cpp starts with another member."""
    return _reencoded(reply, lambda value: encode_json(_reversed(value)))


def _reversed(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _reversed(entry) for name, entry in reversed(value.items())}
    if isinstance(value, list):
        return [_reversed(entry) for entry in value]
    return value


@quirk
def escaped_characters(reply: Reply) -> Reply:
    """Any character may be escaped (RFC 8259 7), as Python's json does by default."""
    return _reencoded(reply, lambda value: json.dumps(value).encode())


@quirk
def escaped_slashes(reply: Reply) -> Reply:
    r"""A slash may be written `\/` (RFC 8259 7), as PHP does by default."""
    return _reencoded(reply, lambda value: encode_json(value).replace(b"/", b"\\/"))


@quirk
def pretty_printed(reply: Reply) -> Reply:
    """White space between tokens is insignificant (RFC 8259 2)."""
    return _reencoded(
        reply,
        lambda value: json.dumps(value, ensure_ascii=False, indent=2).encode(
            errors="surrogatepass"
        ),
    )


@quirk
def empty_deltas(reply: Reply) -> Reply:
    """Mistral and vLLM send deltas without text, for the role or while they buffer."""
    if not reply.streamed:
        return reply
    frames: list[Frame] = []
    for frame in reply.frames:
        frames.append(frame)
        value = event_json(frame)
        choices = _choices(value) if isinstance(value, dict) else ()
        if choices and not any(choice.get("finish_reason") for choice in choices):
            for choice in choices:
                choice["delta"] = {"content": ""}
                # No token was generated, so there is no log-probability either.
                if choice.get("logprobs") is not None:
                    choice["logprobs"] = None
            frames.append(Frame(frame.at, sse.encode(encode_json(value))))  # type: ignore[arg-type]  # it has choices, so it is JSON
    return reply.with_frames(frames)
