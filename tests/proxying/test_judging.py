"""What passes is saved, judged and said."""

from __future__ import annotations

import json
from array import array

import pytest
from support.catalogue import CHECKS, FAULTS

from contract.catalog.profiles import builtin, named
from contract.client.route import DIRECT, Route
from contract.errors import TargetError, UsageError
from contract.model.probes import SUM
from contract.model.redaction import SECRETS
from contract.proxying import judging as judges
from contract.proxying.judging import Judging, prepare
from contract.proxying.passed import Passed
from contract.run.opening import open_recordings
from contract.run.recording import load_one
from contract.targets.url import read
from contract.testing.rehearsal import Rehearsal

PROFILE = named("vllm")
CLEAN = Rehearsal(PROFILE)
BROKEN = Rehearsal(PROFILE, CLEAN, FAULTS["field-renamed"].apply)
URL = "http://127.0.0.1:1/v1"


@pytest.fixture(autouse=True)
def _no_secrets_stay():
    with SECRETS.scope():
        yield


def setup(profile="vllm", route=DIRECT):
    return prepare(
        read(URL),
        URL,
        profile=profile,
        profiles=builtin(),
        key_env=None,
        route=route,
    )


def judging(folder=None, most=2**20):
    return Judging([*CHECKS.values()], setup(), folder, most)


def passed(number, rehearsal=CLEAN, **more):
    exchange = rehearsal.send(SUM)
    return Passed(
        number=number,
        method="POST",
        path=exchange.request.path,
        headers=[("content-type", "application/json")],
        body=exchange.request.body,
        status=exchange.status,
        response_headers=[*exchange.headers],
        times=array("d", [a.at for a in exchange.arrivals]),
        sizes=array("Q", [len(a.data) for a in exchange.arrivals]),
        response=exchange.body,
        elapsed=exchange.elapsed,
        sent_at=1_758_153_600.0,
        **more,
    )


def test_what_passed_can_be_replayed(tmp_path):
    with judging(tmp_path / "rec") as one:
        lines = [*one.take(passed(1)), *one.take(passed(2, BROKEN))]
        report = one.report(strict=False)

    assert "saved as proxied-2-" in lines[0].text
    assert lines[0].text.startswith("FAIL ")
    assert report.exit_code == 1
    (replayed,) = open_recordings(tmp_path / "rec")
    results = {r.check.id: r for r in replayed.results(CHECKS.values(), slow=True)}
    assert results["reasoning.right-field"].tally.broken == 1
    recorded = load_one(tmp_path / "rec", builtin())
    assert [e.body for e in recorded.exchanges.values()] == [
        CLEAN.send(SUM).body,
        BROKEN.send(SUM).body,
    ]


def test_a_finding_is_printed_a_few_times_and_then_counted():
    with judging() as one:
        lines = [
            line.text
            for number in range(8)
            for line in one.take(passed(number, BROKEN))
            if "reasoning.right-field" in line.text
        ]

    assert len(lines) == judges.SHOWN
    assert lines[-1].endswith("; further ones are counted")


def test_a_judge_that_is_behind_saves_without_judging(tmp_path):
    with judging(tmp_path / "rec") as one:
        assert [*one.take(passed(1, BROKEN), judges.MOST_BEHIND + 1)] == []
        report = one.report(strict=False)

    notes = "\n".join(report.headers[0].notes)
    assert f"not judged: 1 ({judges.BEHIND}: 1)" in notes
    assert f"1 exchanges are saved in {tmp_path / 'rec'}" in notes


def test_bodies_that_were_not_kept_are_counted():
    with judging() as one:
        assert [*one.take(passed(1, lost="a body is larger than 64 MiB"))] == []
        notes = "\n".join(one.report(strict=False).headers[0].notes)

    assert "not judged: 1 (a body is larger than 64 MiB: 1)" in notes


def test_the_oldest_sound_exchange_makes_room(tmp_path):
    with judging(tmp_path / "size", 2**20) as one:
        [*one.take(passed(1))]
        one.report(strict=False)
    size = next((tmp_path / "size").glob("proxied*")).stat().st_size
    with judging(tmp_path / "rec", int(2.5 * size)) as one:
        [*one.take(passed(1, BROKEN)), *one.take(passed(2)), *one.take(passed(3))]
        report = one.report(strict=False)
    names = [n.split("-")[1] for n in manifest(tmp_path / "rec")]

    assert names == ["1", "3"]
    assert "1 older ones made room" in "\n".join(report.headers[0].notes)
    assert len([*(tmp_path / "rec").glob("*.json")]) == 3


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())["exchanges"]


def test_a_recording_that_is_full_of_findings_says_so(tmp_path):
    with judging(tmp_path / "rec", 1_000) as one:
        lines = [line.text for line in one.take(passed(1, BROKEN))]

    assert any("raise --keep" in line for line in lines)


def test_a_folder_that_cannot_be_written_to_any_more_is_said_once(
    tmp_path, monkeypatch
):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    with judging(tmp_path / "rec") as one:
        monkeypatch.setattr("contract.run.recording._write", full)
        lines = [line.text for n in (1, 2) for line in one.take(passed(n))]
        notes = "\n".join(one.report(strict=False).headers[0].notes)

    sentence = (
        f"error: The recording cannot be written to {tmp_path / 'rec'}: No space left "
        "on device. Name a folder you may write to. What passes is judged all the same."
    )
    assert lines == [sentence]
    assert one.unsaved == 2
    assert "2 could not be written" in notes


def test_a_folder_with_something_else_is_refused(tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"), judging(tmp_path):
        pass


def test_an_earlier_recording_is_replaced(tmp_path):
    for _ in range(2):
        with judging(tmp_path / "rec") as one:
            [*one.take(passed(1))]
            one.report(strict=False)

    assert len([*(tmp_path / "rec").iterdir()]) == 2


def test_the_upstream_must_be_known_by_its_profile_or_answer():
    with pytest.raises(TargetError, match="--profile"):
        setup(None)
    with pytest.raises(UsageError, match="vllm"):
        setup("vlm")


def test_what_is_on_the_way_is_noted():
    made = setup(route=Route.read(["X-Tenant: blue-tenant"]))

    assert "X-Tenant" in made.header.notes[0]
    assert "blue-tenant" not in repr(made.header)
