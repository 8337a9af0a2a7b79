"""Requests with tools, and conversations with tool results."""

from __future__ import annotations

from dataclasses import replace

from contract.model.chat import Json, Message, Options, Tool, ToolCall, freeze
from contract.model.probe import Patch, Probe
from contract.model.probes import TOOL, TOOL_WHOLE, WEATHER, user

MAX_TOOLS = 128  # the documented maximum of Mistral's API


def with_tool_choice(name: str, choice: str, *, stream: bool = False) -> Probe:
    """
    Return the weather question with another tool_choice.

    Args:
        name: The name of the probe.
        choice: The tool_choice; a leading = names a tool.
        stream: Whether the reply is streamed.

    """
    options = replace(TOOL.options, tool_choice=choice)
    return replace(TOOL, name=name, options=options, stream=stream)


REQUIRED = with_tool_choice("tool-required-streamed", "required", stream=True)
REQUIRED_WHOLE = with_tool_choice("tool-required-whole", "required")
NONE = with_tool_choice("tool-none-streamed", "none", stream=True)
NONE_WHOLE = with_tool_choice("tool-none-whole", "none")

# The named tool is the second one, so that a call of the first is a finding.
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

# Two cities: two calls from a model that makes parallel calls.
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

# Members with an enum, an array and an object, all required.
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

# In a tiny model these limits cut off a call after short reasoning; a large model is
# still reasoning at that point.
CUTS = tuple(
    replace(
        probe,
        name=f"{probe.name.removesuffix('-whole')}-cut-at-{limit}",
        options=replace(probe.options, max_tokens=limit),
    )
    for probe, limit in ((TOOL_WHOLE, 16), (TOOL_WHOLE, 20), (TOOL, 16))
)

_CALLS = tuple(
    ToolCall(call_id, WEATHER.name, freeze({"city": city}))
    for call_id, city in (("w3ath3r01", "Paris"), ("w3ath3r02", "Rome"))
)


def _with_results(name: str, *ids: str, calls: tuple[ToolCall, ...] = _CALLS) -> Probe:
    """Return the conversation called *name*, with *calls* and a result for each id."""
    results = [
        Message("tool", freeze({"sky": sky, "celsius": 21}), tool_call_id=call_id)
        for call_id, sky in zip(ids, ("sunny", "cloudy"), strict=False)
    ]
    return replace(
        PAIR_WHOLE,
        name=name,
        messages=(
            *PAIR.messages,
            Message("assistant", "", tool_calls=calls),
            *results,
        ),
    )


RESULTS_WHOLE = _with_results("tool-results-whole", "w3ath3r01", "w3ath3r02")
RESULTS = replace(RESULTS_WHOLE, name="tool-results-streamed", stream=True)


def _brief(probe: Probe) -> Probe:
    """Return an invalid *probe* with a small limit, in case a server answers it."""
    options = replace(probe.options, max_tokens=16)
    return replace(probe, options=options, reasons=False)


MISMATCHED = _brief(_with_results("tool-id-mismatched", "0therCall", calls=_CALLS[:1]))
TWICE = _brief(_with_results("tool-answered-twice", "w3ath3r01", "w3ath3r01"))
MANY = replace(
    TOOL_WHOLE,
    name=f"tools-{MAX_TOOLS}",
    options=Options(
        max_tokens=4,
        temperature=0.0,
        seed=7,
        tools=(
            *(
                Tool(f"tool_{number}", freeze({"type": "object"}))
                for number in range(1, MAX_TOOLS)
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
