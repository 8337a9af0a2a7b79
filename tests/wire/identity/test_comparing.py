"""`compare` on what mocks reply, with `counted`, `Collector` and `opened_collector`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from contract.catalog.profiles import builtin
from contract.identity.comparing import changed_meanwhile, compare
from contract.identity.evidence import State
from contract.identity.observations import Reading, Step
from contract.identity.opening import opened_collector
from contract.model.alterations import ALTERATIONS
from contract.model.check import Quirk
from contract.model.profile import Capability
from contract.plugins.discovery import find
from contract.testing.laws import representatives

ANY = "vllm-0.32"
QUIRKS = find("quirks", Quirk)


@cache
def reference(profile):
    with opened_collector(f"mock:{profile}") as collector:
        return collector.collect(long=5_000)


def compared(profile, change):
    with opened_collector(f"mock:{profile}?{change}") as collector:
        found = collector.collect(like=reference(profile).plan)
    return compare(reference(profile), found)


def in_the_grid(name, quick):
    return name if name in quick else pytest.param(name, marks=pytest.mark.grid)


@pytest.mark.parametrize("id", ALTERATIONS)
def test_an_alteration_is_named(id):
    # The mock of vLLM thinks whatever is asked, so nothing of it can be ignored there.
    profile = "mistral-2026-08" if id == "effort-ignored" else ANY
    found = compared(profile, f"fault={id}")

    assert found.differs_in == (ALTERATIONS[id].differs_in,)
    assert found.exit_code == 1


@pytest.mark.grid
@pytest.mark.parametrize("profile", representatives())
@pytest.mark.parametrize("id", ALTERATIONS)
def test_an_alteration_is_named_or_nothing_is_in_every_dialect(id, profile):
    found = compared(profile, f"fault={id}")

    assert set(found.differs_in) <= {ALTERATIONS[id].differs_in}
    if id in {"tokenizer-changed", "system-prompt-hidden", "template-changed"}:
        assert found.verdict is State.DIFFERENT


@pytest.mark.parametrize("profile", [in_the_grid(p, {ANY}) for p in builtin()])
def test_a_sound_mock_is_never_different(profile):
    found = compared(profile, "seed=1")

    assert found.differs_in == ()
    assert not found.obstacle
    if Capability.LOGPROBS in builtin()[profile].offers:
        assert found.verdict is State.SAME


@pytest.mark.parametrize("quirk", [in_the_grid(q, sorted(QUIRKS)[:1]) for q in QUIRKS])
def test_a_harmless_quirk_makes_no_difference(quirk):
    assert compared(ANY, f"quirk={quirk}").differs_in == ()


TEMPLATE = ("chat template or system prompt",)


@pytest.mark.parametrize(
    ("id", "condition", "differs_in"),
    [
        ("system-prompt-hidden", "when=streamed", TEMPLATE),
        ("system-prompt-hidden", "when=whole", TEMPLATE),
        ("system-prompt-hidden", "every=7", TEMPLATE),
        ("image-downscaled", "when=streamed", ("vision tower",)),
        ("image-downscaled", "when=whole", ("vision tower",)),
        # Too few replies to be sure, which is never "same".
        ("weights-quantised", "every=7", ()),
        ("weights-changed", "every=7", ()),
        ("effort-lowered", "when=streamed", ()),
    ],
)
def test_an_alteration_of_some_replies_is_never_called_the_same(
    id, condition, differs_in
):
    found = compared(ANY, f"fault={id}&{condition}")

    assert found.verdict is not State.SAME
    assert found.differs_in == differs_in


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (400, State.DIFFERENT),
        (404, State.DIFFERENT),
        (429, State.CANNOT_TELL),
        (500, State.CANNOT_TELL),
        (None, State.CANNOT_TELL),
    ],
)
@pytest.mark.parametrize(
    ("names", "aspect"),
    [(("image-small", "image-large"), "vision tower"), (("long",), "context cut")],
)
def test_only_a_rejection_is_a_difference_and_a_failure_is_not(
    names, aspect, status, state
):
    sound = reference(ANY)
    failed = (Reading(status=status, error="of a test"),)
    found = compare(
        sound,
        replace(sound, readings={**sound.readings, **dict.fromkeys(names, failed)}),
    )
    (evidence,) = (one for one in found.evidence if one.name == aspect)

    assert evidence.state is state


def test_a_stream_without_the_entry_of_a_hidden_token_is_no_noise():
    sound = reference(ANY)
    longer = {
        name: tuple(
            replace(one, steps=(*one.steps, Step("x", {"x": -1.0, "y": -2.0})))
            if number != 1
            else one
            for number, one in enumerate(many)
        )
        for name, many in sound.readings.items()
    }
    other = replace(sound, readings=longer)

    assert changed_meanwhile(other) == ""
    assert compare(other, other).noise == 0


def test_an_endpoint_that_changes_meanwhile_is_not_judged():
    sound = reference(ANY)
    other = {
        name: (*many[:2], replace(many[2], prompt_tokens=99)) if many[2:] else many
        for name, many in sound.readings.items()
    }
    found = compare(sound, replace(sound, readings=other))

    assert found.exit_code == 3
    assert "the target changed during the run" in found.obstacle


def shifted(one, by):
    """The reply *one* with log probabilities that are higher by *by*."""
    steps = (Step(s.token, {k: v + by for k, v in s.top.items()}) for s in one.steps)
    return replace(one, steps=tuple(steps))


@pytest.mark.parametrize(
    ("again", "last", "changed"),
    [(0, 0.2, True), (0.1, 0.3, True), (0, 0.02, False), (0.2, 0.1, False)],
)
def test_a_last_reply_unlike_all_before_is_a_change(again, last, changed):
    sound = reference(ANY)
    readings = {
        name: (many[0], shifted(many[1], again), shifted(many[2], last))
        if many[2:]
        else many
        for name, many in sound.readings.items()
    }
    found = changed_meanwhile(replace(sound, readings=readings))

    assert ("nats from all" in found) is changed


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        pytest.param(0.1, 0, State.SAME, id="before-it-was-cached"),
        pytest.param(0, 0.1, State.SAME, id="in-a-batch"),
        pytest.param(0.2, 0, State.CANNOT_TELL, id="as-the-reference-never-did"),
    ],
)
def test_replies_that_depend_on_a_cache_are_not_called_different(
    first, second, verdict
):
    """As of llama.cpp with K-quants; of a reference that met nothing in its cache."""
    sound = reference(ANY)
    cold = {
        name: tuple(shifted(one, 0.1) for one in many)
        if name.startswith("first-")
        else many
        for name, many in sound.readings.items()
    }
    readings = {
        name: tuple(shifted(one, first) for one in many)
        if name.startswith("first-")
        else (many[0], *(shifted(one, second) for one in many[1:2]), *many[2:])
        for name, many in sound.readings.items()
    }
    found = compare(replace(sound, readings=cold), replace(sound, readings=readings))

    assert found.verdict is verdict


def test_a_noisy_endpoint_is_not_called_the_same():
    sound = reference(ANY)
    readings = {
        name: tuple(
            replace(
                one,
                steps=tuple(
                    Step(s.token, {k: v - 0.2 * (n == 1) for k, v in s.top.items()})
                    for s in one.steps
                ),
            )
            for n, one in enumerate(many)
        )
        for name, many in sound.readings.items()
    }
    found = compare(sound, replace(sound, readings=readings))

    assert found.verdict is State.CANNOT_TELL
    assert "0.117 nats from all of the reference" in found.evidence[0].why
