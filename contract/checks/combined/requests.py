"""Requests that one family sends, and that settle checks of other families as well."""

from __future__ import annotations

from dataclasses import replace

from contract.model.chat import Message, Options, Text, ToolCall, freeze
from contract.model.check import Combined
from contract.model.images import picture
from contract.model.probe import Patch, Probe, repeat
from contract.model.probes import CUT, CUT_WHOLE, SUM, SUM_WHOLE, TOOL, WEATHER, user
from contract.model.profile import Profile

# A reply of one token, with reasoning on.
ONE_TOKEN = replace(
    CUT_WHOLE, name="one-token", options=replace(CUT.options, max_tokens=1)
)

# Rejected by every server, however lenient.
UNREADABLE = replace(SUM_WHOLE, name="unreadable", body=b'{"messages": ')

# Two independent answers to this are practically never equal: ten free words.
OPEN = Probe(
    name="open-question",
    messages=(
        user("Write ten random words, whatever comes to your mind first. #random"),
    ),
    options=Options(max_tokens=48, temperature=1.0, seed=11),
    reasons=False,
)
GREEDY_TWICE = repeat(
    replace(
        OPEN,
        name="open-greedy",
        options=replace(OPEN.options, temperature=0.0, seed=None),
    ),
    2,
)

CAP = 8  # tokens, fewer than any model needs to think and answer
# The newer name of max_tokens, beside members that are null as if they were not sent.
_CAPPED_WITH_NULLS = replace(
    SUM_WHOLE,
    name="max-completion-tokens-and-nulls",
    options=replace(SUM_WHOLE.options, max_tokens=None),
    patches=(
        Patch("new-name", "/max_completion_tokens", str(CAP)),
        Patch("temperature-null", "/temperature", "null"),
        Patch("n-null", "/n", "null"),
    ),
)


def _knows_the_new_name(profile: Profile) -> bool:
    return "max-completion-tokens" in profile.tolerates


CAPPED_WITH_NULLS = Combined(sends=(_CAPPED_WITH_NULLS,), where=_knows_the_new_name)

_TWIN = Probe(
    name="twin",
    messages=(user("Name three rivers."),),
    options=Options(max_tokens=8, temperature=0.7, seed=7),
)
WHOLE_TWIN = replace(_TWIN, name="whole-twin")
STREAMED_TWIN = replace(_TWIN, name="streamed-twin", stream=True)
DOUBLE_TWIN = replace(_TWIN, name="double-twin", options=replace(_TWIN.options, n=2))

# Streams whose rhythm is judged, and so are sent one at a time: enough text for a
# rhythm; a slow model needs seconds for each of these replies.
BRIEF = replace(SUM, options=replace(SUM.options, max_tokens=64))
PLAIN_STREAM = replace(BRIEF, name="rhythm-streamed")
_FORMAT = freeze(
    {
        "type": "json_schema",
        "json_schema": {
            "name": "result",
            "schema": {
                "type": "object",
                "properties": {"result": {"type": "integer"}},
                "required": ["result"],
            },
        },
    }
)


def _with(feature: str, options: Options | None = None) -> Probe:
    name = f"rhythm-with-{feature}"
    return replace(BRIEF, name=name, options=options or BRIEF.options)


TOOLS_STREAM = _with(
    "tools", replace(BRIEF.options, tools=(WEATHER,), tool_choice="auto")
)
FORMAT_STREAM = _with("format", replace(BRIEF.options, response_format=_FORMAT))
IMAGE_STREAM = replace(
    _with("image"),
    messages=(
        Message(
            "user",
            (Text("What is in this picture?"), picture(112, 112, shade=96)),
        ),
    ),
)

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
PARIS_AND_ROME = tuple(
    ToolCall(call_id, WEATHER.name, freeze({"city": city}))
    for call_id, city in (("w3ath3r01", "Paris"), ("w3ath3r02", "Rome"))
)


def with_results(
    name: str, *ids: str, calls: tuple[ToolCall, ...] = PARIS_AND_ROME
) -> Probe:
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


RESULTS_WHOLE = with_results("tool-results-whole", "w3ath3r01", "w3ath3r02")
