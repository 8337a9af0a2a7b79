"""The banner and the options of `serve`."""

from __future__ import annotations

import pytest

from contract.cli.serve import banner
from contract.mock_server.provider import MockProvider
from contract.model.check import Fault, Quirk
from contract.model.outages import OUTAGES
from contract.plugins.discovery import find
from contract.targets.mock import mock_profile

URL = "http://127.0.0.1:8700"
PROFILE = mock_profile("vllm")


def banner_of(variable=None, changes=()):
    provider = MockProvider(PROFILE.dialect, api_key="sk-secret")
    return banner(URL, provider, PROFILE, variable, changes)


def test_the_banner_contains_lines_to_paste():
    lines = dict(banner_of())

    assert lines["url"] == f"{URL}/v1"
    assert lines["try"].startswith(f"curl -sN {URL}/v1/chat/completions -H ")
    assert "Authorization" not in lines["try"]
    assert lines["set"] == f"OPENAI_BASE_URL={URL}/v1 OPENAI_API_KEY=anything"


def test_the_banner_never_contains_the_key():
    lines = banner_of("MY_KEY")

    assert not any("sk-secret" in value for _, value in lines)
    assert '-H "Authorization: Bearer $MY_KEY"' in dict(lines)["try"]


@pytest.mark.parametrize(
    ("variable", "option"),
    [("MY_KEY", "--api-key-env MY_KEY"), ("OPENAI_API_KEY", ""), (None, "")],
)
def test_the_line_to_check_names_a_variable_that_is_not_read_anyway(variable, option):
    check = dict(banner_of(variable))["check"]

    assert check.partition("--profile vllm-0.32")[2].strip() == option


def test_the_banner_names_faults_with_their_options():
    given = ["http-429?rate=0.1&retry-after=7", "http-429?rate=0.5"]
    lines = banner_of(changes=[(text, OUTAGES["http-429"]) for text in given])
    shown = [value.partition(":")[0] for name, value in lines if name == "outage"]

    assert given == shown


def test_the_banner_names_the_fault_and_the_quirk():
    fault = next(iter(find("checks", Fault).values()))
    quirk = next(iter(find("quirks", Quirk).values()))
    lines = dict(banner_of(changes=[(one.id, one) for one in (fault, quirk)]))

    assert lines["fault"] == f"{fault.id}: {fault.description}"
    assert lines["quirk"] == f"{quirk.id}: {quirk.description}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["--dialect", "vlm"], "Unknown dialect 'vlm'", id="dialect"),
        pytest.param(["--fault", "done-missin"], "'done-missing'", id="fault"),
        pytest.param(["--quirk", "blank-line"], "'blank-lines'", id="quirk"),
        pytest.param(["--ttft", "soon"], "--ttft must be a duration", id="duration"),
        pytest.param(["--api-key-env", "NO_SUCH_KEY"], "NO_SUCH_KEY", id="unset-key"),
        pytest.param(
            ["--api-key", "a", "--api-key-env", "B"], "not both", id="two-keys"
        ),
        pytest.param(["--rate", "0.1"], "add --fault NAME", id="rate-alone"),
        pytest.param(
            ["--fault", "http-429?rat=1"], "Did you mean 'rate'", id="fault-option"
        ),
        pytest.param(["--answers", "no-such.toml"], "no-such.toml", id="answers"),
    ],
)
def test_an_invalid_option_is_a_usage_error(command, arguments, words):
    done = command("serve", *arguments)

    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_the_check_of_a_mock_without_a_key_ignores_keys_of_the_environment():
    hosted = mock_profile("mistral")
    provider = MockProvider(hosted.dialect)

    lines = dict(banner(URL, provider, hosted, None, ()))
    with_key = dict(banner(URL, provider, hosted, "MY_KEY", ()))

    assert lines["check"].startswith("MISTRAL_API_KEY= OPENAI_API_KEY= magistral")
    assert with_key["check"].startswith("magistral-contract verify")
