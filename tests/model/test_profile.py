"""Profiles are parsed from TOML, and mistakes are reported with their location."""

from __future__ import annotations

import pytest

from contract.catalog.providers import dialects
from contract.errors import SpecError
from contract.model.profile import Budget, Capability, parse

DIALECTS = dialects()
OWN = """
[base]
dialect = "vllm-0.16"
model = "m"
offers = ["streaming", "vision"]
tolerates = ["unknown-field"]
context_window = 4096
budget = { ttft = 1, icl_p95 = 0.08 }

[base.waivers]
"schema.message" = "adds stop_reason; harmless"

[mine]
like = "base"
title = "Mine"
offers = ["streaming"]
"""


def test_a_table_is_a_profile():
    base = parse(OWN, DIALECTS)["base"]

    assert ("base", "m", 4_096) == (base.id, base.model, base.context_window)
    assert DIALECTS["vllm-0.16"] is base.dialect
    assert {Capability.STREAMING, Capability.VISION} == base.offers
    assert {"unknown-field"} == base.tolerates
    assert Budget(ttft=1, icl_p95=0.08) == base.budget
    assert {"schema.message": "adds stop_reason; harmless"} == base.waivers


def test_like_extends_another_profile_and_replaces_its_keys():
    profiles = parse(OWN, DIALECTS)
    base, mine = profiles["base"], profiles["mine"]

    assert ("mine", "Mine") == (mine.id, mine.title)
    assert {Capability.STREAMING} == mine.offers
    assert (base.dialect, base.budget, base.waivers) == (
        mine.dialect,
        mine.budget,
        mine.waivers,
    )


def test_release_selects_a_variant_unless_a_dialect_is_given_without_one():
    text = (
        '[old]\ndialect = "vllm-0.16"\nrelease = "0.16.0"\n'
        '[same]\nlike = "old"\n[new]\nlike = "old"\ndialect = "vllm-0.16"'
    )
    found = parse(text, DIALECTS)
    variant = DIALECTS["vllm-0.16"].releases["0.16.0"]

    assert found["old"].dialect is found["same"].dialect is variant
    assert found["new"].dialect is DIALECTS["vllm-0.16"]


def test_like_can_name_a_built_in_profile():
    known = parse(OWN, DIALECTS)

    assert "m" == parse('[x]\nlike = "base"', DIALECTS, known)["x"].model


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("[x", "The profile file is not TOML", id="not TOML"),
        pytest.param(
            "x = 1", "'x' is not a profile; write it as a table: [x].", id="no table"
        ),
        pytest.param("[x]", "profile x: it has no dialect; add", id="no dialect"),
        pytest.param(
            '[x]\ndialect = "vlm-0.16"',
            "profile x: unknown dialect 'vlm-0.16'; did you mean 'vllm-0.16'?",
            id="unknown dialect",
        ),
        pytest.param(
            '[x]\ndialect = "vllm-0.16"\nrelease = "0.16"',
            "release = '0.16' is none of the dialect vllm-0.16; did you mean '0.16.0'?",
            id="unknown release",
        ),
        pytest.param(
            '[x]\ndialect = "inline"\nrelease = 1',
            "release = 1 is none of the dialect inline",
            id="a dialect without releases",
        ),
        pytest.param(
            '[x]\nlike = "other"', "like = 'other' names no profile", id="like unknown"
        ),
        pytest.param("[x]\nlike = [1]", "names no profile", id="like a list"),
        pytest.param(
            '[x]\ndialekt = "vllm-0.16"',
            "profile x: unknown key 'dialekt'; did you mean 'dialect'?",
            id="unknown key",
        ),
        pytest.param("[x]\nid = 'y'", "unknown key 'id'", id="an id of its own"),
        pytest.param(
            '[x]\ndialect = "inline"\noffers = ["visoin"]',
            "profile x: unknown capability 'visoin'; did you mean 'vision'?",
            id="unknown capability",
        ),
        pytest.param(
            '[x]\noffers = "vision"',
            "offers must be a list, not 'vision'.",
            id="no list",
        ),
        pytest.param(
            "[x]\ncontext_window = 1.5",
            "must be a whole number, not 1.5.",
            id="a fraction",
        ),
        pytest.param("[x]\nconcurrency = true", "not True.", id="a boolean"),
        pytest.param(
            "[x]\nconcurrency = 0", "concurrency must be at least 1, not 0.", id="zero"
        ),
        pytest.param(
            "[x]\ncontext_window = 2097153",
            "context_window must be at most 2097152, not 2097153.",
            id="a window beyond memory",
        ),
        pytest.param(
            "[x]\nconcurrency = 100_000",
            "concurrency must be at most 256, not 100000.",
            id="too many at a time",
        ),
        pytest.param(
            "[x]\nbudget = {ttft = inf}",
            "budget ttft must be seconds above 0, not inf.",
            id="an endless budget",
        ),
        pytest.param(
            "[x]\nbudget = {ttft = nan}",
            "budget ttft must be seconds above 0, not nan.",
            id="no number",
        ),
        pytest.param("[x]\ntitle = 5", "title must be text, not 5.", id="no text"),
        pytest.param(
            "[x]\nbudget = { tfft = 1 }",
            "unknown budget 'tfft'; did you mean 'ttft'?",
            id="unknown budget",
        ),
        pytest.param(
            "[x]\nbudget = { ttft = 0 }",
            "budget ttft must be seconds above 0, not 0.",
            id="zero seconds",
        ),
        pytest.param(
            "[x]\nbudget = { tokens_per_second = 0 }",
            "budget tokens_per_second must be a number above 0, not 0.",
            id="a rate of zero",
        ),
        pytest.param(
            "[x]\nbudget = { ttft = true }", "above 0, not True.", id="a boolean budget"
        ),
        pytest.param(
            "[x]\nbudget = { ttft = '1s' }",
            "above 0, not '1s'.",
            id="a budget as text",
        ),
        pytest.param("[x]\nwaivers = ['y']", "waivers must be a table", id="a list"),
        pytest.param(
            "[x]\nheaders = {X-Tenant = 'of us: 7'}",
            "the header X-Tenant takes the name of the environment variable",
            id="value of a header",
        ),
    ],
)
def test_mistakes_are_reported_with_the_closest_name(text, sentence):
    with pytest.raises(SpecError) as raised:
        parse(text, DIALECTS)

    assert sentence in str(raised.value)
