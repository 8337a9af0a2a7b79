"""A probe: one request, independent of any provider's format, and its variations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from contract.model.chat import CHAT, Json, Message, Options


class KeyMode(StrEnum):
    """The API key that a probe carries, and its form."""

    GIVEN = "given"  # the user's key as a bearer token
    NONE = "none"  # no credentials
    WRONG = "wrong"  # a key that no server accepts
    LOWER = "lower"  # the user's key after `bearer` in lower case
    BARE = "bare"  # the user's key without an authentication scheme
    BASIC = "basic"  # the user's key as the password of HTTP Basic
    QUERY = "query"  # the user's key in the query string only, on this machine only


@dataclass(frozen=True, slots=True)
class Patch:
    """One change that breaks a well-formed body, applied to the encoded request."""

    # A name for reports.
    name: str
    # RFC 6901 JSON Pointer into the request body; it may end in a list index or "-".
    pointer: str
    # JSON text to set there, or None to remove the member.
    value: str | None = None


# Placeholder for the URL of the SSRF canary that a session opens for a probe.
# RFC 6761 reserves the name, so no host is contacted where no canary was opened.
CANARY = "http://canary.invalid"


# Placeholder in a text for the filler words that bring a prompt to its length.
FILL = "\N{OBJECT REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Fill:
    """
    The length of a whole prompt; filler words replace each `FILL` in its messages.

    Usage: `Fill(8_000)` is a prompt of 8,000 tokens, `Fill(1, of_window=True)` one
    that exceeds the context window of the server under test by one token.
    """

    # Prompt length in tokens; with *of_window* relative to the context window.
    tokens: int
    # Whether *tokens* is added to the context window.
    of_window: bool = False
    # Tokens by which max_tokens exceeds the completion budget, the tokens that the
    # prompt leaves of the window; None leaves max_tokens as it is.
    room: int | None = None

    def size(self, window: int) -> int:
        """Return the prompt length in tokens for a context window of *window*."""
        return self.tokens + window if self.of_window else self.tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """
    One provider-neutral request; equal probes are the same request, sent once.

    Usage: `Probe(name="hello", messages=(Message("user", "Say hello."),))`.
    """

    # A name for reports and recordings; it takes no part in comparisons.
    name: str = field(compare=False)
    # The conversation; empty for requests without a chat body.
    messages: tuple[Message, ...] = ()
    options: Options = Options()  # noqa: RUF009  # a frozen value
    # Whether to request an event stream.
    stream: bool = False
    # Whether to request reasoning, where the dialect has a switch for it.
    reasons: bool = True
    # Number of the repetition, from 0; probes that differ in it are sent separately.
    sample: int = 0
    # Changes to the encoded body, for requests that are invalid on purpose.
    patches: tuple[Patch, ...] = ()
    # Raw bytes to send in place of the encoded body; `{model}` in them is replaced by
    # the target's model.
    body: bytes | None = None
    # HTTP method; only POST carries a body.
    method: str = "POST"
    # Path from the server's root. `{model}` is replaced by the target's model and
    # `{load}` by the dialect's path for the load of the server.
    path: str = CHAT
    # Headers to add or replace, as (name, value); an empty value removes the header.
    headers: tuple[tuple[str, str], ...] = ()
    # The API key to send, and its form.
    key: KeyMode = KeyMode.GIVEN
    # Model to request in place of the target's model.
    model: str | None = None
    # Number of body bytes after which the client closes the connection; None reads
    # the response to its end.
    hang_up_after: int | None = None
    # Prompt length, met when the probe is sent (`contract.tokens.padding`).
    fill: Fill | None = None
    # Whether the session opens an SSRF canary on this machine and puts its URL in
    # place of every `CANARY`.
    canary: bool = False


def repeat(probe: Probe, times: int) -> tuple[Probe, ...]:
    """Return *times* copies of *probe*, each a sample of its own."""
    return tuple(replace(probe, sample=number) for number in range(times))


def apply_patches(body: Json, patches: Iterable[Patch]) -> Json:
    """
    Return a copy of *body* with every patch applied, in order.

    RFC 6901 escapes (`~0`, `~1`) are honoured and `-` appends to a list. A pointer
    that does not resolve changes nothing.
    """
    changed: Json = json.loads(json.dumps(body))
    for patch in patches:
        changed = _apply(changed, patch)
    return changed


def _apply(body: Json, patch: Patch) -> Json:
    if not patch.pointer:
        return None if patch.value is None else json.loads(patch.value)
    *steps, last = (
        step.replace("~1", "/").replace("~0", "~")
        for step in patch.pointer.removeprefix("/").split("/")
    )
    parent = body
    for step in steps:
        parent = _member(parent, step)
    if isinstance(parent, dict):
        if patch.value is None:
            parent.pop(last, None)
        else:
            parent[last] = json.loads(patch.value)
    elif isinstance(parent, list):
        _set_item(parent, last, patch.value)
    return body


def _member(parent: Json, step: str) -> Json:
    """Resolve one step of a pointer; None, which cannot be changed, where it fails."""
    if isinstance(parent, dict):
        return parent.get(step)
    if isinstance(parent, list) and _is_index(step, parent):
        return parent[int(step)]
    return None


def _set_item(entries: list[Json], last: str, value: str | None) -> None:
    if last == "-" and value is not None:
        entries.append(json.loads(value))
    elif _is_index(last, entries) and value is not None:
        entries[int(last)] = json.loads(value)
    elif _is_index(last, entries):
        del entries[int(last)]


def _is_index(step: str, entries: list[Json]) -> bool:
    # RFC 6901: ASCII digits only, so no signs and no digits of other scripts.
    return step.isascii() and step.isdigit() and int(step) < len(entries)
