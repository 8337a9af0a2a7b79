"""Reasoning: as chunks in a list, in one field or in two, before and within answers."""

from __future__ import annotations

from contract.clients import changes
from contract.clients.expectations import same_answer, same_finish, same_reasoning
from contract.clients.scenario import (
    ANSWER,
    THOUGHT,
    Run,
    Scenario,
    has_chunks,
    lists_thoughts,
    names_thoughts,
    requirement,
    shows_thoughts,
)
from contract.clients.task import Task
from contract.model.check import Findings
from contract.model.custom import CustomReply

_THINKS = (CustomReply(thought=THOUGHT, answer=ANSWER),)
_STREAM = Task(stream=True)
_HUGE = "".join(f"Row {n} has {n % 7} seats, café № {n}. " for n in range(300))

WHOLE = Scenario(
    id="thought",
    title="The model thinks before it answers, in one whole response.",
    turns=_THINKS,
    where=shows_thoughts,
)
STREAMED = Scenario(
    id="thought-stream",
    title="The model thinks before it answers, in a stream.",
    task=_STREAM,
    turns=_THINKS,
    where=shows_thoughts,
)
RENAMED = Scenario(
    id="thought-renamed-field",
    title="The reasoning is in the other one of `reasoning` and `reasoning_content`, "
    "as after an upgrade of vLLM.",
    turns=_THINKS,
    changes=(changes.field_renamed,),
    where=names_thoughts,
)
RENAMED_STREAM = Scenario(
    id="thought-renamed-field-stream",
    title="The reasoning in a stream is in the other one of the two fields.",
    task=_STREAM,
    turns=_THINKS,
    changes=(changes.field_renamed,),
    where=names_thoughts,
)
BOTH = Scenario(
    id="thought-in-both-fields",
    title="The same reasoning is in `reasoning` and in `reasoning_content`.",
    turns=_THINKS,
    changes=(changes.both_fields,),
    where=names_thoughts,
)
BOTH_STREAM = Scenario(
    id="thought-in-both-fields-stream",
    title="Each delta of reasoning is in `reasoning` and in `reasoning_content`.",
    task=_STREAM,
    turns=_THINKS,
    changes=(changes.both_fields,),
    where=names_thoughts,
)
MIXED = Scenario(
    id="thought-and-text-in-one-delta",
    title="One delta of the stream ends the reasoning and begins the answer.",
    task=_STREAM,
    turns=_THINKS,
    changes=(changes.transition_in_one_delta,),
    where=lambda dialect: shows_thoughts(dialect) and has_chunks(dialect),
)
AGAIN = Scenario(
    id="thought-resumes",
    title="The model thinks, answers in part, thinks again, and ends the answer.",
    task=_STREAM,
    turns=_THINKS,
    changes=(changes.thinks_again,),
    where=shows_thoughts,
)
UNKNOWN = Scenario(
    id="unknown-chunk-type",
    title="The list of content holds a chunk of a type that the client does not know.",
    turns=_THINKS,
    changes=(changes.unknown_chunk,),
    where=lists_thoughts,
)
HUGE = Scenario(
    id="huge-thought",
    title="The model thinks for 10,000 characters before it answers.",
    task=_STREAM,
    turns=(CustomReply(thought=_HUGE, answer=ANSWER),),
    where=shows_thoughts,
)
CUT = Scenario(
    id="cut-thought",
    title="The limit of tokens ends the reply within its reasoning.",
    turns=(CustomReply(thought=THOUGHT, finish="length"),),
    where=shows_thoughts,
)
CUT_STREAM = Scenario(
    id="cut-thought-stream",
    title="The limit of tokens ends the stream within its reasoning.",
    task=_STREAM,
    turns=(CustomReply(thought=THOUGHT, finish="length"),),
    where=shows_thoughts,
)
_LIST = "docs.mistral.ai, reasoning: content is a list of thinking and text chunks"


