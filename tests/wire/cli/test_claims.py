"""The verb `claims` and its `contract.claims.result`, against planted answers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from random import Random

import pytest

ITEMS = 25


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = (
        {"id": f"{n}", "prompt": f"Problem {n:02d}x.", "answer": n, "kind": "integer"}
        for n in range(ITEMS)
    )
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    return tmp_path


@pytest.fixture
def claims(command, folder):
    """`claims(reply, *options)`: run it where *reply(n, k)* is the k-th one to n."""

    def claims(reply, *options):
        entries = [
            {"text": f"problem {n:02d}x", "at_end": "cycle"}
            | reply(n, 0)
            | {"then": [reply(n, k) for k in range(1, 8)]}
            for n in range(ITEMS)
        ]
        rows = "".join("[[answers]]\n" + table(entry) for entry in entries)
        (folder / "answers.toml").write_text(rows)
        done = command(
            "claims",
            "mock:vllm?answers=answers.toml",
            "--set",
            "items.jsonl",
            "--published",
            "86.14",
            "--yes",
            "--json",
            "out.json",
            *options,
        )
        return done, json.loads((folder / "out.json").read_text() or "{}")

    return claims


def table(entry):
    return "".join(f"{key} = {value(one)}\n" for key, one in entry.items())


def value(one):
    if isinstance(one, list):
        return f"[{', '.join(map(value, one))}]"
    if isinstance(one, dict):
        return "{" + ", ".join(f"{k} = {value(v)}" for k, v in one.items()) + "}"
    return json.dumps(one)


def planted(share, seed=1):
    draw = Random(seed)
    right = {(n, k): draw.random() < share for n in range(ITEMS) for k in range(8)}

    def reply(n, k):
        number = n if right[n, k] else n + 1_000
        return {"thought": f"It may be {n + 7}.", "answer": rf"So \boxed{{{number}}}."}

    return reply


def test_planted_endpoints_get_their_verdicts(claims, folder):
    sound, found = claims(planted(0.9), "--save", "a.jsonl")
    worse, below = claims(planted(0.6), "--save", "b.jsonl")

    assert (sound.code, found["verdict"]) == (0, "consistent")
    assert (worse.code, below["verdict"]) == (1, "below")
    assert found["format"] == "claims-v1"
    assert found["answers"] == len((folder / "a.jsonl").read_text().splitlines()) - 1
    assert "plan: at most 200 answers" in sound.err


def test_what_is_not_judged_is_counted_apart(claims):
    def reply(n, k):
        if n < 3:
            return {"answer": "cut", "finish": "length"}
        if n < 6:
            return {"answer": "I do not know."}
        return planted(1)(n, k)

    done, found = claims(reply, "--samples", "4", "--whole")

    assert (done.code, found["verdict"]) == (3, "inconclusive")
    assert found["outcomes"]["unreadable"] == 12
    assert "were not judged" in found["why"]


@pytest.mark.long
def test_a_limit_of_cost_ends_the_run_and_it_can_be_resumed(claims, folder):
    def long(n, k):
        return planted(1)(n, k) | {"thought": "It may be more. " * 60}

    path = folder / "run.jsonl"
    stopped, cut = claims(long, "--max-cost", "12500", "--save", path.name)
    before = path.read_bytes()
    done, found = claims(long, "--save", path.name, "--resume")

    assert stopped.code == 3
    assert "continue with --resume" in stopped.err
    # The first answer was expected to cost 12,000: its true cost pays for many more.
    assert cut["answers"] > 25
    assert 0.95 * 12_500 < cut["tokens"] <= 12_500
    assert path.read_bytes().startswith(before)
    assert (done.code, found["verdict"]) == (0, "consistent")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--set", "items.jsonl"), "--claim SET"),
        (("--set", "items.jsonl", "--claim", "aime24", "--as", "x"), "No figures"),
        (("--set", "items.jsonl", "--published", "86.14"), "confirm that with --yes"),
        (("--set", "items.jsonl", "--published", "86", "--max-cost", "9"), "raise it"),
        (("--set", "items.jsonl", "--published", "101"), "101"),
        (("--set", "nothing"), "Unknown set 'nothing'"),
        ((), "--set"),
    ],
)
def test_a_mistake_is_one_sentence(command, options, words):
    done = command("claims", "mock:vllm", *options)

    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err


def test_a_target_whose_answers_cannot_be_read_is_stopped_early(claims, folder):
    stopped, found = claims(
        lambda *_: {"answer": "alpha beta gamma"}, "--save", "run.jsonl"
    )

    assert (stopped.code, found["verdict"]) == (3, "inconclusive")
    assert "No final answer was found in the first 10 answers" in stopped.err
    assert len((folder / "run.jsonl").read_text().splitlines()) < 20


def test_empty_answers_are_wrong_and_named(claims):
    def reply(n, k):
        return {"answer": " "} if n % 3 == 0 else planted(1)(n, k)

    done, found = claims(reply)

    assert (done.code, found["verdict"]) == (1, "below")
    assert found["outcomes"]["unreadable"] == 0
    assert any("answers were empty" in note for note in found["notes"])


def test_a_target_that_refuses_is_stopped_early(command):
    done = command(
        *("claims", "mock:vllm?fault=http-500", "--set", "items.jsonl"),
        *("--published", "86", "--yes", "--save", "run.jsonl"),
    )

    assert done.code == 3
    assert "refused the first" in done.err
    assert "continue with --resume" in done.err


@pytest.mark.long
def test_a_kill_loses_no_answer_and_the_run_is_resumed(claims, folder, command):
    """The program is killed in the middle; no answer is asked for twice."""
    claims(planted(1), "--save", "first.jsonl", "--max-cost", "12500")
    options = (
        *("claims", "mock:vllm?answers=answers.toml&ttft=50ms", "--set"),
        *("items.jsonl", "--published", "86.14", "--yes", "--save", "run.jsonl"),
    )
    path = folder / "run.jsonl"
    with subprocess.Popen(  # noqa: S603  # the program under test
        [sys.executable, "-m", "contract", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            for _ in range(600):
                if path.exists() and path.read_bytes().count(b"\n") > 5:
                    break
                time.sleep(0.05)
        finally:
            process.kill()
    before = path.read_bytes()
    done = command(*options, "--resume")
    lines = path.read_text().splitlines()[1:]
    asked = [(one["item"], one["draw"]) for one in map(json.loads, lines)]

    assert before.count(b"\n") > 5
    assert done.code == 0
    assert len(asked) == len(set(asked))
