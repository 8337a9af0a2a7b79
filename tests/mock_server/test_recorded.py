"""Tests of the mock against recorded exchanges of real servers."""

import json
import re
from pathlib import Path

import pytest
from support.each import each

from contract.catalog.providers import dialects
from contract.mock_server.provider import MockProvider
from contract.model.chat import PieceKind
from contract.model.profile import Profile
from contract.model.reply import rehearse
from contract.model.saved import load

DIALECTS = dialects()
RECORDED = Path("fixtures/exchanges")
VLLM = MockProvider(DIALECTS["vllm-0.16"])
LLAMACPP = MockProvider(DIALECTS["llamacpp"], context_window=4_096)
SMALL = MockProvider(DIALECTS["llamacpp"], context_window=512)
GUARDED = MockProvider(DIALECTS["llamacpp"], api_key="sk-test-1")

# Intended differences of the status, and why.
STATUS = {
    "img_1540": "recorded without its bytes",
    "img_4000x1000": "recorded without its bytes",
    "json_lone_surrogate": "half a character is no text",
    "so_regex_bad": "structured_outputs is not offered",
}
# The mock has a 4xx for every mistake of the client, the real server sometimes a 5xx.
FAILED = {
    "img_http_refused": "500 in vLLM",
    "img_no_base64_marker": "501 in vLLM",
    "image_data_uri_string_form": "500 in llama.cpp",
    "image_http_url": "500 in llama.cpp",
    "json_schema_invalid": "500 in llama.cpp",
    "role_missing": "500 in llama.cpp",
    "role_unknown": "500 in llama.cpp",
    "stream_bad_role": "500 in llama.cpp",
    "tool_orphan": "500 in llama.cpp",
    "tools_bad_schema": "500 in llama.cpp",
    "tools_not_list": "500 in llama.cpp",
}
# Rejections of vLLM whose bodies are not the recorded bytes, and why.
OTHER_BYTES = {
    "chat_empty_messages": "vLLM names no field; rejections.names-the-field wants one",
    "ctx_images_over": "recorded without the bytes of its images",
    "img_http_refused": "500 in vLLM, which fetches the image; the mock opens no URL",
    "img_no_base64_marker": "501 in vLLM; the mock has a 4xx for mistakes of clients",
    "rf_json_schema_bad": "an excerpt of the grammar of vLLM's own library",
    "so_regex_bad": "structured_outputs is not offered",
}
# Where vLLM's tiny model with the same scripts was made to generate other text.
OUTPUT = {
    "chat_continue_final": "the tiny model has no script for a continued text",
    "chat_empty": "the grammar of the parser forbids an empty answer",
    "chat_open": "the grammar of the parser closes the reasoning",
    "chat_system_last": "the tiny model has no script after a system message",
    "chat_system_only": "the tiny model has no script after a system message",
    "ctx_truncate": "truncate_prompt_tokens is not offered",
    "img_10": "the mock states the sizes of images",
    "img_detail": "the mock states the sizes of images",
    "img_mime_mismatch": "the mock states the sizes of images",
    "img_png": "the mock states the sizes of images",
    "rf_json_object": "the tiny model answers the shortest JSON",
    "rf_json_schema": "the tiny model answers the shortest JSON",
    "so_choice": "structured_outputs is not offered",
    "so_regex": "structured_outputs is not offered",
    "stop_in_reasoning": "vLLM strips the blank before the stop string",
    "stop_list": "vLLM strips the blank before the stop string",
    "stop_include": "include_stop_str_in_output is not offered",
    "stop_token_ids": "stop_token_ids is not offered",
    "stream_rf_schema": "the tiny model answers the shortest JSON",
    "tools_none": "the tiny model starts a call whatever the tool choice is",
    "tools_no_params": "the tiny model calls get_weather whatever the tools are",
    "tools_other_required": "the tiny model calls get_weather whatever the tools are",
}


