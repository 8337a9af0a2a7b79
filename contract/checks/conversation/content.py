"""Message content checks: empty content, content parts and white space."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.combined.exact import exact_prompts
from contract.checks.combined.prompts import EVERY_TEXT
from contract.checks.conversation.prompt_cost import costs_more, costs_the_same, system
from contract.checks.faults.rejection import reject
from contract.checks.faults.usage import misread_texts, misreport_prompt
from contract.checks.judging.prompt_tokens import PLAIN, one_token_request
from contract.checks.sources import MISTRAL_COMMON, OPENAI_CHAT
from contract.model.chat import Message, Text
from contract.model.check import Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import user
from contract.model.reply import Reply

_FIRST, _SECOND = "The sky is green today.", "Which colour has it?"
EMPTY = one_token_request("empty-message", "")
EMPTY_SYSTEM = one_token_request("empty-system", system(""), user("Hello"))
EMPTY_TWICE = one_token_request("empty-system-and-message", system(""), user(""))
TEXT = one_token_request("content-as-text", _FIRST)
PART = one_token_request("content-as-part", Message("user", (Text(_FIRST),)))
PARTS = one_token_request(
    "content-as-parts", Message("user", (Text(_FIRST), Text(_SECOND)))
)
LAST_PART = one_token_request("content-as-last-part", Message("user", (Text(_SECOND),)))
BLANKS = one_token_request("blanks-around", "\n\n  Hello \n \t\n")
CRLF = one_token_request("lines-crlf", "one\r\ntwo\r\n\r\nthree")
LF = one_token_request("lines-lf", "one\ntwo\n\nthree")


@check(
    "conversation.empty-content-is-taken",
    "An empty message SHOULD be accepted, and cost only its template tokens.",
    source=f"{MISTRAL_COMMON}; {OPENAI_CHAT}: messages.content",
    sends=(EMPTY, PLAIN, EMPTY_SYSTEM),
    combined=exact_prompts(EMPTY_TWICE),
)
def empty_content_is_taken(
    empty: Exchange, plain: Exchange, with_system: Exchange
) -> Findings:
    """
    No schema sets a minimum length; a template still adds its markers.

    The exchanges are of an empty user message, of "Hello", and of "Hello" after an
    empty system message.
    """
    yield from costs_more(plain, empty, "a message compared with an empty one")
    yield from costs_more(with_system, empty, "a message after an empty one")


@fault(breaks=empty_content_is_taken, also=("conversation.empty-result-is-taken",))
def empty_content_refused(reply: Reply) -> Reply:
    """A validator mistakes empty content for missing content."""
    turns = reply.probe.messages if reply.probe is not None else ()
    if not any(turn.content == "" and not turn.tool_calls for turn in turns):
        return reply
    return reject(reply, "/messages/0/content", "", "content must not be empty")


@check(
    "conversation.part-equals-text",
    "A message with one text part MUST be read like the plain text.",
    source=f"{OPENAI_CHAT}: messages.content; chatboxai/chatbox#2196",
    sends=(TEXT, PART),
    combined=exact_prompts(EVERY_TEXT),
)
def part_equals_text(text: Exchange, part: Exchange) -> Findings:
    yield from costs_the_same(text, part, "sending the text as a part")


@fault(breaks=part_equals_text, also=("conversation", "languages", "multimodal"))
def parts_printed(reply: Reply) -> Reply:
    """The template inserts the printed form (repr) of the list of content parts."""

    def misread(probe: Probe) -> Probe:
        return replace(probe, messages=tuple(map(_as_repr, probe.messages)))

    return misreport_prompt(reply, misread)


def _as_repr(message: Message) -> Message:
    if message.role != "user" or not isinstance(message.content, tuple):
        return message
    if not all(isinstance(part, Text) for part in message.content):
        return message
    chunks = [{"type": "text", "text": message.text}]
    return replace(message, content=str(chunks))


@check(
    "conversation.every-part-is-read",
    "Every text part of a message, and their separator, MUST be counted.",
    source=f"{MISTRAL_COMMON}: adjacent texts are joined by a blank line",
    sends=(TEXT, LAST_PART, PARTS),
    combined=exact_prompts(EVERY_TEXT),
)
def every_part_is_read(first: Exchange, last: Exchange, both: Exchange) -> Findings:
    """The exchanges are of each part alone and of both in one message."""
    yield from costs_more(both, first, "the second part")
    yield from costs_more(both, last, "the first part")


@fault(breaks=every_part_is_read)
def first_part_alone(reply: Reply) -> Reply:
    """The chat template reads only content[0]["text"]."""

    def misread(probe: Probe) -> Probe:
        return replace(probe, messages=tuple(map(_first_part, probe.messages)))

    return misreport_prompt(reply, misread)


def _first_part(message: Message) -> Message:
    only_text = all(isinstance(part, Text) for part in message.parts)
    if (
        message.role != "user"
        or not only_text
        or not isinstance(message.content, tuple)
    ):
        return message
    return replace(message, content=message.content[:1])


@check(
    "conversation.blanks-are-kept",
    "White space around the text of a message MUST be kept.",
    source=MISTRAL_COMMON,
    sends=(PLAIN, BLANKS),
    combined=exact_prompts(EVERY_TEXT),
)
def blanks_are_kept(plain: Exchange, blanks: Exchange) -> Findings:
    """Indentation and trailing newlines carry meaning; Tekken has tokens for them."""
    yield from costs_more(blanks, plain, "white space")


@fault(breaks=blanks_are_kept)
def blanks_trimmed(reply: Reply) -> Reply:
    """The chat template trims every message, as those of other models do."""
    return misreport_prompt(reply, misread_texts(str.strip))


@check(
    "conversation.line-ends-are-kept",
    "Carriage returns in CRLF line ends MUST be kept.",
    source=MISTRAL_COMMON,
    sends=(LF, CRLF),
    combined=exact_prompts(EVERY_TEXT),
)
def line_ends_are_kept(lf: Exchange, crlf: Exchange) -> Findings:
    yield from costs_more(crlf, lf, "a carriage return")


@fault(breaks=line_ends_are_kept)
def line_ends_unified(reply: Reply) -> Reply:
    """Texts pass through a form or a text-mode file, which normalises line ends."""
    return misreport_prompt(
        reply, misread_texts(lambda text: text.replace("\r\n", "\n"))
    )
