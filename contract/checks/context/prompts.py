"""Long prompts of an exact token length: one message, many messages, mixed content."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.combined.prompts import NEEDLE
from contract.model import images
from contract.model.chat import Message, Options, Text, ToolCall
from contract.model.probe import FILL, Fill, Probe
from contract.model.probes import ONE_TOKEN, WEATHER, padded_prompt, user
from contract.tokens import counting

PROMPT_1K = padded_prompt("prompt-1k", Fill(1_000))
PROMPT_8K = padded_prompt("prompt-8k", Fill(8_000))
# Magistral's model card: "performance might degrade past 40k".
PROMPT_40K = padded_prompt("prompt-40k", Fill(40_960))
LAST_BUT_ONE = padded_prompt("prompt-window-but-one", Fill(-1, of_window=True))
FULL = padded_prompt("prompt-full-window", Fill(0, of_window=True))
ONE_MORE = padded_prompt("prompt-window-and-one", Fill(1, of_window=True))
ONE_MORE_STREAMED = padded_prompt(
    "prompt-window-and-one-streamed", Fill(1, of_window=True), stream=True
)
# A short prompt whose max_tokens exceeds what it leaves of the window by one token.
EXCESSIVE_BUDGET = replace(
    padded_prompt("max-tokens-beyond-window", Fill(200, room=1)),
    options=Options(temperature=0.0, seed=7),
)
# As in the model card's own example: max_tokens is the whole window.
FULL_WINDOW_BUDGET = replace(
    padded_prompt("max-tokens-of-the-window", Fill(200, room=200)),
    options=Options(temperature=0.0, seed=7),
)
TURNS = 999  # the last one is the user's; the system message makes it 1,000


def _turn(number: int) -> Message:
    return Message("user" if number % 2 else "assistant", f"{FILL}.")


MANY_TURNS = Probe(
    name="prompt-many-turns",
    messages=(
        Message("system", "Answer in one word."),
        *(_turn(number) for number in range(1, TURNS + 1)),
    ),
    options=ONE_TOKEN,
    fill=Fill(6_000),
)
TOOL_RESULT = Probe(
    name="prompt-in-tool-result",
    messages=(
        user("What is the weather in Paris? Use the tool."),
        Message(
            "assistant",
            tool_calls=(ToolCall("a1B2c3D4e", WEATHER.name, '{"city": "Paris"}'),),
        ),
        Message("tool", f"The report says:{FILL}.", tool_call_id="a1B2c3D4e"),
    ),
    options=replace(ONE_TOKEN, tools=(WEATHER,)),
    fill=Fill(4_000),
)
BESIDE_IMAGE = Probe(
    name="prompt-beside-image",
    messages=(
        Message(
            "user",
            (
                Text(f"Read these words:{FILL}."),
                images.picture(280, 140),
                Text(f"And these:{FILL}. Then say hello."),
            ),
        ),
    ),
    options=ONE_TOKEN,
    fill=Fill(4_000),
)
IN_PARTS = Probe(
    name="prompt-8k-in-parts",
    messages=(*BESIDE_IMAGE.messages, *TOOL_RESULT.messages[1:]),
    options=TOOL_RESULT.options,
    fill=Fill(8_000),
)
_HALF = f"{counting.filler(1_000)}."


def _haystack(name: str, place: int | None) -> Probe:
    """
    Return a request with a text of two halves.

    *place* puts the needle before (0), between (1) or after (2) them; None leaves
    it out.
    """
    parts = ["Read this text.", _HALF, _HALF]
    if place is not None:
        parts[place] += NEEDLE
    text = "".join(parts) + " What is the code word?"
    return Probe(name=name, messages=(user(text),), options=ONE_TOKEN)


HAYSTACK = _haystack("haystack", None)
NEEDLES = tuple(
    _haystack(f"needle-{place}", number)
    for number, place in enumerate(("start", "middle", "end"))
)
_WORDS = counting.filler(40)


def _conversation(name: str, *numbers: int) -> Probe:
    """Return a conversation of the turns with these numbers, from the user first."""
    texts = (f"Turn {number}:{_WORDS}." for number in numbers)
    messages = tuple(
        user(text) if place % 2 == 0 else Message("assistant", text)
        for place, text in enumerate(texts)
    )
    return Probe(name=name, messages=messages, options=ONE_TOKEN)


CONVERSATION = _conversation("talk", 1, 2, 3, 4, 5, 6, 7)
SHORTER = (
    _conversation("talk-without-first", 3, 4, 5, 6, 7),
    _conversation("talk-without-middle", 1, 2, 5, 6, 7),
    _conversation("talk-without-last", 1, 2, 3, 4, 5),
)
