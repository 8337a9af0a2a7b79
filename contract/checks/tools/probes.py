"""Requests with tools, and conversations with tool results."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.combined.requests import (
    PAIR,
    PAIR_WHOLE,
    PARIS_AND_ROME,
    RESULTS_WHOLE,
    with_results,
)
from contract.model.chat import Json, Message, Options, Tool, freeze
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

ONE_WHOLE = replace(
    PAIR_WHOLE,
    name="tool-one-at-a-time-whole",
    options=replace(PAIR.options, parallel_tool_calls=False),
)
ONE = replace(ONE_WHOLE, name="tool-one-at-a-time-streamed", stream=True)


def _members(schema: dict[str, Json]) -> dict[str, Json]:
    members = schema["properties"]
    return members if isinstance(members, dict) else {}


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
_ALARM: dict[str, Json] = {
    "type": "object",
    "properties": {
        "hour": {"type": "integer", "minimum": 0, "maximum": 23},
        "label": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "repeat": {"$ref": "#/$defs/Repeat"},
    },
    "required": ["hour", "label", "repeat"],
    "additionalProperties": False,
}
COMPOSED_SCHEMA: dict[str, Json] = {
    "$defs": {
        "Alarm": _ALARM,
        "Repeat": {"type": "string", "enum": ["never", "daily", "weekly"]},
    },
    "type": "object",
    "properties": {
        "alarms": {
            "type": "array",
            "items": {"$ref": "#/$defs/Alarm"},
            "minItems": 1,
            "maxItems": 2,
        }
    },
    "required": ["alarms"],
    "additionalProperties": False,
}
STRICTLY = (Patch("strict", "/tools/0/function/strict", "true"),)
STRICT = replace(
    REQUIRED_WHOLE,
    name="tool-strict-whole",
    options=replace(
        REQUIRED_WHOLE.options,
        tools=(replace(WEATHER, parameters=freeze(_FORECAST)),),
    ),
    patches=STRICTLY,
)

# To a greeting no model calls a tool by itself, so the server must force it: a call
# with the arguments of a strict schema, and one of a named tool without parameters.
GREETING: tuple[Message, ...] = (user("Good morning!"),)
_FORCED_STRICTLY = replace(
    REQUIRED_WHOLE,
    name="greeting-required-strict-whole",
    messages=GREETING,
    options=replace(
        REQUIRED_WHOLE.options,
        tools=(
            replace(
                WEATHER,
                parameters=freeze(
                    {
                        **COMPOSED_SCHEMA,
                        "properties": {
                            **_members(_FORECAST),
                            **_members(COMPOSED_SCHEMA),
                        },
                        "required": [*_members(_FORECAST), *_members(COMPOSED_SCHEMA)],
                    }
                ),
            ),
        ),
    ),
    patches=STRICTLY,
)
FORCED_STRICTLY = (
    _FORCED_STRICTLY,
    replace(_FORCED_STRICTLY, name="greeting-required-strict-streamed", stream=True),
)
ALARMS = Tool(
    "list_alarms",
    freeze({"type": "object", "properties": {}}),
    "The alarms that are set",
)
_NAMED_WITHOUT = replace(
    REQUIRED_WHOLE,
    name="greeting-named-without-parameters-whole",
    messages=GREETING,
    options=replace(
        REQUIRED_WHOLE.options,
        tools=(Tool("list_notes", freeze({"type": "object"}), "All notes"), ALARMS),
        tool_choice=f"={ALARMS.name}",
    ),
)
NAMED_WITHOUT = (
    _NAMED_WITHOUT,
    replace(
        _NAMED_WITHOUT, name="greeting-named-without-parameters-streamed", stream=True
    ),
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


RESULTS = replace(RESULTS_WHOLE, name="tool-results-streamed", stream=True)


def _brief(probe: Probe) -> Probe:
    """Return an invalid *probe* with a small limit, in case a server answers it."""
    options = replace(probe.options, max_tokens=16)
    return replace(probe, options=options, reasons=False)


MISMATCHED = _brief(
    with_results("tool-id-mismatched", "0therCall", calls=PARIS_AND_ROME[:1])
)
TWICE = _brief(with_results("tool-answered-twice", "w3ath3r01", "w3ath3r01"))
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
