"""Servers without a reasoning parser: reasoning stays in `content`, with markers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import groupby

from contract.model import think
from contract.model.chat import Json, Piece, PieceKind
from contract.model.dialect import Answer, Head, ServerFlags, Usage
from contract.model.probe import Probe
from contract.providers.openai_format import parsing, request_body, response_body
from contract.providers.openai_format.request_body import MessageFormat, ReasoningFormat
from contract.providers.vllm import dialect
from contract.providers.vllm.rules import rules

_FORMAT = MessageFormat(reasoning=ReasoningFormat.TAGS, prefix=False)


def request(probe: Probe, model: str) -> dict[str, Json]:
    """Return the body, with reasoning as tagged text."""
    return request_body.body(probe, model, _FORMAT)


def parse(body: Mapping[str, Json]) -> Probe:
    """Parse a body whose tagged text holds reasoning."""
    return parsing.probe(body, _FORMAT)


def decode(part: Json) -> tuple[Piece, ...]:
    """Decode all content as answer text, to be split by `contract.model.think`."""
    return parsing.pieces(part, ())


def encode(pieces: Iterable[Piece]) -> Iterator[dict[str, Json]]:
    """Yield the role, then one delta per piece; a tool call closes the reasoning."""
    yield {"role": "assistant", "content": ""}
    for part in _tagged(pieces):
        yield (
            response_body.fragment(part)
            if isinstance(part, Piece)
            else {"content": part}
        )


def _tagged(pieces: Iterable[Piece]) -> Iterator[str | Piece]:
    last: Piece | None = None
    for is_tool, run in groupby(pieces, key=lambda piece: piece.kind is PieceKind.TOOL):
        if not is_tool:
            texts = list(run)
            yield from think.wrap(texts)
            last = texts[-1]
            continue
        if last is not None and last.kind is PieceKind.REASONING:
            yield think.CLOSE
        last = None
        yield from run


def message(pieces: Iterable[Piece]) -> dict[str, Json]:
    """Return a whole message with the tagged text in `content`."""
    output = tuple(pieces)
    content = "".join(part for part in _tagged(output) if isinstance(part, str))
    return dialect.message_without_reasoning(content or None, output, modern=True)


def completion(
    head: Head, answers: tuple[Answer, ...], usage: Usage
) -> dict[str, Json]:
    """Return a whole response as vLLM frames it, without a count of the reasoning."""
    messages = [(message(a.pieces), a.finish) for a in answers]
    return dialect.envelope(head, messages, usage, modern=False)


_VERSION = dialect.Version(fields=(), message_format=_FORMAT)
INLINE = replace(
    dialect.VLLM_0_16,
    id="inline",
    title="A server without a reasoning parser: markers in content",
    prefix="Inline",
    request=request,
    decode=decode,
    parse=parse,
    encode=encode,
    message=message,
    chunk=partial(dialect.chunk, _VERSION),
    usage_chunk=partial(dialect.usage_chunk, _VERSION),
    completion=completion,
    patch_grid=None,
    rules=rules("0.32.0", parse),
    tagged=True,
    reasoning_fields=frozenset(),
    server_flags=ServerFlags(
        tool_calls="start the server with its parser for Mistral's tool calls"
    ),
    # Either the form of vLLM or that of llama.cpp.
    call_id=r"[A-Za-z0-9]{9}|[A-Za-z0-9]{32}",
)
