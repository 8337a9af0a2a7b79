"""Every kind of report, also a new one, is inert and shows no secret."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from support.hostile import ATTACKS, HOSTILE, obeyed, poisoned
from support.spellings import SPELLINGS, readings

from contract.model.check import Finding
from contract.model.redaction import SECRETS, register_secret
from contract.plugins.discovery import find
from contract.reporters.base import Reporter
from contract.run.report import Header, Outcome, Report, Result, Tally

KEY = 'sk-Example/7f+1"9=a&b_c'
REPORTERS = find("reporters", Reporter)
# The checks are those of this package; their outcomes are an enumeration.
TRUSTED = frozenset({"check", "exchanges", "figures", "target"})


@pytest.fixture
def poison(report):
    """`poison(text)`: a report of each outcome, in which every text is *text*."""

    def poison(text):
        full = replace(
            report.results[0],
            findings=(Finding("a", "b", "c", "d", "e"),),
            reason="r",
            again="again",
            tally=Tally(judged=2, broken=1, where="w"),
            curl="curl",
        )
        assert {f for f, v in vars_of(full).items() if v == ""} == set()
        results = tuple(
            replace(poisoned(full, text, TRUSTED), outcome=outcome)
            for outcome in Outcome
        )
        header = replace(
            poisoned(report.headers[-1], text), target=results[0].target, notes=(text,)
        )
        return Report(headers=(header,), results=results)

    return poison


def unwanted(kind, shown):
    """What a reader of *shown* would obey, but for the commands of this kind."""
    return obeyed(shown, REPORTERS[kind].commands)


def vars_of(result):
    return {name: getattr(result, name) for name in Result.__dataclass_fields__}


def test_each_text_of_a_header_is_poisoned(poison):
    (header,) = poison("x").headers

    clean = {n for n in Header.__dataclass_fields__ if getattr(header, n) != "x"}
    assert clean <= {"target", "seconds", "requests", "notes", "failed"}


@pytest.mark.parametrize("kind", sorted(REPORTERS))
@pytest.mark.parametrize("text", [HOSTILE, *ATTACKS])
def test_no_report_is_obeyed(poison, kind, text):
    shown = REPORTERS[kind].render(poison(text))

    assert unwanted(kind, shown) == []
    assert shown.encode()  # no lone surrogate


@pytest.mark.parametrize("kind", sorted(REPORTERS))
def test_a_target_name_is_not_obeyed(report, kind):
    name = f"http://h/{HOSTILE}"
    named = Report(
        headers=tuple(replace(h, target=name) for h in report.headers[:1]),
        results=tuple(replace(r, target=name) for r in report.results),
    )

    assert unwanted(kind, REPORTERS[kind].render(named)) == []


def test_the_commands_of_a_kind_are_the_only_ones():
    assert unwanted("json", "::error title=a::b") == ["::error title=a::b"]
    assert unwanted("github", "::error title=a::b") == []
    for line in ("::add-mask::a", "::error title=a,file=b::c", " ::error title=a::b"):
        assert unwanted("github", line) == [line]


@pytest.mark.parametrize("text", [HOSTILE, *ATTACKS])
@pytest.mark.parametrize("kind", sorted(k for k, r in REPORTERS.items() if r.commands))
def test_a_text_adds_no_command_to_those_of_its_kind(poison, kind, text):
    plain, hostile = (REPORTERS[kind].render(poison(one)) for one in ("x", text))

    assert len(obeyed(plain)) == len(plain.splitlines()) == 3
    assert [line.split(" ")[0] for line in obeyed(plain)] == [
        line.split(" ")[0] for line in hostile.splitlines()
    ]


@pytest.mark.parametrize("text", ["::error title=a::b", *ATTACKS])
def test_a_careless_reporter_with_commands_passes_the_gate(report, text):
    careless = Reporter(
        *(
            "log",
            ".txt",
            lambda report: f"::error title=a::b\n{report.headers[0].why}\n",
        ),
        commands=frozenset({"error"}),
    )
    header = replace(
        report.headers[0], why=f"{text}\n::add-mask::a\n::warning title=a::b"
    )
    shown = careless.render(replace(report, headers=(header,)))

    assert shown.startswith("::error title=a::b\n")
    commands = [line for line in shown.splitlines() if line.strip().startswith("::")]
    assert set(commands) == {"::error title=a::b"}


@pytest.mark.parametrize("kind", sorted(REPORTERS))
def test_no_report_shows_a_secret(poison, kind):
    with SECRETS.scope():
        register_secret(KEY)
        for name, spell in SPELLINGS.items():
            shown = REPORTERS[kind].render(poison(f"bad key {spell(KEY)} here"))
            assert "***" in shown, name
            assert not any(KEY in one for one in readings(shown, 1)), name


def test_a_reporter_without_the_decorator_passes_the_gate(report):
    careless = Reporter("csv", ".csv", lambda report: report.headers[0].model + KEY)
    model = replace(report.headers[0], model=SPELLINGS["json-of-numbers"](KEY))
    with SECRETS.scope():
        register_secret(KEY)
        assert careless.render(replace(report, headers=(model,))) == "******"


@pytest.mark.parametrize("text", ["x", *ATTACKS])
def test_json_holds_the_texts_as_they_are(poison, text):
    shown = json.loads(REPORTERS["json"].render(poison(text)))

    assert shown["targets"][0]["model"] == text
    assert shown["results"][0]["findings"][0]["actual"] == text


@pytest.mark.parametrize("text", [HOSTILE, *ATTACKS])
def test_junit_is_xml_with_the_same_elements(poison, text):
    plain, hostile = (
        ET.fromstring(REPORTERS["junit"].render(poison(one)))  # noqa: S314  # our own
        for one in ("x", text)
    )

    assert [e.tag for e in plain.iter()] == [e.tag for e in hostile.iter()]


@pytest.mark.parametrize("text", [HOSTILE, *ATTACKS])
def test_markdown_has_no_link_picture_or_html(poison, text):
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

    def kinds(one):
        tokens = parser.parse(REPORTERS["markdown"].render(poison(one)))
        return [
            (token.type, token.tag)
            for block in tokens
            for token in (block, *(block.children or ()))
            # An autolink divides a text with code spans.
            if token.type not in {"text", "text_special", "code_inline"}
        ]

    assert kinds(text) == kinds("x")


@pytest.mark.parametrize("text", ATTACKS)
def test_markdown_has_nothing_that_github_would_link(poison, text):
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(REPORTERS["markdown"].render(poison(text)))
    plain = " ".join(
        token.content
        for block in tokens
        for token in block.children or ()
        if token.type in {"text", "text_special"}
    )

    for linked in ("://", "www.", "@", "#1", "GH-1", "b#2", "0123456789abcdef", ":oct"):
        assert linked not in plain
