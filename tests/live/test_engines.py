"""Real engines with the tiny model keep the contract, but for what is waived."""

import json

import pytest

from contract.cli import run
from contract.engines.environments import RECIPES, interpreter
from contract.errors import UsageError

pytestmark = pytest.mark.live
# What a wrong flag looks like: the target, the profile it should have had, the family.
WRONG = [
    pytest.param("vllm:tiny?reasoning_parser=", "vllm-0.32", id="vllm"),
    pytest.param("llamacpp:tiny?reasoning_format=none", "llamacpp", id="llamacpp"),
]


@pytest.fixture
def judged(tmp_path):
    """`judged(target, …)`: the exit code and every outcome by the id of its check."""

    def judged(target, *words):
        path = tmp_path / "report.json"
        engine = target.partition(":")[0]
        try:
            interpreter(engine)
        except UsageError as error:
            pytest.skip(str(error))
        code = run(["verify", target, *words, "--report", f"json={path}"])
        results = json.loads(path.read_text())["results"]
        return code, {result["check"]: result["outcome"] for result in results}

    return judged


@pytest.mark.parametrize("engine", RECIPES)
def test_nothing_fails_but_what_is_waived(judged, engine):
    code, outcomes = judged(f"{engine}:tiny")

    assert 0 == code
    assert not {"fail", "error"} & set(outcomes.values())
    assert list(outcomes.values()).count("pass") > 100


@pytest.mark.parametrize(("target", "profile"), WRONG)
def test_server_without_its_reasoning_parser_is_found(judged, target, profile):
    code, outcomes = judged(target, "--profile", profile, "--select", "reasoning")

    assert 1 == code
    assert "fail" == outcomes["reasoning.no-marker-in-answer"]