def recorded(folder, dialect):
    """The recorded exchanges of a folder that one dialect can read."""
    for path in sorted((RECORDED / folder).glob("*.json")):
        saved = json.loads(path.read_text())
        body = saved["request"].get("body")
        if saved["profile"] == dialect and not isinstance(body, str):
            profile = Profile(id=dialect, dialect=DIALECTS[dialect])
            saved["request"]["body"] = whole(body)
            if body is None:
                del saved["request"]["body"]
            yield pytest.param(load(saved, profile), id=path.stem)


def whole(value):
    """Long texts are recorded as their beginning, `...` and their length."""
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    cut = isinstance(value, str) and re.fullmatch(
        r"(\w+)(?: a)+ \.\.\.<(\d+) chars>", value
    )
    if not cut:
        return value
    return cut[1] + " a" * ((int(cut[2]) - len(cut[1])) // 2)


def mocked(provider, exchange):
    """The mock's exchange for the recorded request."""
    request = exchange.request
    if request.method == "POST" and not request.header("content-type"):
        headers = (*request.headers, ("content-type", "application/json"))
        request = type(request)(request.method, request.path, headers, request.body)
    reply = provider.reply(request)
    return rehearse(reply, exchange.probe, exchange.profile)


def shape(exchange):
    """The members of an error body, one level into `error`."""
    value = exchange.json
    inner = value.get("error") if isinstance(value, dict) else None
    return sorted(value), sorted(inner) if isinstance(inner, dict) else inner


def compared(provider, exchange):
    """The mock's exchange, after its status and errors have been compared."""
    found = mocked(provider, exchange)
    same = exchange.status // 100 == found.status // 100

    failed = exchange.status >= 500
    assert failed is (failed and exchange.probe.name in FAILED)
    assert same is (not failed and exchange.probe.name not in STATUS)
    assert found.status < 500
    if same and found.status >= 400:
        assert exchange.is_json is found.is_json
        assert shape(exchange) == shape(found)
    return found


@each("exchange", list(recorded("recorded-vllm-0.32", "vllm-0.16")))
def test_mock_matches_vllm(exchange):
    found = compared(VLLM, exchange)
    if not found.status == exchange.status == 200 or not exchange.choices:
        return
    expected, actual = (
        (one.finishes, one.usage, output(one)) for one in (exchange, found)
    )

    if exchange.probe.name in OUTPUT:
        assert expected != actual
    else:
        assert expected == actual


def output(exchange):
    """The output of each choice, without random answers and the ids of calls."""
    if "#random" in exchange.request.body.decode():
        return [exchange.text_of(PieceKind.REASONING, choice) for choice in range(4)]
    names = [piece.call.name for piece in exchange.pieces if piece.call]
    return [exchange.text_of(kind) for kind in PieceKind] + names


@each(
    ("provider", "exchange"),
    [
        pytest.param(provider, *parameters.values, id=f"{folder}-{parameters.id}")
        for provider, folder in [
            (LLAMACPP, "recorded-llamacpp-b11434"),
            (SMALL, "recorded-llamacpp-b11434-c512"),
            (GUARDED, "recorded-llamacpp-b11434-apikey"),
        ]
        for parameters in recorded(folder, "llamacpp")
    ],
)
def test_mock_matches_llama_cpp(provider, exchange):
    """Its model has other scripts, so only status and errors are compared."""
    compared(provider, exchange)


def test_rejections_of_vllm_are_the_recorded_bytes():
    """An error body has nothing that differs from run to run, so all of it counts."""
    pairs = {}
    for parameters in recorded("recorded-vllm-0.32", "vllm-0.16"):
        (exchange,) = parameters.values
        if exchange.status >= 400:
            pairs[exchange.probe.name] = (exchange, mocked(VLLM, exchange))
    different = {
        name
        for name, (exchange, found) in pairs.items()
        if (exchange.status, exchange.body) != (found.status, found.body)
    }

    assert different == set(OTHER_BYTES)
    assert len(pairs) - len(different) >= 92
