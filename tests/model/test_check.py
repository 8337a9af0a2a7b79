"""Checks, faults and quirks are made by decorators, which reject incomplete ones."""

from __future__ import annotations

import pytest

from contract.catalog.providers import dialects
from contract.errors import SpecError
from contract.model.check import (
    Combined,
    Finding,
    Level,
    check,
    event_location,
    fault,
    quirk,
    shorten,
)
from contract.model.probes import SUM, SUM_WHOLE

DIALECTS = dialects()


def made(requirement="A thing MUST hold.", **options):
    @check("family.thing", requirement, source="RFC 1", sends=SUM, **options)
    def thing(_exchange):
        yield Finding("never")

    return thing


@pytest.mark.parametrize(
    ("requirement", "level"),
    [
        ("A thing MUST hold.", Level.MUST),
        ("A thing MUST NOT hold.", Level.MUST),
        ("A thing SHOULD hold.", Level.SHOULD),
        ("A thing SHOULD NOT hold.", Level.SHOULD),
        ("A thing MAY hold.", Level.MAY),
    ],
)
def test_level_is_the_keyword_in_the_requirement(requirement, level):
    assert level is made(requirement).level


@pytest.mark.parametrize(
    "requirement",
    [
        "A thing must hold.",
        "A thing MUST hold",
        "A thing MUST hold and SHOULD shine.",
        "A thing MUST hold; it MUST shine.",
        "",
    ],
)
def test_requirement_without_exactly_one_keyword_is_rejected(requirement):
    with pytest.raises(SpecError, match="exactly one RFC 2119 keyword"):
        made(requirement)


def test_judge_that_cannot_yield_is_rejected():
    with pytest.raises(SpecError, match="must be a generator function"):

        @check("family.thing", "A thing MUST hold.", source="RFC 1", sends=SUM)
        def thing(_exchange):
            return ()


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="neither"),
        pytest.param({"sends": SUM, "explores": lambda _: None}, id="both"),
    ],
)
def test_check_has_either_probes_or_a_strategy(options):
    with pytest.raises(SpecError, match="either sends or explores"):
        check("a.b", "A thing MUST hold.", source="RFC 1", **options)(made().judge)


def test_family_is_the_part_before_the_dot():
    assert "family" == made().family


@pytest.mark.parametrize("sends", [SUM, (SUM,)], ids=["one", "tuple"])
def test_one_probe_needs_no_tuple(sends):
    made_of = check("a.b", "A thing MUST hold.", source="RFC 1", sends=sends)

    assert (SUM,) == made_of(made().judge).sends


def test_probes_keep_their_order():
    both = (SUM_WHOLE, SUM)
    made_of = check("a.b", "A thing MUST hold.", source="RFC 1", sends=both)

    assert both == made_of(made().judge).sends


def test_fault_has_the_name_and_docstring_of_its_function():
    thing = made()

    @fault(
        breaks=thing,
        also=(thing, "usage"),
        where=lambda dialect: dialect.id == "vllm-0.16",
    )
    def two_words(reply):
        """A description
        in two lines."""
        return reply

    assert "two-words" == two_words.id
    assert "A description in two lines." == two_words.description
    assert {"family.thing", "usage"} == two_words.also
    assert two_words.exists_in(DIALECTS["vllm-0.16"])
    assert not two_words.exists_in(DIALECTS["llamacpp"])


def test_fault_exists_in_every_dialect_by_default():
    anywhere = fault(breaks=made())(lambda reply: reply)

    assert all(anywhere.exists_in(dialect) for dialect in DIALECTS.values())


def test_quirk_has_the_name_and_docstring_of_its_function():
    @quirk
    def odd_but_legal(reply):
        """RFC 1 allows it."""
        return reply

    assert ("odd-but-legal", "RFC 1 allows it.") == (
        odd_but_legal.id,
        odd_but_legal.description,
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("a\r\nb", r"a\r\nb", id="one-line"),
        pytest.param({"a": None}, '{"a": null}', id="not-text"),
        pytest.param("x" * 81, "x" * 79 + "…", id="too-long"),
        pytest.param("x" * 80, "x" * 80, id="just-fits"),
    ],
)
def test_observed_value_is_shortened_to_one_line(value, text):
    assert text == shorten(value)


def test_location_is_event_and_time():
    assert "event 11, +0.134 s" == event_location(11, 0.1344)


SHARED = Combined(sends=(SUM_WHOLE,))


@pytest.mark.parametrize("more", [{"slow": True}, {"measures": dict}])
def test_only_a_check_that_can_be_settled_at_once_has_combined_requests(more):
    with pytest.raises(SpecError, match="leave combined out"):
        made(combined=SHARED, **more)


def test_combined_requests_are_one_or_several():
    assert made(combined=SHARED).combined == (SHARED,)
    assert made(combined=(SHARED, SHARED)).combined == (SHARED, SHARED)
