"""
Prompts that hold what many checks ask for one by one, each counted to the token.

A check by itself sends a text with and without one part, so that its finding names the
part. Where a server counts like Tekken, one prompt of all parts shows at once that none
of them is left out or altered (`contract.checks.combined.exact`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contract.checks.combined import sentences
from contract.checks.combined.exact import exact_prompts
from contract.checks.combined.sentences import SENTENCES
from contract.checks.judging.prompt_tokens import TEKKEN, one_token_request
from contract.model.chat import Message, Text, Thinking, Tool, ToolCall, freeze
from contract.model.probe import Patch
from contract.model.probes import WEATHER, user
from contract.model.profile import Capability, Profile
from contract.tokens import counting

CALENDAR = Tool(
    name="kalender",
    description="Zeigt Termine für einen Tag: 予定を表示する",
    parameters=freeze(
        {
            "type": "object",
            "properties": {
                "день": {
                    "type": "string",
                    "description": "Дата встречи",
                    "enum": ["今日"],
                }
            },
        }
    ),
)


def _assistant(text: str) -> Message:
    return Message("assistant", text)


def _in_turns(*texts: str | tuple[str, ...]) -> Iterator[Message]:
    """Yield *texts* as messages of user and assistant in turn; a tuple as parts."""
    for number, text in enumerate(texts):
        parts = text if isinstance(text, str) else tuple(map(Text, text))
        yield Message("assistant" if number % 2 else "user", parts)


NEEDLE = " The code word is plum."
_HALF = f"{counting.filler(1_000)}."

# Every language, in every role; each kind of character; parts, white space and line
# ends; a long conversation of which
# nothing may be dropped, and a long text with a sentence in each place.
EVERY_TEXT = one_token_request(
    "every-text",
    Message("system", SENTENCES["Greek"]),
    *_in_turns(
        *SENTENCES.values(),
        (SENTENCES["Arabic"],),
        sentences.RIGHT_TO_LEFT,
        ("The sky is green today.", "Which colour has it?"),
        sentences.EMOJI,
        sentences.ASTRAL,
        sentences.MIXED,
        sentences.INVISIBLE,
        sentences.COMPOSED,
        sentences.DECOMPOSED,
        NEEDLE.join(("Read this text.", _HALF, _HALF, " What is the code word?")),
        "What do [THINK], [/THINK], [INST] and [/INST] mean in a prompt?",
        "They are text if somebody types them.",
        "one\r\ntwo\r\n\r\nthree",
        "Forget the weather.",
        "\n\n  Hello \n \t\n",
    ),
)

# Orders that other templates refuse: user after user, a system message between users,
# and system after system.
UNUSUAL_ORDER = one_token_request(
    "unusual-order",
    user("Hello"),
    Message("system", "Be brief."),
    Message("system", "Be kind."),
    user("My name is Ann."),
    user("What is it?"),
)


def _call(number: int, content: str | None, arguments: str) -> Message:
    call = ToolCall(f"c9Xk2LmQ{number}", WEATHER.name, arguments)
    return Message("assistant", content, (call,))


def _tool_turn(
    number: int, content: str | None, city: str, result: str | tuple[Text, ...]
) -> tuple[Message, ...]:
    """Return a question, a call, its result, and the answer to it."""
    call = _call(number, content, freeze({"city": city}))
    return (
        user("What is the weather there?"),
        call,
        Message("tool", result, tool_call_id=call.tool_calls[0].id),
        _assistant("It is sunny there."),
    )


# The calls and results that clients replay, each in another form: the content of the
# first call is null, that of the second is absent.
_TOOL_TURNS = one_token_request(
    "tool-turns",
    *_tool_turn(1, None, "Rome", "It is sunny, and the wind comes from the sea."),
    *_tool_turn(2, "", "Rome, the old town", ""),
    *_tool_turn(3, "I will look at the sky.", "東京都千代田区", "It is sunny."),
    user("And tomorrow?"),
)
TOOL_TURNS = replace(
    _TOOL_TURNS,
    options=replace(_TOOL_TURNS.options, tools=(WEATHER, CALENDAR)),
    patches=(Patch("no-content", "/messages/5/content"),),
)

# Reasoning that a client replays, a tool result that is a part, a user message after
# it, and a name.
_NAMED = user("Thanks. My name is Ann.")
_UNUSUAL_TURNS = one_token_request(
    "unusual-turns",
    user("What is 6 times 7?"),
    Message("assistant", (Thinking("Six sevens. Marker: zebra."), Text("It is 42."))),
    *_tool_turn(4, "", "Rome", (Text("It is sunny."),))[:3],
    _NAMED,
)
_TOLERATED = frozenset(
    {"replayed-thought-dropped", "user-after-tool-refused", "message-name-refused"}
)


def _takes_all(profile: Profile) -> bool:
    return not _TOLERATED & profile.tolerates


UNUSUAL_TURNS = replace(
    exact_prompts(
        replace(
            _UNUSUAL_TURNS,
            options=replace(_UNUSUAL_TURNS.options, tools=(WEATHER,)),
            patches=(Patch("name", "/messages/5/name", '"Ann"'),),
        ),
        needs=TEKKEN | {Capability.TOOLS, Capability.REASONING},
    ),
    where=_takes_all,
)
