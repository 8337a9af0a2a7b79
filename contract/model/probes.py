"""Named probes that several checks share, so that each request is sent once."""

from __future__ import annotations

from dataclasses import replace

from contract.model.chat import MODELS, Message, Options, Tool, freeze
from contract.model.probe import FILL, Fill, KeyMode, Patch, Probe


def user(text: str) -> Message:
    """Return one user message."""
    return Message("user", text)


# Enough for the reasoning and the one-line answer of a real reasoning model.
MAX_TOKENS = 2_048

# The smoke test: sent first, because a server that cannot answer it cannot be judged.
HELLO = Probe(
    name="hello",
    messages=(user("Say hello."),),
    options=Options(max_tokens=16, temperature=0.0),
    stream=True,
)

_SUM = Probe(
    name="sum",
    messages=(user("What is 6 times 7? Answer with one short sentence."),),
    options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
)
SUM = replace(_SUM, name="sum-streamed", stream=True)
SUM_WHOLE = replace(_SUM, name="sum-whole")

# Cut within the reasoning: three tokens do not complete it.
CUT = Probe(
    name="cut-streamed",
    messages=(user("Think about why the sky is blue, then explain it."),),
    options=Options(max_tokens=3, temperature=0.0, seed=7),
    stream=True,
)
CUT_WHOLE = replace(CUT, name="cut-whole", stream=False)

# Accents, CJK, emoji: several bytes per character, several tokens per character.
UTF8 = Probe(
    name="utf8-streamed",
    messages=(user("Repeat exactly: Grüße, 日本語 wave 👋🏽 #utf"),),
    options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
    stream=True,
)
UTF8_WHOLE = replace(UTF8, name="utf8-whole", stream=False)

TWO_CHOICES = Probe(
    name="two-choices-streamed",
    messages=(user("Name one colour."),),
    options=Options(max_tokens=MAX_TOKENS, temperature=0.7, seed=7, n=2),
    stream=True,
)

WEATHER = Tool(
    name="get_weather",
    description="Current weather of a city",
    parameters=freeze(
        {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        }
    ),
)
TOOL = Probe(
    name="tool-streamed",
    messages=(user("What is the weather in Paris right now? Use the tool."),),
    options=Options(
        max_tokens=MAX_TOKENS,
        temperature=0.0,
        seed=7,
        tools=(WEATHER,),
        tool_choice="auto",
    ),
    stream=True,
)
TOOL_WHOLE = replace(TOOL, name="tool-whole", stream=False)

LIST_MODELS = Probe(name="models", method="GET", path=MODELS, reasons=False)
MODEL_CARD = Probe(
    name="model-card", method="GET", path=MODELS + "/{model}", reasons=False
)

NO_KEY = replace(_SUM, name="no-key", key=KeyMode.NONE)
WRONG_KEY = replace(_SUM, name="wrong-key", key=KeyMode.WRONG)


def wrong(name: str, pointer: str, value: str | None = None) -> Probe:
    """
    Return `SUM_WHOLE` with one patch.

    *name* is the name of probe and patch, *pointer* a JSON Pointer into the body, and
    *value* JSON text, or None to remove the member.
    """
    return replace(SUM_WHOLE, name=name, patches=(Patch(name, pointer, value),))


# One generated token is enough to prove that the prompt was accepted.
ONE_TOKEN = Options(max_tokens=1, temperature=0.0)

# The text around the filler words; always the same, so that it costs the same tokens.
FILLED_PROMPT = f"Read these words:{FILL}. Now say hello."


def padded_prompt(name: str, fill: Fill, *, stream: bool = False) -> Probe:
    """
    Return a probe of one user message whose prompt has the length *fill*.

    *name* is the name of the probe; *stream* requests an event stream.
    """
    return Probe(
        name=name,
        messages=(user(FILLED_PROMPT),),
        options=ONE_TOKEN,
        stream=stream,
        fill=fill,
    )


WINDOW_PLUS_1000 = padded_prompt("prompt-window-and-1000", Fill(1_000, of_window=True))
