"""Streams: what server-sent events and their chunks may look like, and how they end."""

from __future__ import annotations

from collections.abc import Callable

from contract.clients import changes
from contract.clients.expectations import (
    ensure_result,
    reports_error,
    same_answer,
    same_finish,
    same_usage,
)
from contract.clients.scenario import (
    Change,
    Run,
    Scenario,
    everywhere,
    has_chunks,
    has_items,
    names_thoughts,
    requirement,
)
from contract.clients.task import Task
from contract.model.check import Findings
from contract.model.dialect import Dialect
from contract.quirks import framing

_SSE = "WHATWG HTML 9.2.6, interpreting an event stream"
_OPENAI = "OpenAI API reference, chat completion chunk"


def _stream(
    id: str,
    title: str,
    change: Change,
    where: Callable[[Dialect], bool] = everywhere,
) -> Scenario:
    """Return a scenario in which an answer is streamed with *change*."""
    task = Task(stream=True)
    return Scenario(id=id, title=title, task=task, changes=(change,), where=where)


CRLF = _stream(
    "crlf", "The lines of the stream end in CR LF.", framing.crlf_line_ends.apply
)
COMMENTS = _stream("comments", "Comments keep the stream alive.", changes.comments)
FIELDS = _stream(
    "event-fields",
    "Events have a type, an id and a reconnection time.",
    framing.other_fields.apply,
)
TYPES = _stream(
    "other-events",
    "Events of a type of their own come between the chunks.",
    changes.events_of_other_types,
)
NO_SPACE = _stream(
    "no-space-after-colon",
    "There is no space after `data:`.",
    framing.no_space_after_colon.apply,
)
LINES = _stream(
    "data-in-lines",
    "The data of an event spans two lines.",
    framing.data_in_several_lines.apply,
)
TINY = _stream(
    "tiny-writes",
    "Every write is of seven bytes: characters and lines are divided.",
    changes.in_tiny_writes,
)
ONE_WRITE = _stream(
    "one-write", "The whole stream comes in one write.", changes.all_at_once
)
UNKNOWN = _stream(
    "unknown-members",
    "Chunks have members that the client does not know.",
    changes.unknown_members,
)
NULLS = _stream(
    "null-content",
    "Deltas without text have the content null.",
    changes.null_content,
    where=has_chunks,
)
ROLES = _stream(
    "role-everywhere",
    "Every delta repeats the role.",
    changes.role_everywhere,
    where=has_chunks,
)
NO_CHOICES = _stream(
    "no-choices",
    "The first chunk has an empty list of choices.",
    changes.no_choices_first,
    where=has_chunks,
)
USAGE_ALONE = _stream(
    "usage-alone",
    "The usage comes in a chunk without choices.",
    changes.usage_alone,
    where=has_chunks,
)
NO_DONE = _stream(
    "no-done",
    "The stream ends without [DONE].",
    changes.without_done,
    where=has_chunks,
)
LENGTH = _stream(
    "finish-length", "The limit of tokens ends the stream.", changes.finished("length")
)
FILTER = _stream(
    "finish-content-filter",
    "A filter ends the stream.",
    changes.finished("content_filter"),
    # Mistral's chat completions do not document it.
    where=lambda dialect: names_thoughts(dialect) or has_items(dialect),
)
LATE_WORD = _stream(
    "finish-unknown",
    "The stream ends for a reason that the client does not know.",
    changes.finished("model_length"),
    where=has_chunks,
)
INSIDE = _stream(
    "error-in-stream",
    "The stream breaks off with an error as its data.",
    changes.error_inside,
)
CUT = _stream("cut-stream", "The connection is reset within the stream.", changes.cut)
TRUNCATED = _stream(
    "truncated-stream",
    "A proxy ends the stream properly, in the middle of the answer.",
    changes.truncated,
)
SLOW = _stream(
    "late-first-byte",
    "The first byte comes after a second and a half.",
    changes.delayed(1.5),
)


def _reads(id: str, text: str, on: Scenario, source: str = _SSE) -> object:
    """Return the requirement that the answer of a stream is returned."""

    @requirement(id, text, source=source, on=on)
    def reads(run: Run) -> Findings:
        yield from same_answer(run)

    return reads