@requirement(
    "client.reads-answers-after-thoughts",
    "A client MUST return the answer of a response with reasoning, without the "
    "reasoning.",
    source="vercel/ai#8072, run-llama/llama_index#20456",
    on=WHOLE,
)
def reads_answers_after_thoughts(run: Run) -> Findings:
    yield from same_answer(run)


@requirement(
    "client.reads-thoughts",
    "A client MUST return the reasoning of a response, once and whole.",
    source="BerriAI/litellm#16272",
    on=WHOLE,
)
def reads_thoughts(run: Run) -> Findings:
    yield from same_reasoning(run)


@requirement(
    "client.streams-answers-after-thoughts",
    "A client MUST return the answer of a stream with reasoning, without the "
    "reasoning.",
    source="vercel/ai#8072",
    on=STREAMED,
)
def streams_answers_after_thoughts(run: Run) -> Findings:
    yield from same_answer(run)


@requirement(
    "client.streams-thoughts",
    "A client MUST return the reasoning of a stream, once and whole.",
    source="BerriAI/litellm#16272, BerriAI/litellm#8939",
    on=STREAMED,
)
def streams_thoughts(run: Run) -> Findings:
    yield from same_reasoning(run)


@requirement(
    "client.reads-either-field",
    "A client SHOULD read reasoning from `reasoning` and from `reasoning_content`.",
    source="vllm-project/vllm#27752",
    on=(RENAMED, RENAMED_STREAM),
)
def reads_either_field(run: Run) -> Findings:
    yield from same_reasoning(run)


@requirement(
    "client.answers-whatever-the-field",
    "A client MUST return the answer whatever the field of the reasoning is called.",
    source="vllm-project/vllm#27752",
    on=(RENAMED, RENAMED_STREAM, BOTH, BOTH_STREAM),
)
def answers_whatever_the_field(run: Run) -> Findings:
    yield from same_answer(run)


@requirement(
    "client.reads-one-of-both-fields",
    "A client MUST NOT return reasoning twice that is in two fields.",
    source="vllm-project/vllm#27752: both fields from 0.11.1 to 0.15",
    on=(BOTH, BOTH_STREAM),
)
def reads_one_of_both_fields(run: Run) -> Findings:
    yield from same_reasoning(run)


@requirement(
    "client.reads-mixed-deltas",
    "A client MUST read a delta that holds reasoning and text.",
    source=_LIST,
    on=MIXED,
)
def reads_mixed_deltas(run: Run) -> Findings:
    yield from same_answer(run)


@requirement(
    "client.reads-resumed-thoughts",
    "A client MUST return the whole answer of a stream in which reasoning resumes.",
    source="docs.mistral.ai, reasoning: interleaved thinking",
    on=AGAIN,
)
def reads_resumed_thoughts(run: Run) -> Findings:
    yield from same_answer(run)


@requirement(
    "client.ignores-unknown-chunks",
    "A client SHOULD ignore chunks of content whose type it does not know.",
    source="mistralai: ContentChunk has an unknown member since 2.0",
    on=UNKNOWN,
)
def ignores_unknown_chunks(run: Run) -> Findings:
    yield from same_answer(run)


@requirement(
    "client.reads-huge-thoughts",
    "A client MUST return the answer that follows a thought of 10,000 characters.",
    source="mistralai/Magistral-Small-2509, model card: long thoughts",
    on=HUGE,
)
def reads_huge_thoughts(run: Run) -> Findings:
    yield from same_answer(run)


@requirement(
    "client.keeps-cut-thoughts-apart",
    "A client MUST NOT return reasoning as the answer if the reply ends within it.",
    source="vllm-project/vllm#30139",
    on=(CUT, CUT_STREAM),
)
def tells_cut_thoughts_from_answers(run: Run) -> Findings:
    if run.output.error is None:
        yield from same_answer(run)


@requirement(
    "client.reports-cut-thoughts",
    "A client MUST report the finish reason length of a reply without an answer, or an "
    "error.",
    source="OpenAI API reference, chat completions: finish_reason",
    on=(CUT, CUT_STREAM),
)
def reports_cut_thoughts(run: Run) -> Findings:
    if run.output.error is None:
        yield from same_finish(run, "length")
