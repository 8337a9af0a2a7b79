"""The named probes: requests that several checks share, so each is sent once."""

from __future__ import annotations

from dataclasses import replace

from contract.model.chat import (
    FILL,
    MODELS,
    Fill,
    KeyMode,
    Message,
    Options,
    Patch,
    Probe,
    Tool,
    freeze,
)


def user(text: str) -> Message:
    """One message of the user."""
    return Message("user", text)


# Enough for a short thought and a one-line answer of a real reasoning model.
MAX_TOKENS = 2_048

# Asked before anything else: whoever cannot answer this cannot be judged at all.
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

# Cut while the thought is still running: three tokens end nobody's reasoning.
CUT = Probe(
    name="cut-streamed",
    messages=(user("Think about why the sky is blue, then explain it."),),
    options=Options(max_tokens=3, temperature=0.0, seed=7),
    stream=True,
)
CUT_WHOLE = replace(CUT, name="cut-whole", stream=False)

# Accents, CJK, emoji: several bytes a character, several tokens a character.
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
    """The whole SUM with one named patch; *value* is JSON text, None removes."""
    return replace(SUM_WHOLE, name=name, patches=(Patch(name, pointer, value),))


# One token is enough to see that the prompt was taken.
ONE_TOKEN = Options(max_tokens=1, temperature=0.0)

# The words that surround a filler; the same everywhere, so that they cost the same.
FILLED_PROMPT = f"Read these words:{FILL}. Now say hello."


def padded_prompt(name: str, fill: Fill, *, stream: bool = False) -> Probe:
    """One user message that makes the prompt as long as *fill* says."""
    return Probe(
        name=name,
        messages=(user(FILLED_PROMPT),),
        options=ONE_TOKEN,
        stream=stream,
        fill=fill,
    )


THOUSAND_MORE = padded_prompt("prompt-window-and-1000", Fill(1_000, of_window=True))
