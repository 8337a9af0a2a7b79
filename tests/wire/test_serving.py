"""`contract.mock`: the mock for a block of code."""

from __future__ import annotations

import httpx
import pytest

import contract
from contract.catalog.profiles import named
from contract.model.probes import SUM_WHOLE
from contract.model.wire import build_request
from contract.run import serving

VLLM = named("vllm")


def chat(url, profile=VLLM, *, key=None, model="magistral-small-2509"):
    request = build_request(SUM_WHOLE, profile, model, key)
    return httpx.post(
        url + request.path,
        headers=list(request.headers),
        content=request.body,
        trust_env=False,
    )


def message(response):
    return response.json()["choices"][0]["message"]


def test_it_is_public():
    assert contract.mock is serving.mock


def test_it_answers_in_the_dialect_without_a_key():
    with contract.mock("vllm") as url:
        answered = chat(url)

    assert url.startswith("http://127.0.0.1:")
    assert answered.status_code == 200
    assert "42" in message(answered)["content"]
    assert message(answered)["reasoning"]


def test_mistral_is_the_default():
    profile = named("mistral")
    with contract.mock() as url:
        answered = chat(url, profile)

    kinds = [part["type"] for part in message(answered)["content"]]
    assert kinds == ["thinking", "text"]


@pytest.mark.parametrize("fault", ["field-renamed", "vllm-33402"])
def test_a_fault_is_named_by_its_id_or_its_report(fault):
    with contract.mock("vllm", fault=fault) as url:
        report = contract.verify(
            url, profile="vllm-0.32", select="reasoning.right-field"
        )

    assert report.exit_code == 1


def test_a_quirk_leaves_the_contract_kept():
    with contract.mock("vllm", quirk="unknown-members") as url:
        answered = chat(url)
        report = contract.verify(url, select="schema")
    with contract.mock("vllm") as url:
        plain = chat(url)

    assert answered.json() != plain.json()
    assert report.exit_code == 0


def test_a_key_is_demanded_and_a_model_is_the_only_one():
    with contract.mock("vllm", key="sk-mine", model="mine") as url:
        codes = [
            chat(url, key=key, model=model).status_code
            for key, model in (
                (None, "mine"),
                ("sk-other", "mine"),
                ("sk-mine", "magistral-small-2509"),
                ("sk-mine", "mine"),
            )
        ]

    assert codes == [401, 401, 404, 200]


def test_a_prompt_that_exceeds_the_window_is_rejected():
    with contract.mock("vllm", window=20) as url:
        assert chat(url).status_code == 400


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param(
            {"fault": "field-rename"},
            r"Unknown fault 'field-rename'\. Did you mean 'field-renamed'",
            id="fault",
        ),
        pytest.param(
            {"quirk": "unknown-member"},
            r"Unknown quirk 'unknown-member'\. Did you mean 'unknown-members'",
            id="quirk",
        ),
        pytest.param({"dialect": "vlm"}, "Did you mean 'vllm'", id="dialect"),
    ],
)
def test_an_unknown_name_is_rejected_with_a_suggestion(options, words):
    with pytest.raises(contract.UsageError, match=words), contract.mock(**options):
        pytest.fail("it was served")


def test_it_is_closed_on_exit():
    with contract.mock("vllm") as url:
        assert chat(url).status_code == 200

    with pytest.raises(httpx.ConnectError):
        chat(url)


def test_it_is_closed_after_an_error():
    with pytest.raises(ZeroDivisionError), contract.mock("vllm") as url:
        raise ZeroDivisionError

    with pytest.raises(httpx.ConnectError):
        chat(url)


def test_faults_can_be_changed_while_it_runs():
    path = "/__magistral__/faults"
    with (
        contract.mock("vllm", fault=["http-503"], control=True) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        before = chat(url).status_code
        put = client.put(path, json={"faults": ["http-429?retry-after=3"]})
        limited = chat(url)
        wrong = client.put(path, json={"faults": ["http-42"]})
        kept = client.get(path)
        client.put(path, json={"faults": []})
        after = chat(url).status_code

    assert (before, limited.status_code, after) == (503, 429, 200)
    assert limited.headers["retry-after"] == "3"
    assert put.json() == kept.json() == {"faults": ["http-429?retry-after=3"]}
    assert wrong.status_code == 400
    assert "'http-429'" in wrong.json()["error"]


def test_without_the_option_there_is_no_such_path():
    with contract.mock("vllm") as url:
        found = httpx.put(url + "/__magistral__/faults", json={}, trust_env=False)

    assert found.status_code == 404


def test_a_page_on_the_internet_cannot_read_the_mock():
    with contract.mock("vllm") as url:
        refused = httpx.get(
            url + "/v1/models", headers={"host": "evil.example"}, trust_env=False
        )

    assert refused.status_code == 421
    assert refused.json()["error"]["message"].startswith("This server is not")


def test_custom_answers_come_first():
    with contract.mock("vllm", answers={"6 times 7": "Forty-two."}) as url:
        assert message(chat(url))["content"] == "Forty-two."
