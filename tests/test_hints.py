"""What a person can do, read off the replies of servers that were started wrongly."""

from dataclasses import replace

import pytest
from rehearsal import resaid, told

from contract.catalog import find
from contract.chat import Kind, Piece
from contract.checks.reasoning.markers import NO_TOOL
from contract.dialects.base import Dialect
from contract.hints import hint
from contract.probes import SUM, SUM_WHOLE, TOOL, TOOL_WHOLE
from contract.profile import Profile
from contract.reply import rehearse

PARSED = [d for d in find("dialects", Dialect).values() if not d.tagged]
WITH_FLAGS = [d for d in PARSED if d.thought_switch]
THOUGHT = "[THINK]Six times seven.[/THINK]It is 42."
CALL = '[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}'


def profile(dialect):
    return Profile(id=dialect.id, dialect=dialect)


def unparsed(dialect, probe, text, *others):
    return resaid(
        profile(dialect), probe, lambda _said: [Piece(Kind.ANSWER, text), *others]
    )


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=lambda probe: probe.name)
@pytest.mark.parametrize("dialect", PARSED, ids=lambda dialect: dialect.id)
def test_a_thought_left_in_the_content_means_that_its_parser_is_off(dialect, probe):
    said = hint([unparsed(dialect, probe, THOUGHT)])
    first, _, advice = said.partition("; ")

    assert "the server leaves [THINK] in the content: its reasoning parser is off" == (
        first
    )
    assert dialect.thought_switch == advice


@pytest.mark.parametrize("probe", [TOOL, TOOL_WHOLE], ids=lambda probe: probe.name)
@pytest.mark.parametrize("dialect", WITH_FLAGS, ids=lambda dialect: dialect.id)
def test_a_call_left_in_the_content_means_that_its_parser_is_off(dialect, probe):
    said = hint([unparsed(dialect, probe, CALL)])

    assert "[TOOL_CALLS]" in said
    assert said.endswith(dialect.call_switch)


@pytest.mark.parametrize(
    ("probe", "text", "others"),
    [
        pytest.param(SUM, "42[/THINK]", (), id="only-an-end-leaks"),
        pytest.param(SUM, "[THINK]", (), id="nothing-but-a-marker"),
        pytest.param(
            SUM, "[THINK]42", (Piece(Kind.REASONING, "hm"),), id="a-thought-came-apart"
        ),
        pytest.param(SUM, CALL, (), id="no-tool-was-offered"),
        pytest.param(NO_TOOL, CALL, (), id="no-call-was-wanted"),
    ],
)
def test_what_merely_leaks_has_no_switch(probe, text, others):
    dialect = find("dialects", Dialect)["vllm-0.16"]

    assert "" == hint([unparsed(dialect, probe, text, *others)])


@pytest.mark.parametrize(
    "dialect", find("dialects", Dialect).values(), ids=lambda dialect: dialect.id
)
def test_a_good_reply_gives_no_hint(dialect):
    own = profile(dialect)
    exchanges = [
        rehearse(told(own, probe), probe, own) for probe in (SUM, TOOL, TOOL_WHOLE)
    ]

    assert "" == hint(exchanges)


def test_tags_are_no_mistake_where_a_reader_splits_them():
    dialect = replace(find("dialects", Dialect)["vllm-0.16"], tagged=True)

    assert "" == hint([unparsed(dialect, SUM_WHOLE, THOUGHT)])
