"""Checks of one entry of `logprobs`: its number, bytes and alternatives."""

from __future__ import annotations

from math import exp, isclose, log

from contract.checks.faults.logprobs import change_choices, listed_entries
from contract.checks.judging.logprobs import (
    REPLACEMENT,
    Object,
    alternatives,
    bytes_of,
    entries_of,
    number_of,
    place_of,
    require_entries,
    token_of,
)
from contract.checks.sampling.logprob_probes import BOTH, NEEDS, TOP
from contract.checks.sources import OPENAI_CHAT, OPENAI_CHAT_OBJECT
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.reply import Reply

# Rounding: of a probability of 1, and between two copies of a number.
CERTAIN = 1e-5
CLOSE = 1e-3
# What a sum of probabilities may exceed 1 by: logits of half precision, rounding.
ROUNDED = 0.02


@check(
    "sampling.logprobs-are-not-positive",
    "A log-probability MUST be a number of at most 0.",
    source=f"{OPENAI_CHAT_OBJECT}: logprobs.content.logprob",
    sends=BOTH,
    needs=NEEDS,
)
def logprobs_are_not_positive(*exchanges: Exchange) -> Findings:
    require_entries(exchanges)
    for exchange in exchanges:
        for number, entry in enumerate(entries_of(exchange)):
            for one in (entry, *alternatives(entry)):
                value = number_of(one)
                if value is None or value > CERTAIN:
                    yield Finding(
                        "a log-probability is no logarithm of a probability",
                        expected="a number of at most 0",
                        actual=shorten(spell(one.get("logprob"))),
                        at=place_of(exchange, number),
                    )
                    return


@check(
    "sampling.logprobs-bytes-are-the-token",
    "The bytes of a token MUST be its text in UTF-8.",
    source=f"{OPENAI_CHAT_OBJECT}: logprobs.content.bytes",
    sends=BOTH,
    needs=NEEDS,
)
def logprobs_bytes_are_the_token(*exchanges: Exchange) -> Findings:
    """A token that is a part of a character has bytes that are not UTF-8."""
    require_entries(exchanges)
    for exchange in exchanges:
        for number, entry in enumerate(entries_of(exchange)):
            for one in (entry, *alternatives(entry)):
                text, token = _decoded(one), token_of(one)
                if text is not None and REPLACEMENT not in token:
                    if text == token:
                        continue
                    yield Finding(
                        "the bytes of a token are not its text",
                        expected=shorten(f"{spell(token)}: {list(token.encode())}"),
                        actual=shorten(f"{spell(text)}: {one['bytes']}"),
                        at=place_of(exchange, number),
                    )
                    return


def _decoded(entry: Object) -> str | None:
    """Return the text of an entry's bytes; None without any, or if they are no text."""
    data = bytes_of(entry)
    try:
        return None if data is None else data.decode()
    except UnicodeDecodeError:
        return None


@check(
    "sampling.top-logprobs-are-as-many",
    "Each token MUST have at least one and at most top_logprobs alternatives.",
    source=f"{OPENAI_CHAT}: top_logprobs",
    sends=BOTH,
    needs=NEEDS,
)
def top_logprobs_are_as_many(*exchanges: Exchange) -> Findings:
    """In rare cases there are fewer than requested, as the reference states."""
    require_entries(exchanges)
    for exchange in exchanges:
        for number, entry in enumerate(entries_of(exchange)):
            count = len(alternatives(entry))
            if not 1 <= count <= TOP:
                yield Finding(
                    "a token has another number of alternatives than requested",
                    expected=f"1 to {TOP}",
                    actual=str(count),
                    at=place_of(exchange, number),
                )
                break


@check(
    "sampling.logprobs-agree-with-the-top",
    "A token MUST have the same log-probability among its alternatives.",
    source=f"{OPENAI_CHAT_OBJECT}: logprobs.content.top_logprobs",
    sends=BOTH,
    needs=NEEDS,
)
def logprobs_agree_with_the_top(*exchanges: Exchange) -> Findings:
    """Several tokens can have the same text; one of them has to agree."""
    judged = False
    for exchange in exchanges:
        for number, entry in enumerate(entries_of(exchange)):
            token, value = token_of(entry), number_of(entry)
            same = [
                number_of(one) for one in alternatives(entry) if token_of(one) == token
            ]
            copies = [copy for copy in same if copy is not None]
            if value is None or not copies:
                continue
            judged = True
            if not any(isclose(value, one, abs_tol=CLOSE) for one in copies):
                yield Finding(
                    "a token has another log-probability among its alternatives",
                    expected=f"{value} for {shorten(spell(token), 20)}",
                    actual=", ".join(map(str, copies)),
                    at=place_of(exchange, number),
                )
                break
    if not judged:
        raise NotApplicable("no token is among its alternatives")


