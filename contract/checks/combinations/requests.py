"""Requests that combine features, each for a stream and for a whole answer."""

from __future__ import annotations

from dataclasses import replace

from contract.model.chat import Message, Options, Text, ToolCall, freeze
from contract.model.images import picture
from contract.model.probe import FILL, Fill, Probe
from contract.model.probes import MAX_TOKENS, WEATHER, user

# A stop string that no answer contains: the answer has to be the one without it.
NEVER_SAID = "zebra crossing"
# A text to repeat, and a stop string in it.
REPEAT = user("Repeat exactly: The answer is 42")
STOP_SAID = ("answer is",)
LONG = 8_000  # tokens
SUM = "What is 6 times 7? Answer with one short sentence."
GREEDY = Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7)
# Servers may refuse several choices of a greedy answer, which would be the same.
TWO = replace(GREEDY, temperature=0.7, n=2)
TOOLS = replace(GREEDY, tools=(WEATHER,), tool_choice="auto")
# Text instead of a call, so that a stop string can end it.
UNCALLED = replace(TOOLS, tool_choice="none", stop=STOP_SAID)
SCHEMA = freeze(
    {
        "type": "json_schema",
        "json_schema": {
            "name": "result",
            "strict": True,
            "schema": {
                "type": "object",
                "properties": {"result": {"type": "integer"}},
                "required": ["result"],
                "additionalProperties": False,
            },
        },
    }
)
FORMAT = replace(GREEDY, response_format=SCHEMA)
BRIEF = Message("system", "You are a clerk. Keep your answers short and friendly.")
EARLIER = (
    BRIEF,
    user("What is 2 plus 3?"),
    Message("assistant", "The answer is 5"),
)
WEATHER_SEEN = (
    BRIEF,
    user("What is the weather in Paris right now? Use the tool."),
    Message(
        "assistant",
        "",
        tool_calls=(ToolCall("w3ath3r02", WEATHER.name, '{"city":"Paris"}'),),
    ),
    Message("tool", '{"sky":"sunny","celsius":21}', tool_call_id="w3ath3r02"),
    Message("assistant", "It is sunny in Paris."),
)
PICTURE = Message(
    "user", (Text("What is in this picture?"), picture(112, 112, shade=96))
)
WEATHER_PICTURE = Message(
    "user",
    (
        Text("The picture shows my street. What is the weather in Rome? Use the tool."),
        picture(84, 84, shade=160),
    ),
)


def both(name: str, *messages: Message, options: Options = GREEDY) -> tuple[Probe, ...]:
    """Return the request *name* for a stream and for a whole answer."""
    probe = Probe(
        name=f"{name}-streamed", messages=messages, options=options, stream=True
    )
    return probe, replace(probe, name=f"{name}-whole", stream=False)


SUM_AGAIN = (*EARLIER, user(SUM))
IN_ROME = (*WEATHER_SEEN, user("And in Rome? Use the tool."))
TURNS = both("system-and-turns", *SUM_AGAIN)
UNTHOUGHT = tuple(
    replace(probe, name=f"unthought-{probe.name}", reasons=False) for probe in TURNS
)
LONG_TURNS = tuple(
    replace(probe, fill=Fill(LONG))
    for probe in both("long-and-system", BRIEF, user(f"Read this:{FILL}. {SUM}"))
)
PICTURE_TURNS = both("picture-after-turns", *EARLIER, PICTURE)
PICTURE_CALL = both("picture-and-tools", WEATHER_PICTURE, options=TOOLS)
PICTURE_FORMAT = both("picture-and-format", BRIEF, PICTURE, options=FORMAT)
PICTURE_CHOICES = both("picture-and-choices", BRIEF, PICTURE, options=TWO)
CALL_AGAIN = both("call-after-result", *IN_ROME, options=TOOLS)
CALL_OR_STOP = (
    *both("tools-and-stop", *IN_ROME, options=replace(TOOLS, stop=(NEVER_SAID,))),
    *both("tools-and-stopped", REPEAT, options=UNCALLED),
)
CALL_CHOICES = both(
    "tools-and-choices", *IN_ROME, options=replace(TOOLS, temperature=0.7, n=2)
)
FORMAT_TURNS = both("format-after-turns", *SUM_AGAIN, options=FORMAT)
FORMAT_CHOICES = both(
    "format-and-choices", *SUM_AGAIN, options=replace(TWO, response_format=SCHEMA)
)
STOP_TURNS = both(
    "stop-after-turns", *SUM_AGAIN, options=replace(GREEDY, stop=(NEVER_SAID,))
)
STOPPED_TURNS = both(
    "stopped-after-turns", *EARLIER, REPEAT, options=replace(GREEDY, stop=STOP_SAID)
)
CHOICES_TURNS = both("choices-after-turns", *SUM_AGAIN, options=TWO)

# Several combinations at once: a server that handles three features handles two.
CALL_CHOICES_STOP = both(
    "tools-and-choices-and-stop",
    *IN_ROME,
    options=replace(TOOLS, temperature=0.7, n=2, stop=(NEVER_SAID,)),
)
PICTURE_FORMAT_CHOICES = both(
    "picture-and-format-and-choices",
    *EARLIER,
    PICTURE,
    options=replace(TWO, response_format=SCHEMA),
)
PICTURE_CALL_TURNS = both(
    "picture-and-tools-after-turns", *EARLIER, WEATHER_PICTURE, options=TOOLS
)
STOPPED_TOOLS_TURNS = both(
    "tools-and-stopped-after-turns", *EARLIER, REPEAT, options=UNCALLED
)
LONG_SYSTEM_TURNS = tuple(
    replace(probe, fill=Fill(LONG))
    for probe in both(
        "long-and-system-and-turns-and-stop",
        *EARLIER,
        user(f"Read this:{FILL}. {SUM}"),
        options=replace(GREEDY, stop=(NEVER_SAID,)),
    )
)
