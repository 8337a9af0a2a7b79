"""Strategies for requests that a server must answer, and for ones it must reject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from contract.model.chat import Image, Message, Options, Text, freeze
from contract.model.probe import Patch, Probe, apply_patches
from contract.model.profile import Capability, Profile
from contract.schema import openapi
from contract.strategies.images import corrupt
from contract.strategies.messages import Turns, conversations
from contract.strategies.options import options
from contract.strategies.texts import divided

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


_HELLO = Probe(name="hello", messages=(Message("user", "Hello."),))


def valid(profile: Profile) -> SearchStrategy[Probe]:
    """Draw a request that uses what *profile* offers and violates none of its rules."""
    from hypothesis import strategies as st

    offers = profile.offers
    return st.tuples(
        conversations(offers), options(offers), st.sampled_from(_modes(profile))
    ).map(_probe)


def parted(profile: Profile) -> SearchStrategy[tuple[Probe, tuple[str, ...]]]:
    """Draw a valid request, and a divided text that can replace its last question."""
    from hypothesis import strategies as st

    return st.tuples(valid(profile), divided())


def _modes(profile: Profile) -> tuple[tuple[bool, bool], ...]:
    """
    Return the pairs (stream, reasons) that differ on the wire, the shortest first.

    Reasoning is requested by a system message or by a member, or cannot be requested,
    depending on the dialect.
    """
    streams = (False, True) if Capability.STREAMING in profile.offers else (False,)
    found: dict[str, tuple[bool, bool]] = {}
    for stream, reasons in product(streams, (True, False)):
        probe = replace(_HELLO, stream=stream, reasons=reasons)
        body = freeze(profile.dialect.request(profile.dialect.prepare(probe), ""))
        found.setdefault(body, (stream, reasons))
    return tuple(found[body] for body in sorted(found, key=len))


def _probe(parts: tuple[Turns, Options, tuple[bool, bool]]) -> Probe:
    messages, options, (stream, reasons) = parts
    if messages[-1].prefix:
        # It is undocumented how a continued answer becomes a call, or JSON.
        options = replace(
            options,
            tools=(),
            tool_choice=None,
            parallel_tool_calls=None,
            response_format=None,
        )
    return Probe(
        name="drawn",
        messages=messages,
        options=options,
        stream=stream,
        reasons=reasons,
    )


@dataclass(frozen=True, slots=True)
class Mutation:
    """One way to make a request invalid."""

    # Name of the mutation, which becomes the name of the probe.
    name: str
    # (valid probe, profile) -> the invalid probe.
    apply: Callable[[Probe, Profile], Probe]
    # Name of the same mistake in the check family `rejections`; it is not drawn for a
    # profile that tolerates it or waives its check.
    mistake: str
    # A capability that the profile must offer.
    needs: Capability | None = None
    # Whether it is a mistake only where the request schema of the dialect rejects it.
    by_schema: bool = False

    def applies(self, profile: Profile) -> bool:
        """Return whether the server of *profile* must reject the mutated request."""
        return (
            self.mistake not in profile.tolerates
            and f"rejections.{self.mistake}" not in profile.waivers
            and (self.needs is None or self.needs in profile.offers)
            and not (self.by_schema and self._matches_schema(profile))
        )

    def _matches_schema(self, profile: Profile) -> bool:
        dialect = profile.dialect
        mutated = self.apply(_HELLO, profile)
        body = apply_patches(dialect.request(_HELLO, "any"), mutated.patches)
        if dialect.surface is not None:
            body = dialect.surface.write(body)
        return openapi.accepts(dialect.prefix + "ChatRequest", body)


def _patch(
    name: str,
    pointer: str,
    value: str | None = None,
    *,
    mistake: str = "",
    by_schema: bool = False,
) -> Mutation:
    def apply(probe: Probe, _profile: Profile) -> Probe:
        return replace(probe, name=name, patches=(Patch(name, pointer, value),))

    return Mutation(name, apply, mistake or name, by_schema=by_schema)


def _cut_body(probe: Probe, profile: Profile) -> Probe:
    dialect = profile.dialect
    encoded = dialect.request(dialect.prepare(probe), probe.model or "any")
    body = freeze(encoded).encode(errors="surrogatepass")
    return replace(probe, name="body-cut-in-half", body=body[: len(body) // 2])


def _image(name: str, image: Image, *, mistake: str) -> Mutation:
    def apply(probe: Probe, _profile: Profile) -> Probe:
        question = Message("user", (Text("What is this?"), image))
        return replace(probe, name=name, messages=(*probe.messages[:-1], question))

    return Mutation(name, apply, mistake, Capability.VISION)


def _request_unknown_model(probe: Probe, _profile: Profile) -> Probe:
    return replace(probe, name="model-unknown", model="no-such-model")


MUTATIONS = (
    _patch("role-unknown", "/messages/0/role", '"wizard"', mistake="unknown-role"),
    _patch("messages-missing", "/messages"),
    _patch("messages-empty", "/messages", "[]"),
    _patch("messages-are-text", "/messages", '"Hello."', mistake="messages-not-a-list"),
    _patch(
        "content-is-a-number", "/messages/0/content", "42", mistake="content-wrong-type"
    ),
    _patch(
        "temperature-is-text", "/temperature", '"hot"', mistake="temperature-wrong-type"
    ),
    _patch(
        "temperature-below-zero",
        "/temperature",
        "-1",
        mistake="temperature-out-of-range",
    ),
    _patch("top-p-above-one", "/top_p", "1.5", mistake="top-p-out-of-range"),
    _patch(
        "max-tokens-is-text", "/max_tokens", '"ten"', mistake="max-tokens-wrong-type"
    ),
    _patch("max-tokens-below-zero", "/max_tokens", "-5", mistake="max-tokens-negative"),
    _patch(
        "max-tokens-is-zero",
        "/max_tokens",
        "0",
        mistake="max-tokens-negative",
        by_schema=True,  # Mistral's API accepts it
    ),
    _patch("n-is-zero", "/n", "0", mistake="n-zero"),
    _patch("stop-is-a-number", "/stop", "5", mistake="stop-wrong-type"),
    _patch("stream-is-text", "/stream", '"maybe"', mistake="stream-wrong-type"),
    _patch("tools-are-an-object", "/tools", '{"a":1}', mistake="tools-wrong-type"),
    Mutation("model-unknown", _request_unknown_model, "unknown-model"),
    _image(
        "image-not-base64",
        Image(url="data:image/png;base64,@"),
        mistake="image-bad-base64",
    ),
    Mutation("body-cut-in-half", _cut_body, "truncated-json"),
)


@cache
def mutations() -> tuple[Mutation, ...]:
    """Return all mutations; those with corrupt images are generated on first use."""
    images = (
        _image(name, image, mistake="image-not-an-image")
        for name, image in corrupt().items()
    )
    return (*MUTATIONS, *images)


def invalid(profile: Profile) -> SearchStrategy[Probe]:
    """
    Draw a valid request with exactly one mutation, which gives the probe its name.

    Mistakes that *profile* tolerates or waives are not drawn.
    """
    from hypothesis import strategies as st

    wrong = [one for one in mutations() if one.applies(profile)]
    return st.builds(
        lambda mutation, probe: mutation.apply(probe, profile),
        st.sampled_from(wrong),
        valid(profile),
    )
