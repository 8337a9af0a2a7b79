"""What token counts and rejections show of prompts, context window and images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contract.identity.evidence import Aspect, Evidence, State
from contract.identity.fingerprint import Fingerprint
from contract.identity.observations import Reading
from contract.identity.prompts import LARGE, LONG, LOOK, SMALL, SYSTEM, TURNS


class PromptTokens:
    """What the prompt tokens of the same prompts show of tokenizer and template."""

    def __init__(self, reference: Fingerprint, other: Fingerprint) -> None:
        self._differences: dict[str, int] = {}
        # What each reply costs more, of prompts that the target counts in several ways.
        self._varying: list[int] = []
        for name in other.plan.prompts:
            here, counts = reference.count(name), other.counts(name)
            if here is None or not counts:
                continue
            if len(set(counts)) == 1:
                self._differences[name] = counts[0] - here
            else:
                self._varying += [count - here for count in counts]
        single = {
            name: value
            for name, value in self._differences.items()
            if name not in {TURNS, SYSTEM, "thought"}
        }
        self._single = single
        self.tokenizer = len(set(single.values())) > 1
        self._plain = [single[n] for n in ("letter", "digit") if n in single]
        self.template = bool(self._varying) or any(
            self._plain if self.tokenizer else self._differences.values()
        )
        # Tokens that every single prompt costs more; 0 if that is not one number.
        self.shift = 0 if self.tokenizer else next(iter(single.values()), 0)

    @property
    def changed(self) -> bool:
        """Whether the model is given other tokens for the same messages."""
        return self.tokenizer or self.template

    @property
    def varies(self) -> bool:
        """Whether equal prompts cost the target different tokens."""
        return bool(self._varying)

    def evidence(self) -> Iterator[Evidence]:
        """Yield what is known of the tokenizer and of the template."""
        if not self._differences and not self._varying:
            why = "the prompt tokens are not stated, or not always the same"
            for aspect in (Aspect.TOKENIZER, Aspect.TEMPLATE):
                yield Evidence((aspect,), State.CANNOT_TELL, why)
            return
        yield self._tokenizer()
        yield self._varied() if self.varies else self._template()

    def _varied(self) -> Evidence:
        """Return what it means that equal prompts cost the target different tokens."""
        others = [one for one in self._varying if one]
        low, high = min(others), max(others)
        costs = f"{low:+}" if low == high else f"{low:+} to {high:+}"
        return Evidence(
            (Aspect.TEMPLATE,),
            State.DIFFERENT,
            f"{len(others)} of {len(self._varying)} replies to equal prompts cost "
            f"{costs} tokens: only a part of them gets the messages that were sent",
        )

    def _tokenizer(self) -> Evidence:
        aspect = (Aspect.TOKENIZER,)
        count = len(self._single)
        if self.tokenizer:
            low, high = min(self._single.values()), max(self._single.values())
            return Evidence(
                aspect,
                State.DIFFERENT,
                f"the difference in prompt tokens depends on the text: {low:+} to "
                f"{high:+} in {count} texts",
            )
        if count < _FEW_TEXTS:
            why = f"only {count} texts were counted by both"
            return Evidence(aspect, State.CANNOT_TELL, why)
        why = f"{count} texts in several scripts cost the same tokens"
        if self.shift:
            why = f"each of {count} texts costs {self.shift:+} tokens, whatever it is"
        return Evidence(aspect, State.SAME, why)

    def _template(self) -> Evidence:
        aspect = (Aspect.TEMPLATE,)
        if self.tokenizer and not self.template:
            why = "the tokenizer differs, so the tokens of the template are not known"
            return Evidence(aspect, State.CANNOT_TELL, why)
        if not self.template:
            why = "prompts with one turn, several turns and a system message cost the "
            return Evidence(aspect, State.SAME, why + "same tokens")
        values = self._plain if self.tokenizer else [*self._single.values()]
        why = (
            f"each prompt costs {values[0]:+} tokens"
            if any(values)
            else "one turn costs the same"
        )
        turns = self._differences.get(TURNS)
        system = self._differences.get(SYSTEM)
        if turns is not None and not self.tokenizer:
            why += f", one with a further turn {turns:+}"
        if system is not None and not self.tokenizer:
            why += f", one with a system message {system:+}"
        return Evidence(aspect, State.DIFFERENT, why)


_FEW_TEXTS = 4


def context_evidence(
    reference: Fingerprint, other: Fingerprint, shift: int
) -> Iterator[Evidence]:
    """Yield what is known of the context window."""
    aspect = (Aspect.CONTEXT,)
    here, there = reference.window, other.window
    if here is not None and there is not None and there < here:
        why = f"it states a context window of {there} tokens, not {here}"
        yield Evidence(aspect, State.DIFFERENT, why)
        return
    before = next(iter(reference.of(LONG)), None)
    after = next(iter(other.of(LONG)), None)
    if before is None or after is None or not before.ok:
        if here is not None and there is not None:
            why = f"it states a context window of {there} tokens, and no long prompt "
            yield Evidence(aspect, State.SAME, why + "was sent")
        else:
            yield Evidence(aspect, State.NOT_TESTED, "no long prompt was answered")
        return
    yield Evidence(aspect, *_long(before, after, shift))


def _long(before: Reading, after: Reading, shift: int) -> tuple[State, str]:
    """Return what a long prompt shows, which was answered *before*."""
    size = before.prompt_tokens
    words = "a long prompt" if size is None else f"a prompt of {size} tokens"
    if not after.ok:
        if after.refused:
            return State.DIFFERENT, f"{words} is refused: {after.error}"
        return State.CANNOT_TELL, f"{words} is not answered: {after.error}"
    counted = after.prompt_tokens
    if size is None or counted is None:
        return State.SAME, f"{words} is answered, though its tokens are not counted"
    if counted < _CUT * (size + shift):
        return State.DIFFERENT, f"of {words} only {counted} were read"
    return State.SAME, f"{words} is read whole"


_CUT = 0.95  # share of a prompt; another tokenizer counts filler words nearly alike


def vision_evidence(
    reference: Fingerprint, other: Fingerprint, prompt: PromptTokens
) -> Evidence:
    """Return what the tokens of images show of the vision tower."""
    aspect = (Aspect.VISION,)
    costs = [
        {
            name: {count - plain for count in counts}
            for name in (SMALL, LARGE)
            if (counts := one.counts(name)) and (plain := one.count(LOOK)) is not None
        }
        for one in (reference, other)
    ]
    answered = [
        any(o.ok for n in (SMALL, LARGE) for o in one.of(n))
        for one in (reference, other)
    ]
    if not answered[0]:
        return Evidence(aspect, State.NOT_TESTED, "the reference reads no images")
    if not answered[1]:
        return _unanswered((*other.of(SMALL), *other.of(LARGE)))
    if prompt.varies:
        why = "equal prompts cost different tokens, so those of images are not known"
        return Evidence(aspect, State.CANNOT_TELL, why)
    both = [
        name
        for name in (SMALL, LARGE)
        if len(costs[0].get(name, ())) == 1 and name in costs[1]
    ]
    if not both:
        why = "the tokens of images are not counted"
        return Evidence(aspect, State.CANNOT_TELL, why)
    for name in both:
        (here,), others = costs[0][name], costs[1][name] - costs[0][name]
        if others:
            times = "sometimes " if len(costs[1][name]) > 1 else ""
            listed = " or ".join(map(str, sorted(others)))
            why = f"the {name.removeprefix('image-')} image {times}costs {listed}"
            return Evidence(aspect, State.DIFFERENT, f"{why} tokens, not {here}")
    listed = " and ".join(str(*costs[0][name]) for name in both)
    return Evidence(aspect, State.SAME, f"images cost the same tokens ({listed})")


def _unanswered(replies: Sequence[Reading]) -> Evidence:
    """Return what it means that no image is answered."""
    aspect = (Aspect.VISION,)
    error = next((one.error for one in replies), "") or "no answer"
    if replies and all(one.refused for one in replies):
        return Evidence(aspect, State.DIFFERENT, f"images are refused: {error}")
    why = f"images are not answered: {error}"
    return Evidence(aspect, State.CANNOT_TELL, why)
