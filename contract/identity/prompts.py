"""The prompts of a fingerprint: short texts whose replies show a model's identity."""

from __future__ import annotations

from dataclasses import dataclass, replace

from contract.model.chat import Message, Options, Part, Text, Thinking
from contract.model.images import picture
from contract.model.probe import Probe
from contract.model.probes import user
from contract.tokens.counting import filler

SET = "prompts-2"
"""The name of this set: fingerprints of another set cannot be compared."""

# Texts without white space at their ends, which some templates remove. "a" and "1" are
# one token in every tokenizer: what they cost beyond it is the template. The others
# are divided differently by different tokenizers: languages, code, digits, emoji.
TEXTS = {
    "letter": "a",
    "digit": "1",
    "colour": "Name a colour.",
    "number": "Say a number between one and a hundred.",
    "animal": "My favourite animal is",
    "story": "Once upon a time",
    "french": "Il faisait déjà nuit quand la grand-mère d'Éloïse ouvrit",
    "chinese": "从前有一个村庄里住着一位老人",
    "arabic": "كان يا ما كان في قديم الزمان",
    "hindi": "एक समय की बात है, एक छोटे से गाँव में",
    "code": "def fibonacci(n):\n    if n < 2:\n        return n",
    "digits": "3.14159265358979323846 2718281828459045",
    "emoji": "🙂👩‍👩‍👧‍👦🏳️‍🌈 means",
    "rare": "Llanfairpwllgwyngyll antidisestablishmentarianism",
}
# Of these, the answers vary most, so that samples of them show a distribution.
OPEN = ("colour", "number", "animal", "story", "french", "chinese")
# Asked again at the end of a run, to notice an endpoint that changes meanwhile.
LAST = ("colour", "code")

# Prompts of which only the tokens are counted: one more turn, and a system message.
TURNS = "turns"
SYSTEM = "system"
# A begun thought, which the model continues where the API has prefixes.
THOUGHT = "thought"
PROMPTS = frozenset({*TEXTS, TURNS, SYSTEM, THOUGHT})
"""The names of all prompts of which a token is generated."""
# A question that is thought about, and the same where no thought is asked for.
ASKED = "thinking-asked"
UNASKED = "thinking-not-asked"
_QUESTION = "What is 6 times 7? Answer with one short sentence."
# The same text with a picture, in two sizes in pixels, and without one.
LOOK = "image-none"
SMALL = "image-small"
LARGE = "image-large"
_SIZES = {SMALL: (280, 140), LARGE: (1_540, 840)}
# A prompt that fills a part of the context window.
LONG = "long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked, so that a second endpoint can be asked the same."""

    # Names of the prompts of `TEXTS`, and `TURNS`, `SYSTEM`, `THOUGHT`.
    prompts: tuple[str, ...]
    # Output tokens of each of them.
    tokens: int = 1
    # Alternatives of each token, with their log probabilities; 0 asks for none.
    top: int = 0
    # Most output tokens of a question that is thought about; 0 does not ask it.
    thinking: int = 8
    # Samples at temperature 1 of each prompt in `OPEN`.
    samples: int = 0
    # Whether pictures are sent.
    images: bool = False
    # Words of the long prompt; 0 sends none.
    long: int = 0

    @property
    def last(self) -> tuple[str, ...]:
        """The prompts that are asked again at the end of a run; one of long replies."""
        known = tuple(name for name in LAST if name in self.prompts)
        return known if self.tokens == 1 else known[:1]

    @property
    def cost(self) -> int:
        """The most output tokens of a run by this plan."""
        once = (4 if self.images else 0) + (1 if self.long else 0)
        replies = 2 * len(self.prompts) + len(self.last) + self.samples * len(OPEN)
        primed = (len(self.prompts) + len(self.last)) if self.top else 0
        thinking = 2 * self.thinking + 2 * unasked(self.thinking)
        return replies * self.tokens + primed + thinking + once


def unasked(thinking: int) -> int:
    """Return the output tokens of a question without a thought: enough to see one."""
    return min(thinking, 3)


LEAST = 24
"""Output tokens that a plan needs at least: six prompts, each asked three times."""
_ENOUGH = 12  # prompts; then thoughts are shortened before one more is left out
_CERTAIN = 3  # output tokens of a prompt whose first token is always the same
_SHORT, _THINKING = 4, 8  # output tokens of a question that is thought about
_MOST_TOKENS = 8  # of a prompt; later ones seldom have the same context


