"""Reports of `compare` (`contract.cli.comparing`): HTML, Markdown and JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources

import jsonschema
import pytest
from markdown_it import MarkdownIt
from support.hostile import ATTACKS, HOSTILE, obeyed
from support.spellings import SPELLINGS

from contract.cli.comparing import LONGEST, REPORTERS
from contract.model.check import Level
from contract.model.redaction import SECRETS, register_secret
from contract.reporters.changes import FigureChange
from contract.reporters.page.rendering import MOST_BYTES
from contract.run.compare import Change, CheckState, Comparison, TargetRun
from contract.run.latencies import StreamTimes
from contract.run.report import Outcome

KEY = 'sk-Example/7f+1"9=a&b_c'
HTML = REPORTERS["html"].render
MARKDOWN, JSON = REPORTERS["markdown"].render, REPORTERS["json"].render
SCHEMA = json.loads(
    resources.files("contract.run").joinpath("comparison-v1.schema.json").read_bytes()
)
STATES = {
    Change.WORSE: (Outcome.PASS, Outcome.FAIL),
    Change.DIFFERENT: (Outcome.FAIL, Outcome.FAIL),
    Change.BETTER: (Outcome.FAIL, Outcome.PASS),
    Change.LOST: (Outcome.PASS, Outcome.SKIP),
    Change.GAINED: (Outcome.SKIP, Outcome.PASS),
    Change.SAME: (Outcome.PASS, Outcome.PASS),
}


def state(outcome, text, figures):
    messages = (text,) if outcome is Outcome.FAIL else ()
    reason = text if outcome is Outcome.SKIP else ""
    return CheckState(
        outcome=outcome,
        level=Level.SHOULD,
        reason=reason,
        messages=messages,
        figures=figures,
    )


def compared(text="the field is gone", *, each=1, figures=({}, {})):
    """A comparison with *each* checks of every change."""
    changes = {
        change: tuple(f"family.{change.name.lower()}-{n}" for n in range(each))
        for change in Change
    }
    runs = [
        TargetRun(
            target=text,
            description=text,
            trouble=text,
            checks={
                name: state(STATES[change][side], text, figures[side])
                for change, names in changes.items()
                for name in names
            },
        )
        for side in (0, 1)
    ]
    return (Comparison(before=runs[0], after=runs[1], changes=changes),)


TIMES = (
    {"ttft_p95": 0.1, "tpot_p50": 0.2, "tokens_per_second_p50": 50.0, "icl_p50": 0.1},
    {"ttft_p95": 0.2, "tpot_p50": 0.1, "tokens_per_second_p50": 40.0, "icl_p50": 0.105},
)


def test_markdown_shows_what_broke_then_what_got_slower_then_what_was_fixed():
    lines = MARKDOWN(compared(figures=TIMES)).splitlines()
    titles = [line.strip("*") for line in lines if line.startswith("**")]

    assert titles == [
        "WORSE",
        *("Broken", "Slower", "Failing differently", "No longer judged"),
        *("Fixed", "Faster", "Newly judged"),
    ]
    broken = lines.index("**Broken**")
    assert lines[broken + 2] == "- `family.worse-0` (SHOULD): pass → fail"
    assert lines[broken + 3] == "  - the field is gone"
    slower = lines.index("**Slower**")
    assert lines[slower + 2 : slower + 4] == [
        "- `tokens_per_second` p50: 50.0/s → 40.0/s (-20%)",
        "- `ttft` p95: 100.0 ms → 200.0 ms (+100%)",
    ]
    assert "- `tpot` p50: 200.0 ms → 100.0 ms (-50%)" in lines
    assert not any("icl" in line for line in lines)


def test_json_has_the_same():
    read = json.loads(JSON(compared(figures=TIMES)))
    (target,) = read["targets"]
    jsonschema.validate(read, SCHEMA)

    assert (read["format"], read["exit_code"]) == ("comparison-v1", 1)
    assert {name: len(found) for name, found in target["changes"].items()} == {
        **dict.fromkeys(("worse", "different", "better", "not judged", "new"), 1)
    }
    (broken,) = target["changes"]["worse"]
    assert broken == {
        "check": "family.worse-0",
        "level": "SHOULD",
        "before": {"outcome": "pass", "reason": "", "messages": []},
        "after": {"outcome": "fail", "reason": "", "messages": ["the field is gone"]},
    }
    assert target["same"] == 1
    assert [(one["metric"], one["worse"]) for one in target["figures"]] == [
        *(("tokens_per_second", True), ("tpot", False), ("ttft", True))
    ]


@pytest.mark.parametrize(
    ("metric", "after", "worse"),
    [
        ("ttft", 2.0, True),
        ("ttft", 0.5, False),
        ("tokens_per_second", 0.5, True),
        ("tokens_per_second", 2.0, False),
        ("valid_documents", 0.5, True),
    ],
)
def test_which_way_is_worse(metric, after, worse):
    assert FigureChange(metric, "p50", 1.0, after).worse is worse


def test_a_figure_without_a_finite_change_is_left_out():
    found = JSON(compared(figures=({"ttft_p50": 1e-320}, {"ttft_p50": 1.0})))

    assert json.loads(found)["targets"][0]["figures"] == []


@pytest.mark.parametrize("place", ["exit_code", "targets"])
def test_the_schema_rejects_something_else(place):
    read = json.loads(JSON(compared()))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**read, place: 7}, SCHEMA)


def test_a_long_report_fits_into_a_comment():
    text = MARKDOWN(compared("x" * 3_000, each=300))

    assert LONGEST - 1_000 < len(text) < LONGEST + 100
    assert text.endswith("\nThe rest is left out; `compare` prints it.\n")
    assert text.count("family.worse-") > 50


def test_a_check_on_one_side_is_missing_on_the_other():
    ((one,), _) = compared(), None
    gone = TargetRun(target="a", description="", trouble="", checks={})
    lost = Comparison(
        before=one.before,
        after=gone,
        changes=one.changes
        | {change: () for change in Change if change is not Change.LOST},
    )
    read = json.loads(JSON((lost,)))
    (found,) = read["targets"][0]["changes"]["not judged"]
    jsonschema.validate(read, SCHEMA)

    assert found["after"] is None
    assert "(SHOULD): pass → missing" in MARKDOWN((lost,))


@pytest.mark.parametrize("kind", sorted(REPORTERS))
@pytest.mark.parametrize("text", [HOSTILE, *ATTACKS])
def test_no_report_is_obeyed(kind, text):
    shown = REPORTERS[kind].render(compared(text))

    assert obeyed(shown) == []
    assert shown.encode()


@pytest.mark.parametrize("text", [HOSTILE, *ATTACKS])
def test_markdown_has_no_link_picture_or_html_of_a_server(text):
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

    def kinds(one):
        return [
            (token.type, token.tag)
            for block in parser.parse(MARKDOWN(compared(one)))
            for token in (block, *(block.children or ()))
            if token.type not in {"text", "text_special", "code_inline"}
        ]

    assert kinds(text) == kinds("x")


@pytest.mark.parametrize("kind", sorted(REPORTERS))
def test_no_report_shows_a_secret(kind):
    with SECRETS.scope():
        register_secret(KEY)
        for spell in SPELLINGS.values():
            shown = REPORTERS[kind].render(compared(f"bad key {spell(KEY)} here"))
            assert "***" in shown
            assert KEY not in shown


class Tags(HTMLParser):
    """The elements of a page with their attributes, in order."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))


