"""A conversation of many turns, whatever is said in it, adds up at every turn."""

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
from rehearsal import told

from contract.catalog.profiles import builtin
from contract.model.chat import (
    Image,
    Message,
    Options,
    PieceKind,
    Probe,
    Text,
    Thinking,
    ToolCall,
)
from contract.model.probes import WEATHER
from contract.model.profile import Capability
from contract.model.reply import rehearse
from contract.schema import openapi
from contract.strategies.images import images
from contract.strategies.texts import (
    AWKWARD,
    texts,
)
from contract.tokens import counting
from contract.tokens.patch_grid import (
    mistral_grid,
    token_cost,
)

PROFILES = builtin()
MARKERS = ("[THINK]", "[/THINK]", "</s>", "[TOOL_CALLS]")
# What the scripted provider answers at length, and what it answers with any words.
QUESTIONS = ("What is 6 times 7?", "Why is the sky blue?", "Name one colour.")
ROOM = 400
FRAME = 2  # the control tokens around a user's turn, and around a tool's result
MOST_IMAGES = 8
# Where a thought may be sent, the history is what was generated, to the token.
REPLAYED = Capability.THINKING_INPUT


class Conversation(RuleBasedStateMachine):
    """Talks with the stand-in of one profile; subclasses say of which."""

    profile = None

    def offers(self, name):
        return name in self.profile.offers

    def __init__(self):
        super().__init__()
        self.messages = ()
        self.last = None  # the newest exchange
        self.turns = []  # history and prompt tokens before each question
        self.growth = None  # what the prompt must have grown by since

    @initialize(system=st.none() | texts(), stream=st.booleans())
    def begin(self, system, stream):
        self.stream = stream
        if system is not None:
            self.messages = (Message("system", system),)

    def send(self, *new, cost, tools=False):
        """Ask with *new* messages, which cost so many tokens; keep the answer."""
        before = self.last
        options = Options(
            max_tokens=ROOM,
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
        self.last = rehearse(told(self.profile, self.probe), self.probe, self.profile)
        assert self.last.status == 200, self.last.text
        if before is not None and self.offers(REPLAYED) and new[0].role != "assistant":
            self.growth = before.count("completion_tokens") + cost
            self.growth += before.count("prompt_tokens")
        self.messages += (*new, self.answer())

    def answer(self):
        calls = tuple(
            ToolCall(piece.call.id, piece.call.name, piece.text)
            for piece in self.last.pieces
            if piece.kind is PieceKind.TOOL and piece.call.id
        )
        if calls:
            text = "".join(p.text for p in self.last.pieces if p.kind is PieceKind.TOOL)
            calls = (replace(calls[0], arguments=text),)
        thought = self.last.reasoning
        content = self.last.answer
        if thought and self.offers(REPLAYED):
            content = (Thinking(thought), *([Text(content)] if content else []))
        return Message("assistant", content or None, tool_calls=calls)

    def asked(self, message, cost):
        told = self.last.count("prompt_tokens") if self.last else 0
        self.turns.append((self.messages, self.last, told))
        self.send(message, cost=cost + FRAME)

    @property
    def calls(self):
        return self.messages[-1].tool_calls if self.messages else ()

    @precondition(lambda self: not self.calls)
    @rule(text=st.sampled_from(QUESTIONS) | st.sampled_from(AWKWARD) | texts())
    def ask(self, text):
        self.asked(Message("user", text), counting.text(text))

    @precondition(lambda self: not self.calls)
    @rule(texts=st.lists(texts(), min_size=1, max_size=3))
    def ask_in_parts(self, texts):
        joined = counting.text("\n\n".join(texts))
        self.asked(Message("user", tuple(map(Text, texts))), joined)

    @precondition(lambda self: self.may_show())
    @rule(image=images(), text=texts())
    def show(self, image, text):
        size = token_cost(
            (self.profile.dialect.patch_grid or mistral_grid)(
                *counting.size(image.data)
            )
        )
        message = Message("user", (Text(text), image))
        self.asked(message, counting.text(text) + size)

    @precondition(lambda self: self.offers(Capability.TOOLS) and not self.calls)
    @rule()
    def ask_for_a_call(self):
        text = "What is the weather in Paris right now? Use the tool."
        told = self.last.count("prompt_tokens") if self.last else 0
        self.turns.append((self.messages, self.last, told))
        self.send(Message("user", text), cost=counting.text(text) + FRAME, tools=True)
        assert [call.name for call in self.calls] == [WEATHER.name]
        assert self.last.finish == "tool_calls"

    @precondition(lambda self: self.calls)
    @rule(result=st.just('{"sky": "clear"}') | texts())
    def bring_the_result(self, result):
        (call,) = self.calls
        message = Message("tool", result, tool_call_id=call.id)
        self.send(message, cost=counting.text(result) + FRAME)
        assert not self.calls

    @precondition(lambda self: self.turns)
    @rule()
    def forget_the_last_question(self):
        """Whoever keeps no state says and counts the same when asked again."""
        self.messages, self.last, _ = self.turns.pop()
        self.growth = None
        if self.last is not None:
            again = rehearse(
                told(self.profile, self.last.probe), self.last.probe, self.profile
            )
            assert again.body == self.last.body

    @rule()
    def change_the_manner(self):
        self.stream = not self.stream

    def may_show(self):
        seeing = self.offers(Capability.VISION) and not self.calls
        return seeing and self.shown() < MOST_IMAGES

    def shown(self):
        return sum(isinstance(p, Image) for turn in self.messages for p in turn.parts)

    @invariant()
    def usage_adds_up(self):
        if self.last is None:
            return
        prompt, completion, total = map(
            self.last.count, ("prompt_tokens", "completion_tokens", "total_tokens")
        )
        assert prompt + completion == total
        assert 1 <= completion <= ROOM
        assert self.growth in {None, prompt}

    @invariant()
    def longer_history_costs_more(self):
        counts = [told for _, _, told in self.turns]
        counts += [self.last.count("prompt_tokens")] if self.last else []
        assert counts == sorted(set(counts))

    @invariant()
    def answer_is_of_the_dialects_shape(self):
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
        wanted = [c.id for turn in self.messages for c in turn.tool_calls]
        given = [t.tool_call_id for t in self.messages if t.role == "tool"]
        assert wanted[: len(given)] == given
        assert len(wanted) - len(given) == len(self.calls)

    @invariant()
    def answer_repeats_no_marker_of_its_own(self):
        asked = "".join(t.text for t in self.messages if t.role != "assistant")
        if self.last is not None and not any(one in asked for one in MARKERS):
            assert not any(one in self.last.answer for one in MARKERS)


@pytest.mark.parametrize(
    "name", ["mistral-2025-10", "mistral-2026-08", "vllm-0.32", "llamacpp"]
)
def test_conversation_adds_up_at_every_turn(name):
    run_state_machine_as_test(
        type("Talk", (Conversation,), {"profile": PROFILES[name]}),
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
