"""Requests that a provider must answer, and ones it must refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from contract.model.chat import (
    Image,
    Message,
    Options,
    Patch,
    Probe,
    Text,
    apply_patches,
    freeze,
)
from contract.model.profile import (
    Capability,
    Profile,
)
from contract.schema import openapi
from contract.strategies.images import corrupt
from contract.strategies.messages import (
    Turns,
    conversations,
)
from contract.strategies.options import options
from contract.strategies.texts import divided

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


_HELLO = Probe(name="hello", messages=(Message("user", "Hello."),))


def valid(profile: Profile) -> SearchStrategy[Probe]:
    """A request that keeps every rule *profile*'s provider has, and uses its offers."""
    from hypothesis import strategies as st

    offers = profile.offers
    return st.tuples(
        conversations(offers), options(offers), st.sampled_from(_manners(profile))
    ).map(_drawn)


def parted(profile: Profile) -> SearchStrategy[tuple[Probe, tuple[str, ...]]]:
    """A valid request, and the parts of a text that may be its last question."""
    from hypothesis import strategies as st

    return st.tuples(valid(profile), divided())


def _manners(profile: Profile) -> tuple[tuple[bool, bool], ...]:
    """
    Streamed or whole, and thinking or not where that is said; the shortest first.

    Some are told to think in a system message, others by a member, some not at all.
    """
    streams = (False, True) if Capability.STREAMING in profile.offers else (False,)
    found: dict[str, tuple[bool, bool]] = {}
    for stream, reasons in product(streams, (True, False)):
        probe = replace(_HELLO, stream=stream, reasons=reasons)
        spelled = freeze(profile.dialect.request(profile.dialect.prepare(probe), ""))
        found.setdefault(spelled, (stream, reasons))
    return tuple(found[spelled] for spelled in sorted(found, key=len))


def _drawn(parts: tuple[Turns, Options, tuple[bool, bool]]) -> Probe:
    messages, options, (stream, reasons) = parts
    if messages[-1].prefix:
        # Nobody documents how a begun answer becomes a call, or JSON.
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
    """
    One way to spoil a request, by name.

    *known* is what the same mistake is called among the rejections: a profile that
    tolerates it, or waives its check, is not asked. *needs* must be offered.
    """

    name: str
    spoil: Callable[[Probe, Profile], Probe]
    known: str
    needs: Capability | None = None
    bound: bool = False

    def applies(self, profile: Profile) -> bool:
        """Whether *profile*'s provider must refuse it."""
        return (
            self.known not in profile.tolerates
            and f"rejections.{self.known}" not in profile.waivers
            and (self.needs is None or self.needs in profile.offers)
            and not (self.bound and self._fits(profile))
        )

    def _fits(self, profile: Profile) -> bool:
        dialect = profile.dialect
        wrong = self.spoil(_HELLO, profile)
        body = apply_patches(dialect.request(_HELLO, "any"), wrong.patches)
        return openapi.accepts(dialect.prefix + "ChatRequest", body)


def _patch(
    name: str,
    pointer: str,
    value: str | None = None,
    *,
    known: str = "",
    bound: bool = False,
) -> Mutation:
    def spoil(probe: Probe, _profile: Profile) -> Probe:
        return replace(probe, name=name, patches=(Patch(name, pointer, value),))

    return Mutation(name, spoil, known or name, bound=bound)


def _cut(probe: Probe, profile: Profile) -> Probe:
    dialect = profile.dialect
    spelled = dialect.request(dialect.prepare(probe), probe.model or "any")
    body = freeze(spelled).encode(errors="surrogatepass")
    return replace(probe, name="body-cut-in-half", body=body[: len(body) // 2])


def _picture(name: str, image: Image, *, known: str) -> Mutation:
    def spoil(probe: Probe, _profile: Profile) -> Probe:
        shown = Message("user", (Text("What is this?"), image))
        return replace(probe, name=name, messages=(*probe.messages[:-1], shown))

    return Mutation(name, spoil, known, Capability.VISION)


def _unserved(probe: Probe, _profile: Profile) -> Probe:
    return replace(probe, name="model-unknown", model="no-such-model")


MUTATIONS = (
    _patch("role-unknown", "/messages/0/role", '"wizard"', known="unknown-role"),
    _patch("messages-missing", "/messages"),
    _patch("messages-empty", "/messages", "[]"),
    _patch("messages-are-text", "/messages", '"Hello."', known="messages-not-a-list"),
    _patch(
        "content-is-a-number", "/messages/0/content", "42", known="content-wrong-type"
    ),
    _patch(
        "temperature-is-text", "/temperature", '"hot"', known="temperature-wrong-type"
    ),
    _patch(
        "temperature-below-zero", "/temperature", "-1", known="temperature-out-of-range"
    ),
    _patch("top-p-above-one", "/top_p", "1.5", known="top-p-out-of-range"),
    _patch("max-tokens-is-text", "/max_tokens", '"ten"', known="max-tokens-wrong-type"),
    _patch("max-tokens-below-zero", "/max_tokens", "-5", known="max-tokens-negative"),
    _patch(
        "max-tokens-is-zero",
        "/max_tokens",
        "0",
        known="max-tokens-negative",
        bound=True,  # Mistral's own API takes it
    ),
    _patch("n-is-zero", "/n", "0", known="n-zero"),
    _patch("stop-is-a-number", "/stop", "5", known="stop-wrong-type"),
    _patch("stream-is-text", "/stream", '"maybe"', known="stream-wrong-type"),
    _patch("tools-are-an-object", "/tools", '{"a":1}', known="tools-wrong-type"),
    Mutation("model-unknown", _unserved, "unknown-model"),
    _picture(
        "image-not-base64",
        Image(url="data:image/png;base64,@"),
        known="image-bad-base64",
    ),
    Mutation("body-cut-in-half", _cut, "truncated-json"),
)


@cache
def mutations() -> tuple[Mutation, ...]:
    """All of them; pictures that are none take a picture to be made from."""
    pictures = (
        _picture(name, image, known="image-not-an-image")
        for name, image in corrupt().items()
    )
    return (*MUTATIONS, *pictures)


def invalid(profile: Profile) -> SearchStrategy[Probe]:
    """
    A valid request with exactly one mutation, whose name the probe bears.

    What *profile* tolerates, or is known to get wrong, is not drawn.
    """
    from hypothesis import strategies as st

    wrong = [one for one in mutations() if one.applies(profile)]
    return st.builds(
        lambda mutation, probe: mutation.spoil(probe, profile),
        st.sampled_from(wrong),
        valid(profile),
    )