@pytest.mark.parametrize("text", [HOSTILE, *ATTACKS, "</style><script>x</script>"])
def test_no_text_adds_an_element_to_the_page(text):
    assert Tags(HTML(compared(text))).found == Tags(HTML(compared("x"))).found


def test_the_page_shows_what_broke_then_what_got_slower_then_what_was_fixed():
    shown = HTML(compared(figures=TIMES))
    places = [
        shown.index(part)
        for part in (
            "<h1>WORSE</h1>",
            "1 worse, 1 failing differently",
            "<h3>Broken</h3>",
            "family.worse-0",
            "<h3>Slower</h3>",
            "100.0 ms → 200.0 ms (+100%)",
            "<h3>Failing differently</h3>",
            "<h3>No longer judged</h3>",
            "<h3>Fixed</h3>",
            "<h3>Faster</h3>",
            "<summary>1 newly judged</summary>",
        )
    ]

    assert places == sorted(places)
    assert "<script" not in shown


def test_a_page_of_many_long_reasons_is_bounded():
    shown = HTML(compared("é" * 100_000, each=400))

    assert len(shown.encode()) < MOST_BYTES
    assert "more characters" in shown
    assert "family.worse-399" in shown


def test_the_latencies_of_both_runs_are_in_every_report():
    times = [
        tuple(StreamTimes(request="sum", ttft=at + n / 1e5) for n in range(20))
        for at in (0.03, 0.08)
    ]
    (comparison,) = compared()
    before, after = (
        replace(run, streams=streams)
        for run, streams in zip(
            (comparison.before, comparison.after), times, strict=True
        )
    )
    found = (replace(comparison, before=before, after=after),)
    document = json.loads(JSON(found))
    jsonschema.validate(document, SCHEMA)
    median, _ = document["targets"][0]["latencies"]

    assert median["verdict"] == "slower"
    assert median["before"] == {"low": 0.03005, "seen": 0.03009, "high": 0.03013}
    for text in (HTML(found), MARKDOWN(found)):
        assert "slower" in text
        assert "20 streams before and 20 now" in text
