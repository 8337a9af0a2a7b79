"""A file is read whatever its format, and anything else is one sentence."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.cli import run
from contract.errors import UsageError
from contract.importers.files import import_report
from contract.run.report import Report
from tests.importers.conftest import CLIENTS, KINDS

FULL = ("newman-6.2.2.json", "newman-6.2.2.xml", "apidog-cli-2.2.9.xml", "report.json")


@pytest.mark.parametrize("name", FULL)
def test_each_kind_of_verdict_comes_back(name):
    report = import_report(CLIENTS / name)

    found = {r.check.id: (r.outcome.value, r.reason) for r in report.results}
    assert found == KINDS
    assert report.exit_code == 1
    assert report.warnings == 1


def test_apidogs_json_tells_failures_from_the_rest():
    report = import_report(CLIENTS / "apidog-cli-2.2.9.json")

    found = {r.check.id: r.outcome.value for r in report.results}
    assert {c: o for c, o in found.items() if o != "pass"} == {
        "reasoning.present": "fail",
        "streaming.carries-text": "error",
    }
    assert set(found) == set(KINDS)
    assert report.exit_code == 1


ODD = st.sampled_from([None, 0, -1, "", "x", "\ud800", True, [], [[]], {}, {"a": []}])


@given(st.data())
def test_a_damaged_file_is_a_report_or_one_sentence(tmp_path_factory, data):
    name = data.draw(st.sampled_from(["newman-6.2.2.json", "apidog-cli-2.2.9.json"]))
    value = copy.deepcopy(WHOLE[name])
    place = value
    for _ in range(data.draw(st.integers(0, 6))):
        inner = [k for k in _keys(place) if isinstance(place[k], dict | list)]
        if not inner:
            break
        place = place[data.draw(st.sampled_from(inner))]
    if keys := _keys(place):
        place[data.draw(st.sampled_from(keys))] = data.draw(ODD)
    path = tmp_path_factory.getbasetemp() / name
    path.write_text(json.dumps(value))

    try:
        found = import_report(path)
    except UsageError as error:
        found = str(error)
    assert isinstance(found, Report) or "\n" not in found


def _keys(place):
    return list(place) if isinstance(place, dict) else list(range(len(place)))


WHOLE = {
    name: json.loads((CLIENTS / name).read_text("utf-8"))
    for name in ("newman-6.2.2.json", "apidog-cli-2.2.9.json")
}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "is no report of newman", id="empty"),
        pytest.param(b"{}", "is no report of newman", id="other-json"),
        pytest.param(b"\xff\xfe<\x00", "is no report of newman", id="utf-16"),
        pytest.param(b'{"run": {"executions"', "it was cut off", id="truncated"),
        pytest.param(b"[" * 9_999, "is no report of newman", id="deep"),
        pytest.param(b'{"format": "report-v2"}', "has the format report-v2", id="v2"),
        pytest.param(
            b"<testsuite><testcase name='x'/></testsuite>",
            "is a report of junit, but none of its 1 tests is of a check",
            id="foreign",
        ),
        pytest.param(
            b'{"run": {"executions": []}, "collection": {"a": 1}}',
            "is a report of newman, but none of its 0 tests is of a check",
            id="foreign-newman",
        ),
    ],
)
def test_any_other_file_is_one_sentence(tmp_path, content, says):
    path = tmp_path / "file"
    path.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        import_report(path)

    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        import_report(tmp_path / "absent.json")


def test_no_key_of_the_file_is_in_any_output(tmp_path, capsys):
    """Newman quotes the token in its file, and here in a failure too."""
    token = "tok-of-mine-12345678"
    text = (CLIENTS / "newman-6.2.2.json").read_text("utf-8")
    assert token in text
    path = tmp_path / "newman.json"
    path.write_text(text.replace("the reply has", f"Bearer {token} the reply has"))
    kinds = ("console", "json", "junit", "markdown")
    reports = [f"--report={kind}={tmp_path / kind}" for kind in kinds]

    code = run(["import", str(path), "--verbose", *reports])

    texts = "".join((tmp_path / kind).read_text("utf-8") for kind in kinds)
    said = capsys.readouterr()
    assert code == 1
    assert token not in texts + said.out + said.err
    assert "*** the reply has" in said.out
