"""The requests with tools: each asks for calls, or answers them, in its own way."""

from __future__ import annotations

from dataclasses import replace

from contract.model.chat import (
    Json,
    Message,
    Options,
    Patch,
    Probe,
    Tool,
    ToolCall,
    freeze,
)
from contract.model.probes import (
    TOOL,
    TOOL_WHOLE,
    WEATHER,
    user,
)

MOST_TOOLS = 128


def choosing(name: str, choice: str, *, stream: bool = False) -> Probe:
    """The question about the weather with another tool_choice."""
    options = replace(TOOL.options, tool_choice=choice)
    return replace(TOOL, name=name, options=options, stream=stream)


REQUIRED = choosing("tool-required-streamed", "required", stream=True)
REQUIRED_WHOLE = choosing("tool-required-whole", "required")
NONE = choosing("tool-none-streamed", "none", stream=True)
NONE_WHOLE = choosing("tool-none-whole", "none")

# The named tool comes second, so that taking the first one is found.
CLOCK = Tool(
    name="get_time",
    description="Current time in a time zone",
    parameters=freeze(
        {
            "type": "object",
            "properties": {"zone": {"type": "string"}},
            "required": ["zone"],
        }
    ),
)
NAMED_WHOLE = replace(
    TOOL_WHOLE,
    name="tool-named-whole",
    options=replace(
        TOOL.options, tools=(CLOCK, WEATHER), tool_choice=f"={WEATHER.name}"
    ),
)
NAMED = replace(NAMED_WHOLE, name="tool-named-streamed", stream=True)

# Two cities, so two calls for a model that makes several at once.
PAIR = replace(
    TOOL,
    name="tool-pair-streamed",
    messages=(
        user(
            "What is the weather in Paris and in Rome right now? "
            "Use the tool for each of them."
        ),
    ),
)
PAIR_WHOLE = replace(PAIR, name="tool-pair-whole", stream=False)
ONE_WHOLE = replace(
    PAIR_WHOLE,
    name="tool-one-at-a-time-whole",
    options=replace(PAIR.options, parallel_tool_calls=False),
)
ONE = replace(ONE_WHOLE, name="tool-one-at-a-time-streamed", stream=True)

# An enum, an array and an object inside, all of them required.
_FORECAST: dict[str, Json] = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        "days": {
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": 7},
            "minItems": 1,
            "maxItems": 2,
        },
        "place": {
            "type": "object",
            "properties": {"country": {"type": "string"}},
            "required": ["country"],
            "additionalProperties": False,
        },
    },
    "required": ["city", "unit", "days", "place"],
    "additionalProperties": False,
}
STRICT = replace(
    REQUIRED_WHOLE,
    name="tool-strict-whole",
    options=replace(
        REQUIRED_WHOLE.options,
        tools=(replace(WEATHER, parameters=freeze(_FORECAST)),),
    ),
    patches=(Patch("strict", "/tools/0/function/strict", "true"),),
)

# Enough for a short thought and the beginning of a call of a tiny model; a large one
# is still thinking then.
CUTS = tuple(
    replace(
        probe,
        name=f"{probe.name.removesuffix('-whole')}-cut-at-{most}",
        options=replace(probe.options, max_tokens=most),
    )
    for probe, most in ((TOOL_WHOLE, 16), (TOOL_WHOLE, 20), (TOOL, 16))
)

_CALLS = tuple(
    ToolCall(name, WEATHER.name, freeze({"city": city}))
    for name, city in (("w3ath3r01", "Paris"), ("w3ath3r02", "Rome"))
)


def _answered(probe: str, *ids: str, calls: tuple[ToolCall, ...] = _CALLS) -> Probe:
    """The conversation after the calls: a result for each of *ids*."""
    results = [
        Message("tool", freeze({"sky": sky, "celsius": 21}), tool_call_id=name)
        for name, sky in zip(ids, ("sunny", "cloudy"), strict=False)
    ]
    return replace(
        PAIR_WHOLE,
        name=probe,
        messages=(
            *PAIR.messages,
            Message("assistant", "", tool_calls=calls),
            *results,
        ),
    )


RESULTS_WHOLE = _answered("tool-results-whole", "w3ath3r01", "w3ath3r02")
RESULTS = replace(RESULTS_WHOLE, name="tool-results-streamed", stream=True)


def _brief(probe: Probe) -> Probe:
    """*probe* as cheap as it can be, in case that it is answered after all."""
    options = replace(probe.options, max_tokens=16)
    return replace(probe, options=options, reasons=False)


MISMATCHED = _brief(_answered("tool-id-mismatched", "0therCall", calls=_CALLS[:1]))
TWICE = _brief(_answered("tool-answered-twice", "w3ath3r01", "w3ath3r01"))
MANY = replace(
    TOOL_WHOLE,
    name=f"tools-{MOST_TOOLS}",
    options=Options(
        max_tokens=4,
        temperature=0.0,
        seed=7,
        tools=(
            *(
                Tool(f"tool_{number}", freeze({"type": "object"}))
                for number in range(1, MOST_TOOLS)
            ),
            WEATHER,
        ),
    ),
)
BAD_NAME = _brief(
    replace(
        TOOL_WHOLE,
        name="tool-bad-name",
        patches=(Patch("bad-name", "/tools/0/function/name", '"get weather!"'),),
    )
)
BAD_SCHEMA = _brief(
    replace(
        TOOL_WHOLE,
        name="tool-bad-schema",
        patches=(
            Patch("bad-schema", "/tools/0/function/parameters", '{"type": "nonsense"}'),
        ),
    )
)
