"""Stateful test of conversations: usage, history and schemas at every turn."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.model.chat import (
    Image,
    Message,
    Options,
    PieceKind,
    Text,
    Thinking,
    ToolCall,
)
from contract.model.probe import Probe
from contract.model.probes import WEATHER
from contract.model.profile import Capability
from contract.model.reply import rehearse
from contract.schema import openapi
from contract.strategies.images import images
from contract.strategies.texts import AWKWARD, texts
from contract.tokens import counting
from contract.tokens.patch_grid import mistral_grid, token_cost

PROFILES = builtin()
MARKERS = ("[THINK]", "[/THINK]", "</s>", "[TOOL_CALLS]")
QUESTIONS = ("What is 6 times 7?", "Why is the sky blue?", "Name one colour.")
BUDGET = 400
FRAME = 2  # control tokens around a user message, and around a tool result
MAX_IMAGES = 8
# With reasoning in requests, the history has exactly the tokens that were generated.
REPLAYED = Capability.THINKING_INPUT


class Conversation(RuleBasedStateMachine):
    """A conversation with the mock of one profile, which subclasses set."""

    profile = None

    def offers(self, name):
        return name in self.profile.offers

    def __init__(self):
        super().__init__()
        self.messages = ()
        self.last = None  # the latest exchange
        self.turns = []  # history and prompt tokens before each question
        self.expected = None  # tokens that the latest prompt must have, if known

    @initialize(system=st.none() | texts(), stream=st.booleans())
    def begin(self, system, stream):
        self.stream = stream
        if system is not None:
            self.messages = (Message("system", system),)

    def send(self, *new, cost, tools=False):
        """Send *new* messages, which add *cost* tokens; append the answer."""
        before = self.last
        options = Options(
            max_tokens=BUDGET,
            temperature=0.0,
            seed=7,
            tools=(WEATHER,) if self.offers(Capability.TOOLS) else (),
            tool_choice=("auto" if tools else "none")
            if self.offers(Capability.TOOLS)
            else None,
        )
        self.probe = Probe(
            name="turn",
            messages=self.messages + new,
            options=options,
            stream=self.stream,
        )
        self.last = self.exchange(self.probe)
        assert self.last.status == 200, self.last.text
        if before is not None and self.offers(REPLAYED) and new[0].role != "assistant":
            self.expected = before.count("completion_tokens") + cost
            self.expected += before.count("prompt_tokens")
        self.messages += (*new, self.answer())

    def exchange(self, probe):
        return rehearse(mock_reply(self.profile, probe), probe, self.profile)

    def answer(self):
        calls = tuple(
            ToolCall(piece.call.id, piece.call.name, piece.text)
            for piece in self.last.pieces
            if piece.kind is PieceKind.TOOL and piece.call.id
        )
        if calls:
            text = "".join(p.text for p in self.last.pieces if p.kind is PieceKind.TOOL)
            calls = (replace(calls[0], arguments=text),)
        reasoning = self.last.reasoning
        content = self.last.answer
        if reasoning and self.offers(REPLAYED):
            content = (Thinking(reasoning), *([Text(content)] if content else []))
        return Message("assistant", content or None, tool_calls=calls)

    def ask_with(self, message, cost, *, tools=False):
        prompt_tokens = self.last.count("prompt_tokens") if self.last else 0
        self.turns.append((self.messages, self.last, prompt_tokens))
        self.send(message, cost=cost + FRAME, tools=tools)

    @property
    def calls(self):
        return self.messages[-1].tool_calls if self.messages else ()

    @precondition(lambda self: not self.calls)
    @rule(text=st.sampled_from(QUESTIONS) | st.sampled_from(AWKWARD) | texts())
    def ask(self, text):
        self.ask_with(Message("user", text), counting.count_text(text))

    @precondition(lambda self: not self.calls)
    @rule(texts=st.lists(texts(), min_size=1, max_size=3))
    def ask_in_parts(self, texts):
        joined = counting.count_text("\n\n".join(texts))
        self.ask_with(Message("user", tuple(map(Text, texts))), joined)

    @precondition(lambda self: self.may_send_image())
    @rule(image=images(), text=texts())
    def send_image(self, image, text):
        size = token_cost(
            (self.profile.dialect.patch_grid or mistral_grid)(
                *counting.size(image.data)
            )
        )
        message = Message("user", (Text(text), image))
        self.ask_with(message, counting.count_text(text) + size)

    @precondition(lambda self: self.offers(Capability.TOOLS) and not self.calls)
    @rule()
    def ask_for_a_call(self):
        text = "What is the weather in Paris right now? Use the tool."
        self.ask_with(Message("user", text), counting.count_text(text), tools=True)
        assert [call.name for call in self.calls] == [WEATHER.name]
        assert self.last.finish == "tool_calls"

    @precondition(lambda self: self.calls)
    @rule(result=st.just('{"sky": "clear"}') | texts())
    def send_the_result(self, result):
        (call,) = self.calls
        message = Message("tool", result, tool_call_id=call.id)
        self.send(message, cost=counting.count_text(result) + FRAME)
        assert not self.calls

    @precondition(lambda self: self.turns)
    @rule()
    def undo_the_last_question(self):
        """The mock has no state: a repeated request gets the same response."""
        self.messages, self.last, _ = self.turns.pop()
        self.expected = None
        if self.last is not None:
            assert self.exchange(self.last.probe).body == self.last.body

    @rule()
    def toggle_streaming(self):
        self.stream = not self.stream

    def may_send_image(self):
        vision = self.offers(Capability.VISION) and not self.calls
        return vision and self.images() < MAX_IMAGES

    def images(self):
        return sum(isinstance(p, Image) for turn in self.messages for p in turn.parts)

    @invariant()
    def usage_adds_up(self):
        if self.last is None:
            return
        prompt, completion, total = map(
            self.last.count, ("prompt_tokens", "completion_tokens", "total_tokens")
        )
        assert prompt + completion == total
        assert 1 <= completion <= BUDGET
        assert self.expected in {None, prompt}

    @invariant()
    def longer_history_costs_more(self):
        counts = [count for _, _, count in self.turns]
        counts += [self.last.count("prompt_tokens")] if self.last else []
        assert counts == sorted(set(counts))

    @invariant()
    def response_fits_the_schema_of_the_dialect(self):
        if self.last is None:
            return
        if self.last.streamed:
            for chunk in self.last.chunks:
                assert openapi.accepts(
                    self.profile.dialect.prefix + "ChatEvent", chunk.json
                )
        else:
            assert openapi.accepts(
                self.profile.dialect.prefix + "ChatResponse", self.last.json
            )

    @invariant()
    def history_alternates_and_every_call_has_its_result(self):
        roles = [turn.role for turn in self.messages]
        assert "user user" not in " ".join(roles)
        called = [c.id for turn in self.messages for c in turn.tool_calls]
        answered = [t.tool_call_id for t in self.messages if t.role == "tool"]
        assert called[: len(answered)] == answered
        assert len(called) - len(answered) == len(self.calls)

    @invariant()
    def answer_contains_no_marker_unless_a_message_does(self):
        sent = "".join(t.text for t in self.messages if t.role != "assistant")
        if self.last is not None and not any(one in sent for one in MARKERS):
            assert not any(one in self.last.answer for one in MARKERS)


@pytest.mark.parametrize(
    "name", ["mistral-2025-10", "mistral-2026-08", "vllm-0.32", "llamacpp"]
)
@pytest.mark.long
def test_conversation_is_consistent_at_every_turn(name):
    run_state_machine_as_test(
        type("Tested", (Conversation,), {"profile": PROFILES[name]}),
        settings=settings(
            max_examples=12,
            stateful_step_count=15,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
