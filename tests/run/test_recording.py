"""Recordings are read as they were written, and errors name the damaged file."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contract.catalog.profiles import builtin
from contract.client.session import Session
from contract.errors import UsageError
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probe import repeat
from contract.model.probes import SUM, SUM_WHOLE, user
from contract.model.saved import digest
from contract.model.wire import build_request
from contract.run.recording import MANIFEST, folder, load, save
from contract.run.report import Header

PROFILE = replace(builtin()["vllm-0.16"], context_window=4096)
HEADER = Header(
    target="http://h/v1",
    url="http://h",
    profile="vllm-0.16",
    why="given by --profile",
    model="m",
    version="0.1.0",
    started="2026-01-01T00:00:00+00:00",
    seconds=1.5,
    requests=3,
    notes=("a note",),
)


def exchange(probe, **more):
    return Exchange(
        probe=probe,
        profile=PROFILE,
        request=build_request(probe, PROFILE, "m", "k"),
        **more,
    )


WHOLE = exchange(SUM_WHOLE, status=200, arrivals=(Arrival(0.25, "{é".encode()),))
CUT = exchange(
    SUM,
    status=200,
    headers=(("content-type", "text/event-stream"),),
    arrivals=(Arrival(0.5, b"\xff\xfe"), Arrival(0.75, b"\xf0\x9f")),
    end=End.RESET,
    note="the connection was reset",
    elapsed=0.8,
)
LONE = exchange(replace(SUM, messages=(user("\ud800"),)), status=None)


def test_exchanges_survive_saving_and_loading(tmp_path):
    save(tmp_path / "new" / "folder", HEADER, PROFILE, (WHOLE, CUT))

    (recording,) = load(tmp_path / "new" / "folder", builtin())

    assert recording.header == HEADER
    assert recording.profile == PROFILE
    for original in (WHOLE, CUT):
        read = recording.exchanges[digest(original.request, original.probe)]
        assert (original.status, original.headers, original.arrivals) == (
            read.status,
            read.headers,
            read.arrivals,
        )
        assert (original.end, original.note) == (read.end, read.note)


def test_different_probes_of_one_request_are_one_file(tmp_path):
    same = replace(WHOLE, probe=replace(SUM_WHOLE, reasons=False))
    save(tmp_path, HEADER, PROFILE, (WHOLE, same))

    (recording,) = load(tmp_path, builtin())

    assert same.probe != WHOLE.probe
    assert len(recording.exchanges) == 1


def test_a_replaying_session_finds_every_sample(tmp_path):
    samples = repeat(SUM, 3)
    save(tmp_path, HEADER, PROFILE, [exchange(s, status=200) for s in samples])
    (recording,) = load(tmp_path, builtin())

    session = Session("http://h", PROFILE, "m", saved=recording.exchanges)

    assert [200] * 3 == [session.send(sample).status for sample in samples]


def test_a_lone_surrogate_can_be_written(tmp_path):
    save(tmp_path, HEADER, PROFILE, (LONE,))

    (recording,) = load(tmp_path, builtin())

    assert len(recording.exchanges) == 1


def test_the_key_is_not_in_the_files(tmp_path):
    save(tmp_path, HEADER, PROFILE, (exchange(SUM, status=200),))

    text = "".join(p.read_text("utf-8") for p in tmp_path.iterdir())

    assert "Bearer" not in text
    assert '"***"' in text


def test_another_profile_can_be_chosen_and_keeps_its_own_window(tmp_path):
    save(tmp_path, HEADER, PROFILE, (WHOLE,))

    (recording,) = load(tmp_path, builtin(), "inline")

    assert recording.profile == builtin()["inline"]


def test_a_recording_is_replaced_completely(tmp_path):
    save(tmp_path, HEADER, PROFILE, (WHOLE, CUT))
    save(tmp_path, HEADER, PROFILE, (CUT,))
    save(tmp_path / "fresh", HEADER, PROFILE, (CUT,))
    fresh = {path.name for path in (tmp_path / "fresh").iterdir()}

    (recording,) = load(tmp_path, builtin())

    assert len(recording.exchanges) == 1
    assert {*fresh, "fresh"} == {path.name for path in tmp_path.iterdir()}


def test_other_files_in_the_folder_are_kept(tmp_path):
    save(tmp_path, HEADER, PROFILE, (WHOLE,))
    damage_manifest(tmp_path, exchanges=["../kept.json", "notes.md"])
    (tmp_path / "notes.md").write_text("mine")
    (tmp_path.parent / "kept.json").write_text("not in the folder")
    save(tmp_path, HEADER, PROFILE, (WHOLE,))

    assert (tmp_path / "notes.md").read_text() == "mine"
    assert (tmp_path.parent / "kept.json").exists()


def test_a_recording_that_cannot_be_replaced_is_kept(tmp_path):
    save(tmp_path, HEADER, PROFILE, (WHOLE,))

    def exchanges():
        yield CUT
        raise OSError(28, "No space left on device")

    with pytest.raises(UsageError, match="No space left"):
        save(tmp_path, HEADER, PROFILE, exchanges())
    (recording,) = load(tmp_path, builtin())

    assert {digest(WHOLE.request, WHOLE.probe)} == set(recording.exchanges)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("thesis.tex", "years", id="something-else"),
        pytest.param(MANIFEST, "{}", id="another-manifest"),
    ],
)
def test_a_folder_with_other_files_is_rejected(tmp_path, name, text):
    (tmp_path / name).write_text(text)

    with pytest.raises(UsageError, match="name an empty folder"):
        save(tmp_path, HEADER, PROFILE, (WHOLE,))
    assert [name] == [path.name for path in tmp_path.iterdir()]


def test_recordings_in_subfolders_are_all_read(tmp_path):
    for target in ("http://b/v1", "mock:vllm?fault=x"):
        save(
            tmp_path / folder(target), replace(HEADER, target=target), PROFILE, (WHOLE,)
        )

    found = load(tmp_path, builtin())

    assert [r.header.target for r in found] == ["http://b/v1", "mock:vllm?fault=x"]


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("mock", "mock"),
        ("mock:vllm?ttft=80ms&fault=no-done", "mock-vllm-ttft-80ms-fault-no-done"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "target"),
        ("日本", "target"),
        ("x" * 300, "x" * 80),
    ],
)
def test_a_folder_name_has_only_safe_characters(target, name):
    assert folder(target) == name


def damage_manifest(directory, **changes):
    path = directory / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def damage_exchange(directory, text):
    path = next(p for p in directory.iterdir() if p.name != MANIFEST)
    path.write_text(text)


def vars_of(header):
    return {name: getattr(header, name) for name in ("target", "url", "why", "model")}


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(
            lambda d: (d / MANIFEST).write_text("{"), MANIFEST, id="manifest-not-json"
        ),
        pytest.param(
            lambda d: damage_manifest(d, format="v0"), MANIFEST, id="another-format"
        ),
        pytest.param(
            lambda d: damage_manifest(d, exchanges=None), MANIFEST, id="no-list"
        ),
        pytest.param(
            lambda d: damage_manifest(d, context_window=10**9),
            MANIFEST,
            id="a-window-beyond-memory",
        ),
        pytest.param(
            lambda d: damage_manifest(d, header=vars_of(HEADER)), MANIFEST, id="header"
        ),
        pytest.param(
            lambda d: damage_manifest(d, header={"x": 1}),
            MANIFEST,
            id="unknown-header-member",
        ),
        pytest.param(
            lambda d: damage_manifest(d, exchanges=["gone.json"]),
            "gone.json",
            id="missing-file",
        ),
        pytest.param(
            lambda d: damage_manifest(d, exchanges=["../../secret.json"]),
            "secret.json",
            id="outside-the-folder",
        ),
        pytest.param(lambda d: damage_exchange(d, "[]"), "sum-whole-", id="a-list"),
        pytest.param(lambda d: damage_exchange(d, "{}"), "sum-whole-", id="empty"),
        pytest.param(
            lambda d: damage_exchange(d, '{"format": "exchange-v1"}'),
            "sum-whole-",
            id="half-an-exchange",
        ),
        pytest.param(
            lambda d: damage_exchange(d, "\x00" * 9), "sum-whole-", id="zeros"
        ),
    ],
)
def test_a_damaged_recording_is_rejected_with_the_name_of_the_file(
    tmp_path, damage, words
):
    (tmp_path.parent / "secret.json").write_text("{}")
    save(tmp_path, HEADER, PROFILE, (WHOLE,))
    damage(tmp_path)

    with pytest.raises(UsageError) as caught:
        load(tmp_path, builtin())

    assert words in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_without_a_recording_the_error_explains_how_to_create_one(tmp_path):
    for directory in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError, match="--save DIR"):
            load(directory, builtin())


def test_an_unwritable_folder_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="cannot be written"):
        save(tmp_path / "file", HEADER, PROFILE, ())


def test_an_unknown_profile_gets_suggestions(tmp_path):
    save(tmp_path, replace(HEADER, profile="vllm-0.61"), PROFILE, ())

    with pytest.raises(UsageError, match=r"vllm-0\.16"):
        load(tmp_path, builtin())
