"""`verify GATEWAY --behind BACKEND`, with gateways that do what real ones do wrong."""

from __future__ import annotations

import json

import pytest

import contract
from tests.support.faulty_gateway import gateway

FEW = (
    *("--select", "reasoning.right-field", "--select", "reasoning.present"),
    *("--select", "usage.sums-up", "--select", "multimodal.takes-png"),
    *(
        "--select",
        "multimodal.each-image-counts",
        "--select",
        "rejections.unknown-role",
    ),
    *("--select", "tools.required-is-called", "--select", "streaming.ends-with-done"),
    *("--select", "streaming.finishes-once"),
)
# Checks with at least five streams whose text takes a while.
STREAMS = ("--select", "languages", "--thorough")
# By fault: an aspect that is reported, and a check that is the gateway's doing or "".
FAULTS = {
    "drops-reasoning": ("reasoning", "reasoning.present"),
    "bills-more": ("usage", ""),
    "strips-images": ("usage", "multimodal.takes-png"),
    "truncates": ("answer", ""),
    "errors-as-200": ("error-class", "rejections.unknown-role"),
    "renames-reasoning": ("members", "reasoning.right-field"),
}


@pytest.fixture(scope="module")
def backend():
    with contract.mock("vllm") as url:
        yield url


@pytest.fixture
def compared(command, tmp_path):
    """`compared(gateway, backend)`: exit code, output, and the member of the report."""

    def compared(url, backend, *options):
        path = tmp_path / "report.json"
        done = command(
            *("verify", url, "--behind", backend, *(options or FEW)),
            *("--report", f"json={path}", "--report", "console=-"),
        )
        return done, json.loads(path.read_text())["behind"][0]

    return compared


def never(found):
    return {one["aspect"] for one in found["alterations"] if one["verdict"] == "never"}


@pytest.mark.parametrize("fault", ["", "delays"])
def test_a_transparent_gateway_changes_nothing(compared, backend, fault):
    with gateway(backend, fault) as server:
        done, found = compared(server.url, backend)

    assert found["alterations"] == []
    assert {"gateway": [], "backend": [], "repaired": [], "unknown": []} == (
        found["checks"]
    )
    assert (done.code, found["unequal"]) == (0, 0)
    assert found["compared"] >= 8


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_gateway_does_is_named_and_fails_the_run(compared, backend, fault):
    aspect, check = FAULTS[fault]
    with gateway(backend, fault) as server:
        done, found = compared(server.url, backend)
    changed = {one["aspect"] for one in found["alterations"]}

    assert done.code == 1
    assert aspect in changed
    if check:
        assert check in {one["check"] for one in found["checks"]["gateway"]}
    assert found["checks"]["backend"] == []
    if fault != "renames-reasoning":
        assert "no gateway may change" in done.out
        assert "that no gateway may make" in done.out.splitlines()[-1]


def test_a_renamed_member_is_said_to_be_renamed(compared, backend):
    with gateway(backend, "renames-reasoning") as server:
        _, found = compared(server.url, backend)
    (members,) = (one for one in found["alterations"] if one["aspect"] == "members")

    renamed = "choices[].message.reasoning → choices[].message.reasoning_content"
    assert renamed in members["what"]
    assert "unlisted" == members["verdict"]


def test_a_gateway_with_a_profile_for_the_renamed_member_may_rename_it(
    compared, backend, tmp_path
):
    profiles = tmp_path / "profiles.toml"
    profiles.write_text(
        '[gw]\nlike = "vllm-0.32"\ndialect = "vllm-0.11"\n'
        'offers = ["streaming", "reasoning", "vision", "tools", "forced-tools"]\n'
        'may_change = ["members", "nulls"]\n'
    )
    with gateway(backend, "renames-reasoning") as server:
        done, found = compared(
            *(server.url, backend, "--profiles", profiles, "--profile", "gw"), *FEW
        )

    assert [("members", "allowed"), ("nulls", "allowed")] == [
        (one["aspect"], one["verdict"]) for one in found["alterations"]
    ]
    assert (done.code, found["checks"]["gateway"]) == (0, [])


@pytest.mark.long
def test_streams_that_are_held_back_are_named(compared):
    with (
        contract.mock("vllm", icl=0.01) as slow,
        gateway(slow, "holds-back") as server,
        gateway(slow) as transparent,
    ):
        _, held = compared(server.url, slow, *STREAMS)
        _, passed = compared(transparent.url, slow, *STREAMS)

    assert "pace" in never(held)
    assert passed["alterations"] == []


