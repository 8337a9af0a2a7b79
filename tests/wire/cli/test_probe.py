"""The verb `probe`."""

from __future__ import annotations

import json

import pytest

from contract.targets.mock import KEY, mock


def test_a_url_is_ready_on_one_line(command, monkeypatch):
    monkeypatch.setenv("MISTRAL_API_KEY", KEY)
    with mock.open("vllm") as opened:
        done = command("probe", f"{opened.url}/v1", "--timeout", "20s", "--no-config")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"ready: {opened.url} [magistral-small-2509, vllm-0.32,")
    assert done.out.count("\n") == 1


def test_a_target_is_opened_and_a_fault_is_named(command):
    done = command("probe", "mock:llamacpp?fault=exclamation-marks", "--timeout", "20s")

    assert (done.code, done.err) == (1, "")
    assert done.out.startswith("not ready (gibberish): ")


def test_json_is_one_line_that_can_be_read(command):
    done = command("probe", "mock:mistral", "--json", "--timeout", "20s")
    found = json.loads(done.out)

    assert done.code == found["exit_code"] == 0
    assert done.out.count("\n") == 1
    assert found["format"] == "probe-v1"
    assert found["state"] == "ready"
    assert found["requests"] == 2


def test_a_question_of_ones_own(command):
    asked = ("--ask", "Say exactly: up and running", "--expect", "running")
    done = command("probe", "mock:vllm", *asked, "--timeout", "20s")

    assert done.code == 0
    assert 'answered with "running" after reasoning' in done.out


def test_the_targets_of_the_settings_are_probed(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "pyproject.toml"
    file.write_text('[tool.magistral-contract]\ntargets = ["mock:vllm"]\n')
    done = command("probe", "--timeout", "20s")
    file.write_text('[tool.magistral-contract]\ntargets = ["mock", "mock:vllm"]\n')
    several = command("probe")

    assert done.code == 0
    assert (several.code, several.out) == (2, "")
    assert "several targets" in several.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name a URL or a target to probe"),
        (("ftp://host",), "ftp"),
        (("http://",), "no host"),
        (("http://user:secret-pass@h/v1",), "user name or password"),
        (("http://h/v1?api_key=sk-123456789",), "query"),
        (("mock:vlm",), "vllm"),
        (("mock", "--timeout", "0s"), "longer than 0s"),
        (("mock", "--timeout", "soon"), "--timeout"),
        (("mock", "--profile", "vlm"), "vllm"),
        (("mock", "--ask", "Who?"), "--ask and --expect together"),
        (("mock", "--expect", "me"), "--ask and --expect together"),
        (("mock", "--ask", " ", "--expect", " "), "--ask and --expect together"),
        (("mock", "--context-window", "0"), "0"),
        (("mock", "--context-window", "many"), "many"),
        (("mock", "--header", "X-Tenant"), "no colon"),
        (("mock", "--header-env", "X-T=NOT_SET_ANYWHERE"), "NOT_SET_ANYWHERE"),
        (("mock", "--api-key-env", "NOT_SET_ANYWHERE"), "NOT_SET_ANYWHERE"),
        (("http://192.0.2.1", "--proxy", "socks5://h:1"), "SOCKS"),
        (("mock", "two"), "two"),
        (("mock", "--profiles", "no-such-file.toml"), "no-such-file.toml"),
    ],
)
def test_a_mistake_is_one_sentence(command, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    done = command("probe", *arguments)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err
    assert "secret-pass" not in done.err
    assert "sk-123456789" not in done.err


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("http://127.0.0.1:1/v1", 1, "not ready (starting): "),
        ("http://name.invalid/v1", 3, "not known (unreachable): "),
    ],
)
def test_what_cannot_be_reached(command, url, code, said):
    done = command("probe", url, "--timeout", "8s")

    assert (done.code, done.err) == (code, "")
    assert done.out.startswith(said)