reads_crlf = _reads(
    "client.reads-crlf", "A client MUST read streams whose lines end in CR LF.", CRLF
)
ignores_comments = _reads(
    "client.ignores-comments", "A client MUST ignore comments in a stream.", COMMENTS
)
reads_event_fields = _reads(
    "client.reads-event-fields",
    "A client MUST read events that have a type, an id or a reconnection time.",
    FIELDS,
)
ignores_other_events = _reads(
    "client.ignores-other-events",
    "A client SHOULD ignore events of a type that it does not know.",
    TYPES,
)
reads_no_space = _reads(
    "client.reads-no-space",
    "A client MUST read events without a space after the colon.",
    NO_SPACE,
)
reads_data_in_lines = _reads(
    "client.reads-data-in-lines",
    "A client SHOULD join the data of an event that spans several lines.",
    LINES,
)
reads_tiny_writes = _reads(
    "client.reads-tiny-writes",
    "A client MUST read streams whose characters are divided between reads.",
    TINY,
    "RFC 9110 and TCP: a read may end anywhere",
)
reads_one_write = _reads(
    "client.reads-one-write",
    "A client MUST read all events that arrive in one read.",
    ONE_WRITE,
    "RFC 9110 and TCP: reads may be joined",
)
ignores_unknown_members = _reads(
    "client.ignores-unknown-members",
    "A client MUST ignore members of chunks that it does not know.",
    UNKNOWN,
    _OPENAI,
)
reads_null_content = _reads(
    "client.reads-null-content",
    "A client MUST read deltas whose content is null.",
    NULLS,
    _OPENAI,
)
reads_repeated_roles = _reads(
    "client.reads-repeated-roles",
    "A client MUST read deltas that repeat the role.",
    ROLES,
    _OPENAI,
)
reads_empty_choices = _reads(
    "client.reads-empty-choices",
    "A client MUST read chunks without choices.",
    NO_CHOICES,
    _OPENAI,
)
reads_usage_alone = _reads(
    "client.reads-usage-alone",
    "A client MUST return the answer if the usage comes in a chunk without choices.",
    USAGE_ALONE,
    _OPENAI,
)
reads_without_done = _reads(
    "client.reads-without-done",
    "A client SHOULD return the answer of a stream that ends without [DONE].",
    NO_DONE,
    "RFC 9112 7.1: the last chunk of the body ends it",
)
waits_for_the_first_byte = _reads(
    "client.waits-for-the-first-byte",
    "A client MUST wait more than a second for the first byte of a stream.",
    SLOW,
    "docs/glossary.md: TTFB of reasoning models",
)
reads_unknown_finish_reasons = _reads(
    "client.reads-unknown-finish-reasons",
    "A client MUST return the answer if it does not know the finish reason.",
    LATE_WORD,
    "mistralai/client-python#74; docs.mistral.ai: model_length",
)


@requirement(
    "client.streams-usage",
    "A client SHOULD report the token counts of a stream that has them.",
    source="langchain-ai/langchain-litellm#33",
    on=USAGE_ALONE,
)
def streams_usage(run: Run) -> Findings:
    yield from same_usage(run)


@requirement(
    "client.reports-finish-length",
    "A client MUST report that the limit of tokens ended a stream.",
    source=_OPENAI,
    on=LENGTH,
)
def reports_finish_length(run: Run) -> Findings:
    yield from same_finish(run, "length")


@requirement(
    "client.reports-finish-content-filter",
    "A client MUST report that a filter ended a stream.",
    source=_OPENAI,
    on=FILTER,
)
def reports_finish_content_filter(run: Run) -> Findings:
    yield from same_finish(run, "content_filter")


@requirement(
    "client.reports-errors-in-streams",
    "A client MUST report an error that comes as the data of a stream.",
    source="BerriAI/litellm#39748",
    on=INSIDE,
)
def reports_errors_in_streams(run: Run) -> Findings:
    yield from reports_error(run)


@requirement(
    "client.reports-truncated-streams",
    "A client SHOULD report a stream that ends without a finish reason.",
    source="@ai-sdk/openai-compatible, changelog: report truncated chat streams",
    on=TRUNCATED,
)
def reports_truncated_streams(run: Run) -> Findings:
    ensure_result(run)
    if run.output.has("finish_reason") and run.output.error is None:
        reason = run.output.result.get("finish_reason")
        if reason in {None, "", "unknown", "other", "error"}:
            return
    yield from reports_error(run)


@requirement(
    "client.reports-cut-streams",
    "A client MUST report a stream whose connection was reset.",
    source="RFC 9112 8: an incomplete message",
    on=CUT,
)
def reports_cut_streams(run: Run) -> Findings:
    yield from reports_error(run)
