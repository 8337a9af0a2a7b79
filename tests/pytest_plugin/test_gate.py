"""What pytest prints of a check is masked and inert, whatever its outcome."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.hostile import HOSTILE, obeyed, poisoned
from support.spellings import SPELLINGS, readings

from contract.model.check import Check, Finding
from contract.model.redaction import SECRETS, register_secret
from contract.pytest_plugin import gate
from contract.pytest_plugin.judged import Judged, Unopened, pack
from contract.run.report import Header, Outcome, Result, Tally

KEY = 'sk-Example/7f+1"9=a&b_c'
CHECK = Check(
    id="a.b", requirement="It MUST hold.", source="house", sends=(), judge=iter
)
RESULT = Result(
    check=CHECK,
    target="mock",
    outcome=Outcome.FAIL,
    findings=(Finding("a", "b", "c", "d", "e"),),
    reason="r",
    again="again",
    tally=Tally(judged=2, broken=1, where="w"),
    curl="curl",
)
HEADER = Header(
    target="t",
    url="u",
    profile="p",
    why="w",
    model="m",
    version="v",
    started="s",
    notes=("n",),
    trouble="t",
)
LEVELS = ("MUST", "SHOULD", "MAY")


def ended(text, outcome, level):
    """Return what ends a test whose result has *text* in every text of a server."""
    requirement = f"It {level} hold."
    result = replace(
        poisoned(RESULT, text, frozenset({"check", "outcome"})),
        check=replace(CHECK, requirement=requirement),
        outcome=outcome,
    )
    judged = Judged(result, poisoned(HEADER, text))
    with pytest.raises(BaseException) as caught:  # noqa: PT011  # of each outcome
        judged.enforce()
    properties = [str(value) for _, value in judged.properties]
    return "\n".join([str(caught.value), *properties])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.PASS])
def test_no_outcome_is_obeyed(outcome, level):
    assert obeyed(ended(HOSTILE, outcome, level)) == []


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.PASS])
def test_no_outcome_shows_a_secret(outcome):
    with SECRETS.scope():
        register_secret(KEY)
        for name, spell in SPELLINGS.items():
            shown = ended(f"bad {spell(KEY)} key", outcome, "MUST")
            assert "***" in shown, name
            assert not any(KEY in one for one in readings(shown, 1)), name


def test_a_target_that_cannot_be_opened_is_inert():
    judged = Unopened("mock", HOSTILE).judged(CHECK, strict=False)
    with pytest.raises(pytest.fail.Exception) as caught:
        judged.enforce()

    assert obeyed(str(caught.value)) == []


def test_what_goes_to_another_process_is_masked():
    """The controller of xdist, which writes the reports, never read the key."""
    with SECRETS.scope():
        register_secret(KEY)
        escaped = SPELLINGS["json-of-numbers"](KEY)
        result = poisoned(RESULT, escaped, frozenset({"check", "outcome"}))
        packed = pack(Judged(result, poisoned(HEADER, escaped)), exchanges=True)

    assert escaped not in packed["header"].values()
    assert json.dumps(packed).count("***") >= 10
    assert not any(KEY in one for one in readings(json.dumps(packed), 2))


def reports():
    """Return test reports whose forms of text are all that pytest has."""
    try:
        raise ValueError(f"{HOSTILE} {KEY}")  # noqa: TRY301  # with its traceback
    except ValueError:
        shown = pytest.ExceptionInfo.from_current().getrepr()
    text = f"a {HOSTILE} {KEY}"
    forms = {
        "nothing": None,
        "text": text,
        "skip": ("file.py", 3, f"Skipped: {text}"),
        "traceback": shown,
    }
    for name, longrepr in forms.items():
        report = pytest.TestReport(
            *("id", ("file.py", 3, "name"), {}, "failed", longrepr, "call"),
            sections=[("Captured stdout call", text)],
        )
        yield pytest.param(report, id=name)


@pytest.mark.parametrize("report", [*reports()])
def test_a_report_is_masked_and_inert(report):
    report.wasxfail = f"reason: {HOSTILE} {KEY}"
    with SECRETS.scope():
        register_secret(KEY)
        gate.apply(report)
    lines = [report.wasxfail, *(text for _, text in report.sections)]
    lines += [str(report.longrepr)]
    text = "\n".join(lines)

    assert KEY not in text
    # Lines of other text stay lines, and none is a command.
    assert [one for one in obeyed(text) if not one.startswith("HELD: ")] == []
    assert obeyed(report.wasxfail) == []
    if isinstance(report.longrepr, tuple):
        assert obeyed(report.longrepr[2]) == []


def test_what_is_inert_keeps_its_form():
    with pytest.raises(ValueError, match="x") as caught:
        raise ValueError("x")
    shown = caught.getrepr()
    report = pytest.TestReport(
        *("id", ("file.py", 3, "name"), {}, "failed", shown, "call")
    )
    gate.apply(report)

    assert report.longrepr is shown