def test_silent_retries_show_in_the_counters_of_the_backend(compared, backend):
    with gateway(backend, "counts") as counted:
        with gateway(counted.url, "retries") as server:
            done, twice = compared(server.url, counted.url)
        with gateway(counted.url) as server:
            _, once = compared(server.url, counted.url)

    assert {"repeats"} == never(twice)
    assert done.code == 1
    assert (once["alterations"], once["notes"]) == ([], [])


def test_a_gateway_that_is_asked_more_repeats_nothing(compared, backend, tmp_path):
    # A profile of the server behind that offers less, so that it is asked less.
    profiles = tmp_path / "profiles.toml"
    profiles.write_text(
        '[fewer]\nlike = "vllm-0.32"\noffers = ["streaming", "reasoning"]\n'
    )
    options = ("--profiles", str(profiles), "--behind-profile", "fewer")
    with gateway(backend, "counts") as counted, gateway(counted.url) as server:
        done, found = compared(server.url, counted.url, *FEW, *options)

    assert (found["alterations"], found["notes"]) == ([], [])
    assert done.code == 0


def test_what_fails_on_both_is_the_backends_and_does_not_fail_the_run(compared):
    with (
        contract.mock("vllm", fault="done-missing") as broken,
        gateway(broken) as server,
    ):
        done, found = compared(server.url, broken)

    assert ["streaming.ends-with-done"] == [
        one["check"] for one in found["checks"]["backend"]
    ]
    assert (done.code, found["checks"]["gateway"]) == (0, [])


def test_what_only_the_backend_fails_is_repaired(compared, backend):
    with contract.mock("vllm", fault="done-missing") as broken:
        _, found = compared(backend, broken)

    assert ["streaming.ends-with-done"] == [
        one["check"] for one in found["checks"]["repaired"]
    ]


@pytest.mark.parametrize("kind", ["html", "markdown"])
def test_the_reports_for_people_name_the_gateways_doing(
    command, backend, tmp_path, kind
):
    path = tmp_path / "report"
    with gateway(backend, "drops-reasoning") as server:
        command(
            *("verify", server.url, "--behind", backend, *FEW),
            *("--report", f"{kind}={path}"),
        )
    text = path.read_text()

    assert "The gateway&#39;s doing" in text or "The gateway's doing" in text
    assert "text of the reasoning" in text
    assert "0 by the server behind" in text


def test_the_key_of_the_gateway_is_not_sent_to_the_backend(
    command, served, backend, monkeypatch
):
    monkeypatch.setenv("MISTRAL_API_KEY", "sk-of-the-gateway")
    listener = served(lambda connection: connection.answer({}, status=404))
    done = command("verify", backend, "--behind", listener.url, *FEW)

    assert listener.requests
    assert not [one for one in listener.requests if b"sk-of-the-gateway" in one]
    assert done.code == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mock", "mock:vllm", "--behind", "mock"), "compares one gateway"),
        (("mock", "--behind", "mock"), "names the gateway itself"),
        (("mock", "--behind", ""), ""),
        (("mock", "--behind", "nonsense:x"), "nonsense"),
        (("mock", "--behind", "mock:nope"), "nope"),
        (("mock", "--behind", "mock:vllm?nope=1"), "nope"),
        (("mock", "--behind-model", "m"), "add --behind TARGET"),
        (("mock", "--behind-profile", "vllm"), "add --behind TARGET"),
        (("mock", "--behind-api-key-env", "K"), "add --behind TARGET"),
        (("mock", "--behind", "mock:vllm", "--behind-api-key-env", "NOPE"), "NOPE"),
    ],
)
def test_a_wrong_use_is_one_sentence_and_exit_code_2(command, words, said):
    done = command("verify", *words, "--select", "usage.sums-up")

    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--behind", "http://127.0.0.1:9"), 3),
        (("--behind", "mock:vllm", "--behind-profile", "nope"), 3),
    ],
)
def test_a_backend_that_cannot_be_judged_leaves_no_verdict(command, words, code):
    done = command("verify", "mock:vllm?ttft=1ms", *words, "--select", "usage.sums-up")

    assert done.code == code
    assert "--behind" in done.out + done.err
