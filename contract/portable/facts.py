"""What requirements need to know of a request and a dialect, as JSON."""

from __future__ import annotations

import re
from typing import NotRequired, TypedDict

from contract.model.chat import CHAT, MODELS, Json
from contract.model.dialect import Dialect
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.strict_json import is_one_of, read_json
from contract.model.think import CLOSE, MARKERS, OPEN
from contract.model.token_limit import asked_limit, token_limit
from contract.model.wire import Request, build_request

# Control tokens of the Tekken vocabulary besides the markers, and those of other chat
# templates, which a server with the wrong template adds. It means the same to Python
# and to JavaScript.
CONTROL = (
    r"</?s>|<unk>|<pad>|\[IMG(?:_BREAK|_END)?\]|\[PREFIX\]|\[MIDDLE\]|\[SUFFIX\]"
    r"|\[/?(?:SYSTEM_PROMPT|TOOL_CONTENT|MODEL_SETTINGS)\]|</?think>"
    r"|<\|[a-z][a-z0-9_]{2,30}\|>|<SPECIAL_\d{1,4}>"
)
# The fields beside content in which known servers return reasoning.
REASONING_FIELDS = ("reasoning", "reasoning_content", "reasoning_text", "thinking")
# Members of a request under which a model may well generate no answer.
_STEERING = (
    *("stop", "stop_token_ids", "logit_bias"),
    *("presence_penalty", "frequency_penalty"),
)
_CONTROL = re.compile(CONTROL)


class Decoding(TypedDict):
    """How a reply of a dialect is read: data for the prelude."""

    # Members of a message or delta with the reasoning, the first with text counts.
    fields: list[str]
    # Members in which reasoning is looked for, whatever the dialect.
    known: list[str]
    # Whether content holds reasoning between *open* and *close*.
    tagged: bool
    open: str
    close: str
    # The markers that no text may hold, and a pattern of further control tokens.
    markers: list[str]
    control: str
    # The path of chats if their spelling is another than that of chat completions.
    surface: NotRequired[str]


def decoding_of(dialect: Dialect) -> Decoding:
    """
    Return how a reply of *dialect* is read.

    Usage: `decoding_of(profile.dialect)["fields"] == ["reasoning"]`.
    """
    decoding: Decoding = {
        "fields": _in_order(dialect),
        "known": [*REASONING_FIELDS],
        "tagged": dialect.tagged,
        "open": OPEN,
        "close": CLOSE,
        "markers": [*MARKERS],
        "control": CONTROL,
    }
    if dialect.surface is not None:
        decoding["surface"] = dialect.path
    return decoding


def _in_order(dialect: Dialect) -> list[str]:
    """Return the members with the reasoning in the order in which they are read."""
    left, ordered = set(dialect.reasoning_fields), []
    while left:
        pieces = dialect.decode({name: name for name in left})
        first = next((piece.text for piece in pieces if piece.text in left), None)
        if first is None:
            break
        ordered.append(first)
        left.discard(first)
    return ordered


def facts_of(exchange: Exchange) -> dict[str, Json]:
    """Return the facts of the request of *exchange*; computed once."""
    return exchange.derived("request facts", _facts_of)


def _facts_of(exchange: Exchange) -> dict[str, Json]:
    path = exchange.profile.dialect.path
    return request_facts(exchange.probe, exchange.request, exchange.sent, path)


def probe_facts(probe: Probe, profile: Profile) -> dict[str, Json]:
    """Return the facts of *probe* as it is sent to a server of *profile*."""
    request = build_request(probe, profile, profile.model or "model")
    value = read_json(request.body)
    if profile.dialect.surface is not None and isinstance(value, dict):
        value = profile.dialect.surface.parse(value)
    sent = value if isinstance(value, dict) else {}
    return request_facts(probe, request, sent, profile.dialect.path)


def request_facts(
    probe: Probe, request: Request, sent: dict[str, Json], chat: str = CHAT
) -> dict[str, Json]:
    """
    Return the facts of a request.

    *sent* is its body as that of a chat, *chat* the path of chats.
    """
    options = sent.get("stream_options")
    options = options if isinstance(options, dict) else {}
    wanted = sent.get("stream", probe.stream)
    path = request.path.partition("?")[0]
    last, blank = _last_message(sent)
    form = sent.get("response_format")
    said = _said(sent)
    return {
        "method": request.method,
        "chat": request.method == "POST" and path == chat,
        "api": path == chat or path.startswith(MODELS),
        "stream": probe.stream,
        "wants": "stream"
        if wanted is True
        else "whole"
        if wanted is None or wanted is False
        else "other",
        "reasons": probe.reasons,
        "includesUsage": options.get("include_usage") is True,
        "continuousUsage": bool(options.get("continuous_usage_stats")),
        "hasStreamOptions": bool(options) or bool(sent.get("stream_options")),
        "tools": [*_tools(sent)],
        "toolChoice": _choice(sent.get("tool_choice")),
        "maxTokens": asked_limit(sent),
        "limit": token_limit(sent),
        "n": _count(sent.get("n")),
        "stop": _stop(sent.get("stop")),
        "keepsStop": bool(sent.get("include_stop_str_in_output")),
        "responseFormat": form.get("type") if isinstance(form, dict) else None,
        "keepsControlTokens": sent.get("skip_special_tokens") is False,
        "lastRole": last,
        "lastIsBlank": blank,
        "steered": any(sent.get(name) for name in _STEERING),
        "quotedMarkers": [one for one in MARKERS if one in said],
        "quotedTokens": sorted(set(_CONTROL.findall(said))),
    }


def _last_message(sent: dict[str, Json]) -> tuple[Json, bool]:
    messages = sent.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    if not isinstance(last, dict):
        return None, True
    content, role = last.get("content"), last.get("role")
    blank = not (content.strip() if isinstance(content, str) else content)
    return role if isinstance(role, str) else None, blank


def _said(sent: dict[str, Json]) -> str:
    """Return what users and tools say in a request, which a reply may quote."""
    messages = sent.get("messages")
    return "\n".join(
        str(message.get("content"))
        for message in (messages if isinstance(messages, list) else ())
        if isinstance(message, dict)
        and is_one_of(message.get("role"), ("user", "tool"))
    )


def _tools(sent: dict[str, Json]) -> dict[str, None]:
    listed = sent.get("tools")
    functions = (
        entry.get("function")
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, dict)
    )
    names = (one.get("name") for one in functions if isinstance(one, dict))
    return dict.fromkeys(name for name in names if isinstance(name, str))


def _choice(choice: Json) -> Json:
    """Return a tool_choice as text; `=NAME` for one that names a function."""
    function = choice.get("function") if isinstance(choice, dict) else None
    if isinstance(function, dict) and isinstance(function.get("name"), str):
        return f"={function['name']}"
    return choice if choice is None or isinstance(choice, str) else "other"


def _count(value: Json) -> int:
    return value if type(value) is int and value > 0 else 1


def _stop(value: Json) -> list[Json]:
    stops = [value] if isinstance(value, str) else value
    listed = stops if isinstance(stops, list) else []
    return [stop for stop in listed if isinstance(stop, str) and stop]
