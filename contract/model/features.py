"""Features of a chat request, that set failing replies apart from sound ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from contract.model.chat import Image, Json
from contract.model.probe import Probe

LONG = 8_000  # tokens of a filled prompt, or characters of a body that is written out

Body = Mapping[str, Json]
_Test = Callable[[Body, Probe], bool]


def _messages(body: Body, role: str) -> Iterator[Mapping[str, Json]]:
    """Yield the messages of a body that have *role*; any role if it is empty."""
    listed = body.get("messages")
    for message in listed if isinstance(listed, list) else ():
        if isinstance(message, dict) and (not role or message.get("role") == role):
            yield message


def _has_images(body: Body, probe: Probe) -> bool:
    for message in _messages(body, ""):
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and "image_url" in part:
                return True
    return any(isinstance(p, Image) for m in probe.messages for p in m.parts)


def _has_role(role: str) -> _Test:
    def has(body: Body, probe: Probe) -> bool:
        return any(_messages(body, role)) or any(m.role == role for m in probe.messages)

    return has


def _is_long(body: Body, probe: Probe) -> bool:
    if probe.fill is not None:
        return probe.fill.of_window or probe.fill.tokens >= LONG
    return sum(len(m.text) for m in probe.messages) >= LONG or any(
        isinstance(text := m.get("content"), str) and len(text) >= LONG
        for m in _messages(body, "")
    )


def _has_several(body: Body, probe: Probe) -> bool:
    number = body.get("n")
    return (number if isinstance(number, int) else probe.options.n or 1) > 1


# The most telling features first.
_TESTS: Mapping[str, _Test] = {
    "streamed": lambda body, probe: probe.stream or body.get("stream") is True,
    "tools": lambda body, probe: bool(body.get("tools") or probe.options.tools),
    "images": _has_images,
    "n": _has_several,
    "stop": lambda body, probe: bool(body.get("stop") or probe.options.stop),
    "response_format": lambda body, probe: bool(
        body.get("response_format") or probe.options.response_format
    ),
    "max_tokens": lambda body, probe: bool(
        body.get("max_tokens")
        or body.get("max_completion_tokens")
        or probe.options.max_tokens
    ),
    "system": _has_role("system"),
    "turns": _has_role("assistant"),
    "tool-result": _has_role("tool"),
    "long": _is_long,
    "thinking-off": lambda _, probe: not probe.reasons,
}
FEATURES = tuple(_TESTS)
"""The names of all features, the most telling first."""

# How a report names the replies to requests with a feature, and those without it.
WORDS: Mapping[str, tuple[str, str]] = {
    "streamed": ("streamed", "whole"),
    "tools": ("with tools", "without tools"),
    "images": ("with images", "without images"),
    "n": ("with n above 1", "with one choice"),
    "stop": ("with stop", "without stop"),
    "response_format": ("with response_format", "without response_format"),
    "max_tokens": ("with max_tokens", "without max_tokens"),
    "system": ("with a system message", "without a system message"),
    "turns": ("after several turns", "at the first turn"),
    "tool-result": ("after a tool result", "without a tool result"),
    "long": ("with a long prompt", "with a short prompt"),
    "thinking-off": ("with thinking off", "with thinking on"),
}


def features_of(body: Body, probe: Probe) -> frozenset[str]:
    """
    Return the names of the features of a request, of `FEATURES`.

    *body* is the JSON object that was sent (empty if it is none), *probe* what it was
    made from; a feature of either counts. Usage::

        >>> sorted(features_of({"stream": True, "stop": ["."]}, Probe(name="any")))
        ['stop', 'streamed']
    """
    return frozenset(name for name, has in _TESTS.items() if has(body, probe))
