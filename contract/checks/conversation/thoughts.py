"""
Checks of histories whose answers are replayed without the thoughts before them.

The model card leaves the choice to the client: to keep the thoughts of earlier turns,
or only the answers. So both have to be accepted, and to lead to a sound reply.
"""

from __future__ import annotations

from dataclasses import replace

from contract.checks.combined.exact import exact_prompts
from contract.checks.conversation.prompt_cost import assistant
from contract.checks.faults.rejection import reject
from contract.checks.faults.texts import with_text
from contract.checks.faults.usage import misreport_prompt
from contract.checks.judging.prompt_tokens import (
    PLAIN,
    TEKKEN,
    one_token_request,
    token_difference,
)
from contract.checks.judging.usage import usage_location
from contract.checks.sources import MODEL_CARD
from contract.model.chat import Message, Options, PieceKind, Text, Thinking
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import MAX_TOKENS, user
from contract.model.profile import Capability
from contract.model.reply import Reply

CARD = f"{MODEL_CARD}: keeping reasoning traces or only the final response"
WORD = "plum"
_THOUGHTS = ("I only have to note it down.", "Weather is of no use here.")
_ANSWERS = ("I will remember it.", "Then I forget the weather.")


def _history(*kept: int) -> tuple[Message, ...]:
    """Return three turns, with the thoughts of those whose number is in *kept*."""
    first, second = (
        Message("assistant", (Thinking(thought), Text(answer)))
        if number in kept
        else assistant(answer)
        for number, (thought, answer) in enumerate(
            zip(_THOUGHTS, _ANSWERS, strict=True), 1
        )
    )
    return (
        user(f"The door code is {WORD}."),
        first,
        user("Forget the weather."),
        second,
        user("What is the door code?"),
    )


WITHOUT = one_token_request("thoughts-of-no-turn", *_history())
LAST_ONLY = one_token_request("thoughts-of-last-turn", *_history(2))
EVERY = one_token_request("thoughts-of-every-turn", *_history(1, 2))
WHOLE = Probe(
    name="later-turn-whole",
    messages=WITHOUT.messages,
    options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
)
STREAMED = replace(WHOLE, name="later-turn-streamed", stream=True)


@check(
    "conversation.thoughts-may-be-left-out",
    "A history with no, some or all earlier thoughts MUST be accepted and counted so.",
    source=CARD,
    sends=(PLAIN, WITHOUT, LAST_ONLY, EVERY),
    needs={Capability.REASONING},
    # One of its answers has its thought, and the other has not.
    combined=exact_prompts(LAST_ONLY, needs=TEKKEN | {Capability.REASONING}),
)
def thoughts_may_be_left_out(plain: Exchange, *histories: Exchange) -> Findings:
    """
    Without its thought an answer costs its own tokens, and no empty thought.

    Where a template leaves out replayed thoughts, the histories cost the same.
    """
    profile = plain.profile
    drops = "replayed-thought-dropped" in profile.tolerates
    drops = drops or "conversation.thoughts-are-kept" in profile.waivers
    counted = Capability.TEKKEN in profile.offers
    before = plain
    for number, history in enumerate(histories):
        reported, exact = token_difference(history, before)
        if number and drops:
            wrong = not 0 <= reported <= exact
            expected = f"0 to {exact} more prompt_tokens"
        elif counted:
            wrong = reported != exact
            expected = f"{exact} more prompt_tokens"
        else:
            wrong = reported <= 0
            expected = "more prompt_tokens"
        if wrong:
            what = "a further thought" if number else "a history without thoughts"
            yield Finding(
                f"{what} is not counted as it was sent",
                expected=f"{expected} than for {before.probe.name}",
                actual=f"{reported} more",
                at=f"{history.probe.name}, {usage_location(history)}",
            )
        before = history


def _is_own(probe: Probe | None) -> bool:
    """Whether a request is one of these histories without all thoughts."""
    turns = WITHOUT.messages
    return (
        probe is not None
        and len(probe.messages) >= len(turns)
        and probe.messages[-len(turns)] == turns[0]
        and any(m.role == "assistant" and not _has_thought(m) for m in probe.messages)
    )


@fault(breaks=thoughts_may_be_left_out)
def earlier_thoughts_remembered(reply: Reply) -> Reply:
    """A gateway keeps the thoughts of a session and puts them back into the history."""
    if not _is_own(reply.probe):
        return reply

    def misread(probe: Probe) -> Probe:
        return replace(probe, messages=tuple(map(_with_thought, probe.messages)))

    return misreport_prompt(reply, misread)


def _with_thought(message: Message) -> Message:
    thoughts = dict(zip(_ANSWERS, _THOUGHTS, strict=True))
    if message.role != "assistant" or _has_thought(message):
        return message
    thought = thoughts.get(message.text)
    parts = message.parts if thought is None else (Thinking(thought), *message.parts)
    return replace(message, content=parts)


def _has_thought(message: Message) -> bool:
    return any(isinstance(part, Thinking) for part in message.parts)


@fault(breaks=thoughts_may_be_left_out, also=("conversation.later-turns-are-sound",))
def answers_without_thoughts_refused(reply: Reply) -> Reply:
    """The chat template reads the thought of every answer, and fails without one."""
    if not _is_own(reply.probe):
        return reply
    return reject(
        reply, "/messages/1/content", None, "assistant messages need a thinking chunk"
    )


@check(
    "conversation.later-turns-are-sound",
    "A reply after answers without thoughts SHOULD have a thought and an answer.",
    source=CARD,
    sends=(WHOLE, STREAMED),
    needs={Capability.REASONING, Capability.STREAMING},
)
def later_turns_are_sound(*exchanges: Exchange) -> Findings:
    """A model that follows instructions has to know a word of the first turn, too."""
    for exchange in exchanges:
        if exchange.finish == "length":
            raise NotApplicable("the reply was cut off")
        thought, answer = exchange.reasoning.strip(), exchange.answer.strip()
        if not thought and not answer:
            raise NotApplicable("the reply contains no text")
        for name, text, other in (
            ("thought", thought, answer),
            ("answer", answer, thought),
        ):
            if not text:
                yield Finding(
                    f"a reply in a later turn has no {name}",
                    expected="a thought and an answer, as in the first turn",
                    actual=shorten(spell(other)),
                    at=exchange.probe.name,
                )
        follows = Capability.FOLLOWS_INSTRUCTIONS in exchange.profile.offers
        if follows and answer and WORD not in answer.casefold():
            yield Finding(
                "the answer does not know the first turn",
                expected=f"an answer with {spell(WORD)}",
                actual=shorten(spell(answer)),
                at=exchange.probe.name,
            )


@fault(breaks=later_turns_are_sound)
def thinks_in_the_first_turn_alone(reply: Reply) -> Reply:
    """The model imitates a history without thoughts, and answers without one."""
    return with_text(reply, PieceKind.REASONING, "") if _is_own(reply.probe) else reply


@fault(breaks=later_turns_are_sound)
def later_answer_is_lost(reply: Reply) -> Reply:
    """The reasoning parser looks for a marker in the history and finds no answer."""
    return with_text(reply, PieceKind.ANSWER, "") if _is_own(reply.probe) else reply


@fault(
    breaks=later_turns_are_sound,
    where=lambda dialect: dialect.id.startswith("mistral"),  # follows instructions
)
def first_turn_forgotten(reply: Reply) -> Reply:
    """A cache keyed by thoughts serves later turns the state of another chat."""
    if not _is_own(reply.probe):
        return reply
    return with_text(reply, PieceKind.ANSWER, "You have not told me a code word.")