def plan(  # noqa: PLR0913  # each is a property of the endpoint, or a bound
    most: int,
    *,
    top: int,
    images: bool,
    prefix: bool,
    long: int,
    certain: bool = False,
) -> Plan:
    """
    Return the plan that makes the best of *most* output tokens.

    Args:
        most: Output tokens of all replies together, at least `LEAST`.
        top: Alternatives with log probabilities that the endpoint gives; 0 for none.
        images: Whether it reads images.
        prefix: Whether it continues a message.
        long: Words of the long prompt; 0 for none.
        certain: Whether the first token is always the same, as where a thought begins
            each reply: then fewer prompts have more tokens each.
    """
    names = (*TEXTS, TURNS, SYSTEM, *((THOUGHT,) if prefix else ()))
    found = Plan(
        prompts=names,
        tokens=_CERTAIN if certain else 1,
        top=top,
        thinking=_SHORT,
        images=images,
        long=long,
    )
    while found.cost > most and len(found.prompts) > _ENOUGH:
        found = replace(found, prompts=_fewer(found.prompts))
    while found.cost > most and found.thinking:
        found = replace(found, thinking=found.thinking - 1)
    while found.cost > most and len(found.prompts) > 1:
        found = replace(found, prompts=_fewer(found.prompts))
    if replace(found, thinking=_THINKING).cost <= most:
        found = replace(found, thinking=_THINKING)
    if not top:
        share = (most - found.cost) // (len(OPEN) * found.tokens)
        return replace(found, samples=max(share, 0))
    while found.tokens < _MOST_TOKENS:
        more = replace(found, tokens=found.tokens + 1)
        if more.cost > most:
            break
        found = more
    return found


def _fewer(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return *names* without the one that is missed least."""
    spared: tuple[str, ...] = ("rare", "number", "hindi", "digits", "arabic", THOUGHT)
    spared += ("emoji", "french", "digit", SYSTEM, "chinese", TURNS, "letter", *LAST)
    one = next(name for name in spared if name in names)
    return tuple(name for name in names if name != one)


def probe(name: str, wanted: Plan, number: int) -> Probe:
    """
    Return the request *name* of *wanted*, without a thought and by greedy decoding.

    *number* is that of the repetition, from 0.
    """
    return Probe(
        name=name,
        messages=_messages(name),
        options=Options(
            max_tokens=wanted.tokens, temperature=0.0, logprobs=wanted.top or None
        ),
        reasons=False,
        sample=number,
    )


def first(name: str, wanted: Plan, number: int) -> Probe:
    """
    Return the request *name* for one token, which fills the server's prefix cache.

    Servers with a prefix cache compute a prompt in other steps when they have met it:
    the log probabilities of a quantised model differ by as much as those of another
    format (0.05 nats with Q5_K_M, llama.cpp b11549).
    """
    asked = probe(name, replace(wanted, tokens=1), number)
    return replace(asked, name=f"first-{name}")


def sample(name: str, wanted: Plan, number: int) -> Probe:
    """Return the request *name* at temperature 1; *number* is that of the sample."""
    return Probe(
        name=f"sample-{name}",
        messages=_messages(name),
        options=Options(max_tokens=wanted.tokens, temperature=1.0),
        reasons=False,
        sample=number,
    )


def thinking(name: str, wanted: Plan, number: int) -> Probe:
    """Return the question *name*, `ASKED` or `UNASKED`, for its thought."""
    asked = name == ASKED
    most = wanted.thinking if asked else unasked(wanted.thinking)
    return Probe(
        name=name,
        messages=(user(_QUESTION),),
        options=Options(max_tokens=most, temperature=0.0),
        reasons=asked,
        sample=number,
    )


def image(name: str, wanted: Plan) -> Probe:
    """Return the request with the picture *name*; `LOOK` has none."""
    parts: tuple[Part, ...] = (Text("Describe it."),)
    if name in _SIZES:
        parts = (*parts, picture(*_SIZES[name]))
    return Probe(
        name=name,
        messages=(Message("user", parts),),
        options=Options(max_tokens=1, temperature=0.0, logprobs=wanted.top or None),
        reasons=False,
    )


def long(wanted: Plan) -> Probe:
    """Return the long prompt."""
    return Probe(
        name=LONG,
        messages=(user(f"Read these words:{filler(wanted.long)}. Now say hello."),),
        options=Options(max_tokens=1, temperature=0.0),
        reasons=False,
    )


def _messages(name: str) -> tuple[Message, ...]:
    if name == TURNS:
        first, second = user(TEXTS["colour"]), user(TEXTS["letter"])
        return (first, Message("assistant", "Blue."), second)
    if name == SYSTEM:
        return (Message("system", "Be brief."), user(TEXTS["colour"]))
    if name == THOUGHT:
        begun = Thinking("Okay, six times seven is", closed=False)
        return (user(_QUESTION), Message("assistant", (begun,), prefix=True))
    return (user(TEXTS[name]),)
