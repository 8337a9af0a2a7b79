"""Comparing two fingerprints: in what the endpoints differ, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean, median

from contract.identity.counted import PromptTokens, context_evidence, vision_evidence
from contract.identity.evidence import Aspect, Evidence, State
from contract.identity.fingerprint import Fingerprint
from contract.identity.observations import Reading
from contract.identity.prompts import (
    ASKED,
    LARGE,
    LOOK,
    OPEN,
    SMALL,
    UNASKED,
)
from contract.identity.statistics import TextTest, distance, holm, sign_flip
from contract.model.chat import Json

LEVEL = 0.01
"""The false-alarm rate of all statistical tests of one comparison together."""
FLOOR = 0.005
"""Nats: a mean shift up to this is never a difference, however small the noise.

The same weights with other threads and 8 requests at a time shift by 0.00005."""
FACTOR = 3.0
"""A shift counts from this multiple of the noise that was measured on the endpoints."""
MOST_NOISE = 0.03
"""Nats: with a larger allowance, a quantisation could hide in the noise.

Eight bits shift a small model by 0.08 (docs/identity.md)."""
SURE = 0.05
"""The level at which a shift is shown to be within the allowance."""
WEIGHTS_SHIFT = 3.0
"""Nats: more than any quantisation shifts (docs/identity.md): the weights differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The verdict on two endpoints, with its evidence."""

    reference: Fingerprint
    other: Fingerprint
    evidence: tuple[Evidence, ...]
    # Mean shift of the log probabilities by prompt, in nats; and their noise.
    shifts: dict[str, float] = field(default_factory=dict)
    noise: float | None = None
    # The largest mean shift that counts as the same, in nats.
    allowance: float | None = None
    # p-values by test.
    p_values: dict[str, float] = field(default_factory=dict)
    # Why there is no verdict; empty otherwise.
    obstacle: str = ""

    @property
    def verdict(self) -> State:
        """Whether the endpoints are the same: the same only if no aspect is open."""
        states = {one.state for one in self.evidence}
        if self.obstacle:
            return State.CANNOT_TELL
        if State.DIFFERENT in states:
            return State.DIFFERENT
        if State.CANNOT_TELL in states or State.SAME not in states:
            return State.CANNOT_TELL
        return State.SAME

    @property
    def differs_in(self) -> tuple[str, ...]:
        """What differs; aspects that cannot be distinguished are joined by `or`."""
        if self.obstacle:
            return ()
        return tuple(o.name for o in self.evidence if o.state is State.DIFFERENT)

    @property
    def exit_code(self) -> int:
        """0 if they are the same, 1 if they differ, 3 if the evidence shows neither."""
        codes = {State.SAME: 0, State.DIFFERENT: 1}
        return codes.get(self.verdict, 3)

    @property
    def json(self) -> dict[str, Json]:
        """The comparison as JSON, format `identity-v1`."""
        mean = fmean(self.shifts.values()) if self.shifts else None
        evidence: list[Json] = [
            {"aspects": [*one.aspects], "state": one.state, "why": one.why}
            for one in self.evidence
        ]
        return {
            "format": "identity-v1",
            "target": self.other.target,
            "profile": self.other.profile,
            "model": self.other.model,
            "verdict": self.verdict,
            "differs_in": [*self.differs_in],
            "why": self.obstacle,
            "evidence": evidence,
            "against": {
                "target": self.reference.target,
                "profile": self.reference.profile,
                "model": self.reference.model,
                "made": self.reference.made,
                "source": self.reference.source,
            },
            "false_alarm_rate": LEVEL,
            "p_values": {**self.p_values},
            "shift": {
                "mean": mean,
                "noise": self.noise,
                "allowance": self.allowance,
                "prompts": {**self.shifts},
            },
            "output_tokens": self.other.tokens,
            "requests": self.other.requests,
            "made": self.other.made,
            "version": self.other.version,
        }


def compare(reference: Fingerprint, other: Fingerprint) -> Comparison:
    """
    Return in what the endpoint of *other* differs from that of *reference*.

    What would follow from a difference that was found already is not counted twice: a
    hidden system prompt shifts log probabilities too, so the weights are not judged
    then.

    Usage: `compare(load("trusted.json"), collector.collect()).verdict`.
    """
    for side, words in ((reference, "the reference"), (other, "the target")):
        if changed := changed_meanwhile(side):
            return Comparison(
                reference=reference,
                other=other,
                evidence=(),
                obstacle=f"{words} changed during the run: {changed}",
            )
    if not any(one.ok for many in other.readings.values() for one in many):
        why = next((o.error for m in other.readings.values() for o in m), "")
        return Comparison(
            reference=reference,
            other=other,
            evidence=(),
            obstacle=f"the target answered no request: {why}",
        )
    prompt = PromptTokens(reference, other)
    first = [*prompt.evidence(), *context_evidence(reference, other, prompt.shift)]
    vision = vision_evidence(reference, other, prompt)
    shifts, farthest, noise = _shifts(reference, other)
    usual = {name: value for name, value in shifts.items() if name not in _IMAGES}
    texts = None if usual or reference.source else _texts(reference, other)
    allowance = max(FLOOR, FACTOR * noise) if shifts else None
    p_values = _tests(shifts, allowance, texts)
    found = holm(p_values, LEVEL)
    weights = _weights(usual, farthest, allowance, texts, found, prompt)
    vision = _vision_by_shift(vision, shifts, allowance, found, weights, prompt)
    effort = _effort(reference, other, weights, prompt)
    return Comparison(
        reference=reference,
        other=other,
        evidence=(weights, *first[:2], effort, *first[2:], vision),
        shifts=shifts,
        noise=noise if shifts else None,
        allowance=allowance,
        p_values=p_values,
    )


_IMAGES = (LOOK, SMALL, LARGE)
_BOTH = (Aspect.WEIGHTS, Aspect.QUANTISATION)


def changed_meanwhile(one: Fingerprint) -> str:
    """
    Return how an endpoint changed during its run, as a clause; empty if it did not.

    A last reply is compared with the nearest of the earlier ones, which were computed
    in several ways (see `_shifts`): less than `MOST_NOISE`, or than two of those differ
    in any prompt, is no change.
    """
    drifts = []
    for name in one.plan.last:
        many = one.of(name)
        if len(many) < 3 or not all(reading.ok for reading in many):  # noqa: PLR2004  # three passes
            continue
        last = many[2]
        if many[0].prompt_tokens != last.prompt_tokens:
            return (
                f"the same prompt cost {many[0].prompt_tokens} prompt tokens at its "
                f"start and {last.prompt_tokens} at its end"
            )
        drifts.append(_nearest(last, _ways(one, name)) or 0.0)
    drift = fmean(drifts) if drifts else 0.0
    if drift > max(MOST_NOISE, _spread(one)):
        return (
            f"its last log probabilities are {drift:.3g} nats from all that it gave "
            "for the same prompts before"
        )
    return ""


def _spread(one: Fingerprint) -> float:
    """Return the largest distance of two replies to one prompt, in nats."""
    return max(
        (
            value
            for name in one.plan.prompts
            for here, there in combinations(_ways(one, name), 2)
            if (value := distance(here.steps, there.steps)) is not None
        ),
        default=0.0,
    )


def _shifts(
    reference: Fingerprint, other: Fingerprint
) -> tuple[dict[str, float], list[float], float]:
    """
    Return the shift of each prompt, how far off any reply is, and the noise.

    One endpoint may compute the same prompt in several ways: with or without its
    prefix cache, alone or in a batch. So a shift is the distance of the two nearest
    replies of the endpoints, which is small if they have one way in common. A reply is
    as far off as the nearest reply of the reference. The noise is that of the noisier
    endpoint, the median over the prompts: where a part of the replies comes from other
    weights, a mean would take their shift for noise.
    """
    shifts: dict[str, float] = {}
    farthest: list[float] = []
    noises: tuple[list[float], list[float]] = ([], [])
    for name in (*other.plan.prompts, *_IMAGES):
        ours, theirs = _ways(reference, name), _ways(other, name)
        found = [_nearest(one, ours) for one in theirs]
        known = [value for value in found if value is not None]
        if not known:
            continue
        shifts[name] = min(known)
        if name not in _IMAGES:
            farthest.append(max(known))
        for own, many in zip(noises, (ours, theirs), strict=True):
            others = [_nearest(one, many[n + 1 :]) for n, one in enumerate(many)]
            if apart := [value for value in others if value is not None]:
                own.append(min(apart))
    noise = max((median(own) for own in noises if own), default=0.0)
    return shifts, farthest, noise


def _ways(one: Fingerprint, name: str) -> list[Reading]:
    """Return the replies to the prompt *name* that can be compared with each other."""
    first = one.of(f"first-{name}")[:1] if one.plan.tokens == 1 else ()
    return [*one.of(name)[:2], *first]


def _nearest(one: Reading, many: list[Reading]) -> float | None:
    """Return the distance of *one* and the nearest of *many*; None if there is none."""
    found = [distance(one.steps, other.steps) for other in many]
    return min((value for value in found if value is not None), default=None)


def _texts(reference: Fingerprint, other: Fingerprint) -> TextTest:
    """Return the text test over the replies to the same prompts."""
    names = [*other.plan.prompts, *(f"sample-{name}" for name in OPEN)]
    return TextTest(
        (
            [one.text or one.thought for one in reference.of(name)[:2000] if one.ok],
            [one.text or one.thought for one in other.of(name)[:2000] if one.ok],
        )
        for name in names
    )


def _tests(
    shifts: dict[str, float], allowance: float | None, texts: TextTest | None
) -> dict[str, float]:
    """Return the p-values of the tests that can be made, by name."""
    found = {}
    usual = [v for name, v in shifts.items() if name not in _IMAGES]
    if usual and allowance is not None:
        found["log probabilities"] = sign_flip([v - allowance for v in usual])
    if texts is not None and texts.replies:
        found["texts"] = texts.p
    return found


def _weights(  # noqa: PLR0913, PLR0917  # what the steps before have found
    usual: dict[str, float],
    farthest: list[float],
    allowance: float | None,
    texts: TextTest | None,
    found: frozenset[str],
    prompt: PromptTokens,
) -> Evidence:
    """Return what is known of weights and quantisation."""
    if prompt.changed and found:
        what = "tokenizer" if prompt.tokenizer else "prompt"
        why = f"the {what} differs, which changes the replies of the same weights too"
        return Evidence(_BOTH, State.CANNOT_TELL, why)
    if usual and allowance is not None:
        return _by_shift(list(usual.values()), farthest, allowance, found)
    if texts is None:
        why = "the known fingerprint has token counts only"
        return Evidence(_BOTH, State.CANNOT_TELL, why)
    if not texts.replies:
        return Evidence(_BOTH, State.CANNOT_TELL, "there are no replies to compare")
    return _by_texts(texts, found)


def _by_shift(
    values: list[float],
    farthest: list[float],
    allowance: float,
    found: frozenset[str],
) -> Evidence:
    mean = fmean(values)
    words = (
        f"log probabilities shift by {mean:.3g} nats in the mean of {len(values)} "
        f"prompts; up to {allowance:.3g} is noise"
    )
    if "log probabilities" in found:
        which = (Aspect.WEIGHTS,) if mean > WEIGHTS_SHIFT else _BOTH
        return Evidence(which, State.DIFFERENT, words)
    if allowance > MOST_NOISE:
        why = f"{words}, in which a quantisation could hide"
        return Evidence(_BOTH, State.CANNOT_TELL, why)
    if sign_flip([allowance - value for value in farthest]) <= SURE:
        return Evidence(_BOTH, State.SAME, words)
    if fmean(farthest) > allowance:
        words += (
            f", and some replies are {fmean(farthest):.3g} nats from all of the "
            "reference: a part of them may come from other weights, or both endpoints "
            "compute a cached prompt in another way"
        )
    return Evidence(_BOTH, State.CANNOT_TELL, words)


def _by_texts(texts: TextTest, found: frozenset[str]) -> Evidence:
    """Return what texts alone show: never that a quantisation is the same."""
    words = f"{texts.replies} replies, without log probabilities"
    if "texts" in found:
        why = f"the texts differ (p = {texts.p:.2g}, {words})"
        return Evidence(_BOTH, State.DIFFERENT, why)
    why = f"the texts do not differ in {words}, which show no quantisation for sure"
    return Evidence(_BOTH, State.CANNOT_TELL, why)


def _vision_by_shift(  # noqa: PLR0913, PLR0917  # what the steps before have found
    vision: Evidence,
    shifts: dict[str, float],
    allowance: float | None,
    found: frozenset[str],
    weights: Evidence,
    prompt: PromptTokens,
) -> Evidence:
    """Return *vision* with what the log probabilities after an image show."""
    if vision.state is not State.SAME or allowance is None:
        return vision
    values = [shifts[name] for name in (SMALL, LARGE) if name in shifts]
    if not values or prompt.changed or "log probabilities" in found:
        return vision
    mean = fmean(values)
    if mean > _IMAGE_FACTOR * allowance and weights.state is State.SAME:
        why = f"{vision.why}, but the token after one shifts by {mean:.3g} nats"
        return Evidence(vision.aspects, State.CANNOT_TELL, why)
    return vision


_IMAGE_FACTOR = 3.0  # two replies are too few for a test


_QUESTIONS = {ASKED: "where one is asked for", UNASKED: "unasked"}


def _effort(
    reference: Fingerprint, other: Fingerprint, weights: Evidence, prompt: PromptTokens
) -> Evidence:
    """Return what the presence and the end of thoughts show of the effort."""
    aspect = (Aspect.EFFORT,)
    same = []
    for name, words in _QUESTIONS.items():
        here = {_thought(one) for one in reference.of(name) if one.ok}
        there = {_thought(one) for one in other.of(name) if one.ok}
        if len(here) != 1 or not there:
            continue
        if len(there) > 1:
            why = f"equal questions are not answered alike {words}"
            return Evidence(aspect, State.CANNOT_TELL, why)
        one, two = here.pop(), there.pop()
        if one[0] != two[0]:
            seen = "there is a thought" if two[0] else "there is no thought"
            return Evidence(aspect, State.DIFFERENT, f"{seen} {words}")
        if one != two:
            if weights.state is State.SAME and not prompt.changed:
                which = "ends sooner" if two[1] else "is longer"
                return Evidence(aspect, State.DIFFERENT, f"the thought {which}")
            why = "the thought has another length, which other weights change too"
            return Evidence(aspect, State.CANNOT_TELL, why)
        same.append(words)
    if not same:
        asked = any(one.of(name) for one in (reference, other) for name in _QUESTIONS)
        why = "the reference did not answer equal questions alike"
        if not asked:
            why = "no question was asked; raise --max-tokens"
        return Evidence(aspect, State.NOT_TESTED, why)
    return Evidence(aspect, State.SAME, "thoughts begin alike " + " and ".join(same))


def _thought(one: Reading) -> tuple[bool, bool]:
    """Return whether there is a thought, and whether an answer follows it."""
    return bool(one.thought.strip()), bool(one.thought.strip() and one.text.strip())
