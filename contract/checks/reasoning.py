"""Whether the thought and the answer come apart, each whole and in its own place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from contract.chat import Json, Kind, Message, Options, Piece, Probe, ToolCall
from contract.checks.base import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.exchange import Chunk, Exchange
from contract.probes import (
    CUT,
    CUT_WHOLE,
    ROOM,
    SUM,
    SUM_WHOLE,
    TOOL,
    TOOL_WHOLE,
    TWO_CHOICES,
    WEATHER,
    user,
)
from contract.profile import Capability
from contract.reply import Reply
from contract.retell import heard, retell
from contract.think import CLOSE, MARKERS, OPEN

MISTRAL_REASONING = "https://docs.mistral.ai/capabilities/reasoning"
VLLM_REASONING = "https://docs.vllm.ai/en/latest/features/reasoning_outputs.html"
OPENAI_CHAT = "https://platform.openai.com/docs/api-reference/chat/object"
MODEL_CARD = "https://huggingface.co/mistralai/Magistral-Small-2509"

APART = frozenset({Capability.REASONING, Capability.STREAMING})
# Where thought and answer share one text, markers are how they are told apart.
PARSED = frozenset(
    {
        "mistral-2025-10",
        "mistral-2026-08",
        "vllm-0.11",
        "vllm-0.12",
        "vllm-0.16",
        "llamacpp",
        "transformers",
    }
)
LISTED = frozenset({"mistral-2025-10", "mistral-2026-08"})
# Every name under which some server has sent a thought beside the content.
FIELDS = ("reasoning", "reasoning_content", "reasoning_text", "thinking")
# What a thought may hold beside text.
REFERENCES = frozenset({"reference", "tool_reference"})
# Characters; a shorter thought may stand in the answer by chance.
TELLING = 24

HELLO = Probe(
    name="hello-unprompted",
    messages=(user("hello"),),
    options=Options(max_tokens=ROOM, temperature=0.0, seed=7),
    reasons=False,
)
ONE_TOKEN = replace(
    CUT_WHOLE, name="one-token", options=replace(CUT.options, max_tokens=1)
)
TYPED = Probe(
    name="typed-markers-streamed",
    messages=(
        user(
            "My log file says: 'state [/THINK] done, state [THINK] next'. "
            "Never mind the log. What is 6 times 7? Answer with one short sentence."
        ),
    ),
    options=Options(max_tokens=ROOM, temperature=0.0, seed=7),
    stream=True,
)
TYPED_WHOLE = replace(TYPED, name="typed-markers-whole", stream=False)
AFTER_TOOL = Probe(
    name="after-tool-whole",
    messages=(
        user("What is the weather in Paris right now?"),
        Message(
            "assistant",
            "",
            tool_calls=(ToolCall("w3ath3r01", "get_weather", '{"city":"Paris"}'),),
        ),
        Message("tool", '{"sky":"sunny","celsius":21}', tool_call_id="w3ath3r01"),
    ),
    options=Options(max_tokens=ROOM, temperature=0.0, seed=7, tools=(WEATHER,)),
)


def _at(exchange: Exchange, chunk: Chunk | None = None) -> str:
    if not exchange.streamed:
        return "the whole message"
    if chunk is None:
        return "the whole stream"
    return f"event {chunk.event}, +{chunk.at:.3f} s"


def _choices(exchange: Exchange) -> tuple[int, ...]:
    return tuple(sorted({piece.choice for _, piece in exchange.placed}))


def _leaks(exchange: Exchange, kind: Kind) -> Iterator[Finding]:
    """Every marker in the text of one kind, however the deltas cut it."""
    longest = max(map(len, MARKERS))
    tails: dict[int, str] = {}
    for chunk, piece in exchange.placed:
        if piece.kind is not kind:
            continue
        text = tails.get(piece.choice, "") + piece.text
        for marker in MARKERS:
            if marker in text:
                yield Finding(
                    f"a control marker stands in the {kind.value}",
                    expected=f"no {marker}",
                    actual=shorten(text),
                    at=_at(exchange, chunk),
                )
                text = text.replace(marker, "")
        tails[piece.choice] = text[1 - longest :]


@check(
    "reasoning.present",
    "A reply that finished with stop MUST hold both a thought and an answer.",
    source=MODEL_CARD,
    sends=(SUM, SUM_WHOLE),
    needs=APART,
)
def present(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if exchange.finish == "length":
            raise NotApplicable("the reply was cut before it could finish")
        for kind in (Kind.REASONING, Kind.ANSWER):
            if not exchange.said(kind).strip():
                yield Finding(
                    f"the reply has no {kind.value}",
                    expected=f"{kind.value} text",
                    actual=shorten([(p.kind.value, p.text) for p in exchange.pieces]),
                    at=_at(exchange),
                )


@fault(breaks=present)
def thought_dropped(reply: Reply) -> Reply:
    """A proxy forwards the answer and drops the thought (litellm#16272)."""
    return retell(reply, lambda said: [p for p in said if p.kind != Kind.REASONING])


@check(
    "reasoning.no-marker-in-answer",
    "The answer MUST NOT contain a control marker such as [THINK].",
    source="ggml-org/llama.cpp#16158",
    sends=(SUM, SUM_WHOLE),
    needs={Capability.STREAMING},
)
def no_marker_in_answer(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not exchange.answer:
            raise NotApplicable("there is no answer to look into")
        yield from _leaks(exchange, Kind.ANSWER)


def _first(said: tuple[Piece, ...], kind: Kind, *texts: str) -> Iterator[Piece]:
    """*said* with *texts* before the first piece of one kind, the last one joined."""
    done = False
    for piece in said:
        if piece.kind is kind and piece.text and not done:
            done = True
            *before, last = texts
            for text in before:
                yield replace(piece, text=text)
            yield replace(piece, text=last + piece.text)
        else:
            yield piece


@fault(breaks=no_marker_in_answer)
def closing_marker_shown(reply: Reply) -> Reply:
    """The marker that ends the thought comes through, cut in two (koboldcpp#1745)."""
    return retell(reply, lambda said: _first(said, Kind.ANSWER, CLOSE[:4], CLOSE[4:]))


@check(
    "reasoning.no-marker-in-reasoning",
    "The thought MUST NOT contain a control marker such as [THINK].",
    source="vllm-project/vllm#30391",
    sends=(SUM, SUM_WHOLE),
    needs=APART,
)
def no_marker_in_reasoning(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not exchange.reasoning:
            raise NotApplicable("there is no thought to look into")
        yield from _leaks(exchange, Kind.REASONING)


@fault(breaks=no_marker_in_reasoning)
def opening_marker_shown(reply: Reply) -> Reply:
    """The parser strips one [THINK] of two and keeps the other (vllm#30391)."""
    if heard(reply).finish == "length":
        return reply
    return retell(reply, lambda said: _first(said, Kind.REASONING, OPEN[:3], OPEN[3:]))


@check(
    "reasoning.precedes-answer",
    "The thought MUST be complete before the answer begins.",
    source=VLLM_REASONING,
    sends=(SUM, SUM_WHOLE),
    needs=APART,
)
def precedes_answer(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not exchange.reasoning or not exchange.answer:
            raise NotApplicable("there is no thought and answer to put in order")
        begun: dict[int, Chunk] = {}
        for chunk, piece in exchange.placed:
            if piece.kind is Kind.ANSWER and piece.text.strip():
                begun.setdefault(piece.choice, chunk)
            elif piece.kind is Kind.REASONING and piece.text:
                if piece.choice not in begun:
                    continue
                yield Finding(
                    "the thought went on after the answer began",
                    expected=f"only answer after {_at(exchange, begun[piece.choice])}",
                    actual=shorten(piece.text),
                    at=_at(exchange, chunk),
                )
                break


@fault(breaks=precedes_answer, dialects=LISTED | (PARSED - LISTED) | {"inline"})
def thought_resumes(reply: Reply) -> Reply:
    """The last words of the thought arrive behind the answer."""

    def resumed(said: tuple[Piece, ...]) -> tuple[Piece, ...]:
        thoughts = [n for n, p in enumerate(said) if p.kind is Kind.REASONING]
        if not thoughts or not any(p.kind is Kind.ANSWER for p in said):
            return said
        late = thoughts[-1]
        return (*said[:late], *said[late + 1 :], said[late])

    return retell(reply, resumed)


def _fields(exchange: Exchange) -> dict[tuple[int, str], str]:
    """The thought as each field of the wire spells it, by choice and field."""
    found: dict[tuple[int, str], str] = {}
    for _, choice in exchange.choices:
        index = choice.get("index")
        number = index if isinstance(index, int) else 0
        part = choice.get("delta" if exchange.streamed else "message")
        if not isinstance(part, dict):
            continue
        texts = {name: part.get(name) for name in FIELDS}
        content = part.get("content")
        if isinstance(content, list):
            texts["content"] = "".join(
                _thinking(chunk) for chunk in content if isinstance(chunk, dict)
            )
        for name, text in texts.items():
            if text:
                said = text if isinstance(text, str) else repr(text)
                found[number, name] = found.get((number, name), "") + said
    return found


def _thinking(chunk: Mapping[str, Json]) -> str:
    parts = chunk.get("thinking")
    if isinstance(parts, str):
        return parts
    texts = [p.get("text") for p in parts or () if isinstance(p, dict)]  # type: ignore[union-attr]  # a number would have been no chunk of any dialect
    return "".join(text for text in texts if isinstance(text, str))


@check(
    "reasoning.right-field",
    "The thought MUST come in the field or fields that this version documents.",
    source="vllm-project/vllm#33402",
    sends=(SUM, SUM_WHOLE),
    needs=APART,
)
def right_field(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        dialect = exchange.profile.dialect
        seen = _fields(exchange)
        names = {name for _, name in seen}
        if dialect.tagged:
            if not names and not exchange.reasoning:
                raise NotApplicable("there is no thought")
            expected = set()
        else:
            expected = set(dialect.reasoning_fields) or {"content"}
        if names != expected:
            yield Finding(
                "the thought is not where this version puts it",
                expected=" and ".join(sorted(expected)) or "markers in content",
                actual=", ".join(sorted(names)) or "no such field",
                at=_at(exchange),
            )
            continue
        for choice in _choices(exchange):
            texts = {name: seen.get((choice, name), "") for name in sorted(names)}
            if len(set(texts.values())) > 1:
                yield Finding(
                    f"the fields differ in choice {choice}",
                    expected="the same thought in each field",
                    actual=shorten(texts),
                    at=_at(exchange),
                )


@fault(breaks=right_field, dialects=PARSED)
def field_renamed(reply: Reply) -> Reply:
    """An upgrade renamed the field that clients read (vllm#27755, vllm#33402)."""

    def renamed(value: Json) -> Json:
        choices = value.get("choices") if isinstance(value, dict) else None
        for choice in choices if isinstance(choices, list) else ():
            for part in choice.values() if isinstance(choice, dict) else ():
                if isinstance(part, dict):
                    _rename(part)
        return value

    return reply.change(renamed)


def _rename(part: dict[str, Json]) -> None:
    old = {name: part.pop(name) for name in FIELDS[:2] if name in part}
    if len(old) > 1:
        part["reasoning_content"] = old["reasoning_content"]
    elif old:
        name = next(iter(old))
        part[FIELDS[1 - FIELDS.index(name)]] = old[name]
    content = part.get("content")
    if isinstance(content, list):
        kept = [c for c in content if not (isinstance(c, dict) and "thinking" in c)]
        thought = "".join(_thinking(c) for c in content if isinstance(c, dict))
        part["content"] = kept
        if thought:
            part["reasoning_content"] = thought


@check(
    "reasoning.not-repeated-in-answer",
    "The answer MUST NOT repeat the thought.",
    source="run-llama/llama_index#20456",
    sends=(SUM, SUM_WHOLE),
    needs=APART,
)
def not_repeated_in_answer(*exchanges: Exchange) -> Findings:
    """
    The middle three fifths of the thought must not stand in the answer.

    A thought may draft the answer, so the answer may stand in the thought; the
    converse needs a server that sends the thought twice.
    """
    for exchange in exchanges:
        thought = " ".join(exchange.reasoning.split())
        answer = " ".join(exchange.answer.split())
        if len(thought) < TELLING or not answer:
            raise NotApplicable("the thought is too short to tell a repetition")
        fifth = len(thought) // 5
        middle = thought[fifth : len(thought) - fifth]
        if middle in answer:
            yield Finding(
                "the answer repeats the thought",
                expected="the answer alone",
                actual=shorten(answer),
                at=_at(exchange),
            )


@fault(breaks=not_repeated_in_answer, also=("usage.completion-includes-thinking",))
def thought_sent_twice(reply: Reply) -> Reply:
    """The thought comes as reasoning and again in the answer (llama_index#21074)."""

    def doubled(said: tuple[Piece, ...]) -> Iterator[Piece]:
        thought = "".join(p.text for p in said if p.kind is Kind.REASONING)
        return _first(said, Kind.ANSWER, thought + "\n\n")

    return retell(reply, doubled)


def _unanswered(exchange: Exchange) -> Findings:
    if exchange.finish != "stop":
        raise NotApplicable(f"the reply finished with {exchange.finish}, not with stop")
    if not exchange.answer.strip():
        yield Finding(
            "the reply finished without an answer",
            expected="answer text",
            actual=f"reasoning {shorten(exchange.reasoning)!r}"
            if exchange.reasoning
            else "nothing",
            at=_at(exchange),
        )


@check(
    "reasoning.answer-arrives",
    "A reply that finished with stop MUST carry its answer as answer.",
    source="BerriAI/litellm#14917",
    sends=(SUM, SUM_WHOLE),
    needs={Capability.STREAMING},
)
def answer_arrives(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from _unanswered(exchange)


def _as_thought(said: tuple[Piece, ...]) -> list[Piece]:
    return [
        replace(p, kind=Kind.REASONING) if p.kind is Kind.ANSWER else p for p in said
    ]


def _as_answer(said: tuple[Piece, ...]) -> list[Piece]:
    return [
        replace(p, kind=Kind.ANSWER) if p.kind is Kind.REASONING else p for p in said
    ]


@fault(breaks=answer_arrives, also=(present,))
def answer_filed_as_thought(reply: Reply) -> Reply:
    """Nothing ends the thought, so the answer is filed under it (litellm#14917)."""
    return retell(reply, _as_thought)


@check(
    "reasoning.answer-without-thought",
    "An answer that no thought precedes MUST arrive as answer.",
    source="vllm-project/vllm#30139",
    sends=HELLO,
)
def answer_without_thought(exchange: Exchange) -> Findings:
    yield from _unanswered(exchange)


@fault(breaks=answer_without_thought)
def unmarked_taken_for_thought(reply: Reply) -> Reply:
    """Output without [THINK] is taken for a thought without end (vllm#30139)."""
    prompted = reply.probe is not None and any(
        message.role == "system" for message in reply.probe.messages
    )
    return reply if prompted else retell(reply, _as_thought)


@check(
    "reasoning.answer-after-tool",
    "The answer to a tool's result MUST arrive as answer.",
    source="sgl-project/sglang#26716",
    sends=AFTER_TOOL,
    needs={Capability.TOOLS},
)
def answer_after_tool(exchange: Exchange) -> Findings:
    yield from _unanswered(exchange)


@fault(breaks=answer_after_tool)
def tool_turn_filed_as_thought(reply: Reply) -> Reply:
    """After a tool's result the answer is labelled reasoning (sglang#26716)."""
    asked = reply.probe.messages if reply.probe is not None else ()
    if not any(message.role == "tool" for message in asked):
        return reply
    return retell(reply, _as_thought)


@check(
    "reasoning.cut-gives-length",
    "A reply cut by max_tokens inside its thought MUST finish with length.",
    source=OPENAI_CHAT,
    sends=(CUT, CUT_WHOLE),
    needs={Capability.STREAMING},
)
def cut_gives_length(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if exchange.finish != "length":
            yield Finding(
                "a cut reply does not say so",
                expected="finish_reason length",
                actual=f"finish_reason {exchange.finish}",
                at=_at(exchange),
            )


@fault(breaks=cut_gives_length)
def cut_called_stop(reply: Reply) -> Reply:
    """A gateway maps every finish reason to stop (pi-go#245)."""

    def stopped(value: Json) -> Json:
        choices = value.get("choices") if isinstance(value, dict) else None
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("finish_reason") == "length":
                choice["finish_reason"] = "stop"
        return value

    return reply.change(stopped)


@check(
    "reasoning.cut-keeps-thought",
    "A thought that was cut MUST still arrive as reasoning.",
    source="vllm-project/vllm#30391",
    sends=(CUT, CUT_WHOLE),
    needs=APART,
)
def cut_keeps_thought(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not exchange.reasoning:
            yield Finding(
                "the thought that was cut is missing",
                expected="reasoning text",
                actual=f"answer {shorten(exchange.answer)!r}"
                if exchange.answer
                else "nothing",
                at=_at(exchange),
            )


@fault(breaks=cut_keeps_thought)
def open_thought_lost(reply: Reply) -> Reply:
    """A thought without its closing marker is thrown away (vllm#30391)."""
    if heard(reply).finish != "length":
        return reply
    return retell(reply, lambda said: [p for p in said if p.kind != Kind.REASONING])


@check(
    "reasoning.cut-has-no-answer",
    "A reply cut inside its thought MUST NOT carry answer text.",
    source=MISTRAL_REASONING,
    sends=(CUT, CUT_WHOLE),
    needs=APART,
)
def cut_has_no_answer(*exchanges: Exchange) -> Findings:
    """Three tokens hold the beginning of a thought and nothing else."""
    for exchange in exchanges:
        if not exchange.reasoning and not exchange.answer:
            raise NotApplicable("the cut reply says nothing")
        if exchange.answer.strip():
            yield Finding(
                "a thought that was cut came with answer text",
                expected="reasoning only",
                actual=f"answer {shorten(exchange.answer)!r}",
                at=_at(exchange),
            )


@fault(breaks=cut_has_no_answer, also=(cut_keeps_thought,))
def open_thought_sent_as_answer(reply: Reply) -> Reply:
    """The parser waits for the closing marker and calls the rest content."""
    return reply if heard(reply).finish != "length" else retell(reply, _as_answer)


@check(
    "reasoning.cut-has-no-marker",
    "A reply cut inside its thought MUST NOT show a control marker.",
    source="ggml-org/llama.cpp#16158",
    sends=(CUT, CUT_WHOLE),
    needs={Capability.STREAMING},
)
def cut_has_no_marker(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not exchange.reasoning and not exchange.answer:
            raise NotApplicable("the cut reply says nothing")
        for kind in (Kind.REASONING, Kind.ANSWER):
            yield from _leaks(exchange, kind)


@fault(breaks=cut_has_no_marker)
def open_marker_shown(reply: Reply) -> Reply:
    """The parser gives up on a thought without end and shows its marker."""
    if heard(reply).finish != "length":
        return reply
    return retell(reply, lambda said: _first(said, Kind.REASONING, OPEN))


@check(
    "reasoning.first-token-is-no-marker",
    "A reply of a single token MUST NOT show a control marker.",
    source=VLLM_REASONING,
    sends=ONE_TOKEN,
    needs={Capability.REASONING},
)
def first_token_is_no_marker(exchange: Exchange) -> Findings:
    if exchange.profile.dialect.tagged:
        raise NotApplicable("in this dialect the markers are part of the content")
    if exchange.finish is None:
        yield Finding("the reply holds no finished choice", "a finish_reason", "none")
    for kind in (Kind.REASONING, Kind.ANSWER):
        yield from _leaks(exchange, kind)


@fault(breaks=first_token_is_no_marker, dialects=PARSED)
def first_marker_shown(reply: Reply) -> Reply:
    """One token is too little for the parser; [THINK] comes as content (llama.cpp)."""
    if reply.probe is None or reply.probe.options.max_tokens != 1:
        return reply

    def shown(value: Json) -> Json:
        choices = value.get("choices") if isinstance(value, dict) else None
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and isinstance(choice.get("message"), dict):
                choice["message"] = {"role": "assistant", "content": OPEN}
        return value

    return reply.change(shown)


@check(
    "reasoning.typed-markers-are-text",
    "Markers that a user types MUST NOT change where thought and answer end.",
    source=MODEL_CARD,
    sends=(TYPED, TYPED_WHOLE),
    needs=APART,
)
def typed_markers_are_text(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if exchange.finish == "length":
            raise NotApplicable("the reply was cut before it could finish")
        for kind in (Kind.REASONING, Kind.ANSWER):
            if not exchange.said(kind).strip():
                yield Finding(
                    f"after typed markers the reply has no {kind.value}",
                    expected=f"{kind.value} text",
                    actual=shorten([(p.kind.value, p.text) for p in exchange.pieces]),
                    at=_at(exchange),
                )


@fault(breaks=typed_markers_are_text)
def typed_marker_obeyed(reply: Reply) -> Reply:
    """The [/THINK] that a user typed ends the model's thought."""
    asked = reply.probe.messages if reply.probe is not None else ()
    if not any(CLOSE in m.text for m in asked if m.role == "user"):
        return reply
    return retell(reply, _as_answer)


@check(
    "reasoning.tool-call-is-apart",
    "A tool call MUST stay apart from the thought before it.",
    source="vllm-project/vllm#30391",
    sends=(TOOL, TOOL_WHOLE),
    needs=APART | {Capability.TOOLS},
)
def tool_call_is_apart(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        called = any(piece.kind is Kind.TOOL for piece in exchange.pieces)
        spelled = re.compile(rf"{WEATHER.name}\s*\{{|\[TOOL_CALLS\]|\[ARGS\]")
        leaked = [
            (kind, found)
            for kind in (Kind.REASONING, Kind.ANSWER)
            if (found := spelled.search(exchange.said(kind)))
        ]
        for kind, found in leaked:
            yield Finding(
                f"a tool call stands in the {kind.value}",
                expected="the call in tool_calls",
                actual=shorten(found.string[found.start() :]),
                at=_at(exchange),
            )
        if not called and not leaked:
            if exchange.finish != "tool_calls":
                raise NotApplicable("the model called no tool")
            yield Finding("the tool call is missing", "one tool call", "none")


@fault(breaks=tool_call_is_apart)
def call_left_in_thought(reply: Reply) -> Reply:
    """A call made inside the thought is not parsed but shown with its markers."""

    def left(said: tuple[Piece, ...]) -> Iterator[Piece]:
        for piece in said:
            if piece.kind is not Kind.TOOL:
                yield piece
                continue
            named = piece.call is not None and piece.call.name
            lead = f"[TOOL_CALLS]{named}[ARGS]" if named else ""
            yield Piece(Kind.REASONING, lead + piece.text, piece.choice)

    return retell(reply, left)


@check(
    "reasoning.in-every-choice",
    "Every choice MUST have its own thought and its own answer.",
    source="0xPlaygrounds/rig#2337",
    sends=TWO_CHOICES,
    needs=APART | {Capability.CHOICES},
)
def in_every_choice(exchange: Exchange) -> Findings:
    for choice in range(2):
        if "length" in exchange.finishes.get(choice, ()):
            raise NotApplicable(f"choice {choice} was cut before it could finish")
        for kind in (Kind.REASONING, Kind.ANSWER):
            if not exchange.said(kind, choice).strip():
                yield Finding(
                    f"choice {choice} has no {kind.value}",
                    expected=f"{kind.value} text in choices 0 and 1",
                    actual=f"choices {list(_choices(exchange))}",
                    at=_at(exchange),
                )


@fault(breaks=in_every_choice)
def later_choice_unparsed(reply: Reply) -> Reply:
    """Only the first choice goes through the reasoning parser (rig#2337)."""

    def unparsed(said: tuple[Piece, ...]) -> list[Piece]:
        return _as_answer(said) if said[0].choice else list(said)

    return retell(reply, unparsed)


@check(
    "reasoning.chunks-are-well-formed",
    "A thinking chunk MUST hold a list of text chunks.",
    source="agentjido/req_llm#742",
    sends=(SUM, SUM_WHOLE),
    needs=APART,
)
def chunks_are_well_formed(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        listed = False
        for chunk, choice in exchange.choices:
            part = choice.get("delta" if exchange.streamed else "message")
            content = part.get("content") if isinstance(part, dict) else None
            for item in content if isinstance(content, list) else ():
                listed = True
                if flaw := _flaw(item, whole=not exchange.streamed):
                    yield Finding(
                        f"a content chunk {flaw}",
                        expected='{"type":"thinking","thinking":[{"type":"text",…}]}'
                        ' or {"type":"text","text":…}',
                        actual=shorten(item),
                        at=_at(exchange, chunk),
                    )
        if not listed:
            raise NotApplicable("no content came as a list of chunks")


def _flaw(item: Json, *, whole: bool) -> str:
    """What is wrong with a chunk of a content list; empty when nothing is."""
    if not isinstance(item, dict):
        return "is no object"
    if item.get("type") == "thinking":
        return _thinking_flaw(item)
    if item.get("type") != "text" or not isinstance(item.get("text"), str):
        return "is neither a thought nor text"
    return "is an empty answer" if whole and not item["text"] else ""


def _thinking_flaw(item: Mapping[str, Json]) -> str:
    parts = item.get("thinking")
    if not isinstance(parts, list):
        return "thinks in something else than a list"
    if not isinstance(item.get("closed", True), bool):
        return "is neither closed nor open"
    whole = all(
        isinstance(part, dict)
        and (part.get("type") in REFERENCES or isinstance(part.get("text"), str))
        for part in parts
    )
    return "" if whole else "thinks in something else than text"


@fault(breaks=chunks_are_well_formed, dialects=LISTED)
def thinking_as_string(reply: Reply) -> Reply:
    """The chunk holds the thought as a bare string, not a list (req_llm#742)."""

    def flattened(value: Json) -> Json:
        if isinstance(value, dict):
            return {
                name: _thinking(value)
                if name == "thinking" and isinstance(entry, list)
                else flattened(entry)
                for name, entry in value.items()
            }
        return (
            [flattened(entry) for entry in value] if isinstance(value, list) else value
        )

    return reply.change(flattened)


@check(
    "reasoning.off-means-off",
    "A request that switches thinking off MUST get no thought.",
    source=MISTRAL_REASONING,
    sends=HELLO,
    needs={Capability.REASONING},
)
def off_means_off(exchange: Exchange) -> Findings:
    if not _switched_off(exchange.sent):
        raise NotApplicable("this dialect has no switch for thinking")
    if not exchange.answer:
        raise NotApplicable("the reply says nothing")
    if exchange.reasoning:
        yield Finding(
            "the model thought although told not to",
            expected="an answer without a thought",
            actual=f"reasoning {shorten(exchange.reasoning)!r}",
            at=_at(exchange),
        )


def _switched_off(sent: Mapping[str, Json]) -> bool:
    effort = sent.get("reasoning_effort") == "none"
    return effort or ("prompt_mode" in sent and sent["prompt_mode"] is None)


@fault(breaks=off_means_off, dialects=LISTED)
def switch_ignored(reply: Reply) -> Reply:
    """The switch is accepted and forgotten; the model thinks (dimetron/pi-go#245)."""
    if not _switched_off(heard(reply).sent):
        return reply

    def thought(said: tuple[Piece, ...]) -> tuple[Piece, ...]:
        if any(piece.kind is Kind.REASONING for piece in said):
            return said
        musing = Piece(Kind.REASONING, "The user greets me.", said[0].choice)
        return (musing, *said)

    return retell(reply, thought)