@check(
    "sampling.probabilities-sum-to-one",
    "The probabilities of the alternatives to a token MUST NOT sum to more than 1.",
    source=f"{OPENAI_CHAT_OBJECT}: logprobs.content.logprob, a natural logarithm",
    sends=BOTH,
    needs=NEEDS,
)
def probabilities_sum_to_one(*exchanges: Exchange) -> Findings:
    """
    Logarithms to another base, or scaled ones, sum to more where no token is certain.

    Tokens with the same text, such as parts of a character, count as one. The token
    itself is one of them: llama.cpp lists it without its text if it is a control token.
    """
    require_entries(exchanges)
    for exchange in exchanges:
        for number, entry in enumerate(entries_of(exchange)):
            known = {
                token_of(one): value
                for one in alternatives(entry)
                if (value := number_of(one)) is not None and value <= CERTAIN
            }
            total = sum(map(exp, known.values()))
            if total > 1 + ROUNDED:
                yield Finding(
                    "the probabilities of different tokens sum to more than 1",
                    expected="at most 1, from natural logarithms",
                    actual=f"{total:.3f} for {len(known)} tokens",
                    at=place_of(exchange, number),
                )
                break


@check(
    "sampling.greedy-takes-the-top",
    "At temperature 0 each token SHOULD be the most likely of its alternatives.",
    source=f"{OPENAI_CHAT}: temperature, top_logprobs",
    sends=BOTH,
    needs=NEEDS,
)
def greedy_takes_the_top(*exchanges: Exchange) -> Findings:
    require_entries(exchanges)
    for exchange in exchanges:
        for number, entry in enumerate(entries_of(exchange)):
            value = number_of(entry)
            tops = [
                n for one in alternatives(entry) if (n := number_of(one)) is not None
            ]
            if value is not None and tops and value < max(tops) - CLOSE:
                yield Finding(
                    "the token is less likely than another",
                    expected=f"{max(tops)}",
                    actual=f"{value} for {shorten(spell(token_of(entry)), 20)}",
                    at=place_of(exchange, number),
                )
                break


@fault(breaks=logprobs_are_not_positive, also=("sampling.logprobs-agree-with-the-top",))
def probabilities_for_logprobs(reply: Reply) -> Reply:
    """A gateway sends the probability itself instead of its logarithm."""

    def positive(choice: Object) -> None:
        for entry in listed_entries(choice):
            entry["logprob"] = 0.882

    return change_choices(reply, positive)


@fault(breaks=logprobs_bytes_are_the_token, also=("sampling.logprobs-cover-the-text",))
def bytes_without_the_space(reply: Reply) -> Reply:
    """The bytes are those of the token after its space was replaced by U+2581."""

    def respell(choice: Object) -> None:
        for entry in listed_entries(choice):
            spelt = token_of(entry).replace(" ", "\N{LOWER ONE EIGHTH BLOCK}")
            entry["bytes"] = list(spelt.encode())

    return change_choices(reply, respell)


@fault(breaks=logprobs_bytes_are_the_token, also=("sampling.logprobs-cover-the-text",))
def bytes_of_a_replacement_character(reply: Reply) -> Reply:
    """A gateway decodes the bytes of each token with the wrong character set."""

    def lose(choice: Object) -> None:
        for entry in listed_entries(choice):
            entry["bytes"] = list(REPLACEMENT.encode())

    return change_choices(reply, lose)


@fault(breaks=probabilities_sum_to_one)
def logarithms_to_the_base_of_ten(reply: Reply) -> Reply:
    """A backend's logarithms to the base of 10 are passed on as they are."""

    def convert(choice: Object) -> None:
        for entry in listed_entries(choice):
            for one in (entry, *alternatives(entry)):
                if (value := number_of(one)) is not None:
                    one["logprob"] = value / log(10)

    return change_choices(reply, convert)


@fault(breaks=top_logprobs_are_as_many)
def alternatives_left_out(reply: Reply) -> Reply:
    """The gateway passes logprobs on but not top_logprobs."""

    def empty(choice: Object) -> None:
        for entry in listed_entries(choice):
            entry["top_logprobs"] = []

    return change_choices(reply, empty)


@fault(breaks=top_logprobs_are_as_many)
def one_alternative_too_many(reply: Reply) -> Reply:
    """The chosen token is added to the alternatives without counting it."""

    def add(choice: Object) -> None:
        for entry in listed_entries(choice):
            rest = [*alternatives(entry)]
            entry["top_logprobs"] = [*rest, *rest[-1:]]

    return change_choices(reply, add)


@fault(breaks=logprobs_agree_with_the_top)
def top_after_temperature(reply: Reply) -> Reply:
    """The alternatives are those before the temperature, the token's is after it."""

    def scale(choice: Object) -> None:
        for entry in listed_entries(choice):
            entry["logprob"] = -0.0

    return change_choices(reply, scale)


@fault(breaks=greedy_takes_the_top, also=("sampling.logprobs-agree-with-the-top",))
def top_shifted_by_one(reply: Reply) -> Reply:
    """The log-probability of each token is that of the second most likely one."""

    def shift(choice: Object) -> None:
        for entry in listed_entries(choice):
            if (tops := alternatives(entry))[1:]:
                entry["logprob"] = tops[1].get("logprob")

    return change_choices(reply, shift)
