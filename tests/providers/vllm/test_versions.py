"""The mock of each version of vLLM sends the members that this version was seen to."""

import json
from collections import Counter

import pytest
from support.recordings import (
    NOT_COMPARED,
    reason_not_compared,
    recorded_exchanges,
    recorded_names,
)

from contract.catalog.profiles import named
from contract.model.chat import PieceKind

# The recordings of a version, and its profile.
VERSIONS = {"vllm-0.16.0": "vllm-0.16", "vllm-0.32.0": "vllm-0.32"}
MISTAKE = "a 5xx; the mock has a 4xx for every mistake of a client"
# Recorded exchanges, by the beginning of the name, to which the mock has another
# answer, and why.
OTHER_ANSWER = {
    "vllm-0.16.0": {
        "not-an-object": MISTAKE,
        "user-with-a-name": "waived; the mock takes a name, as the contract wants",
        "tool-required-streamed": (
            "its fragments have a null name, those of tool_choice auto a null id; the "
            "mock has the latter for both"
        ),
    },
    "vllm-0.32.0": {
        "attached-audio-as-text": MISTAKE,
        "file-url-image": MISTAKE,
        "image-bomb": MISTAKE,
        "image-of-canary": "fetched; the mock opens no address",
        "image-without-base64": MISTAKE,
        "messages-empty": "names no field; rejections.names-the-field wants one",
        "path-with-slash": "a redirect of the web framework, which the mock lacks",
        "preflight": "the mock has no CORS",
        "result-with-audio-as-text": MISTAKE,
        "unreachable-image": MISTAKE,
    },
}
TEXTS = ("reasoning", "content", "tool_calls")


def shape(value):
    """The members and types of *value*; of a list, those of its distinct items."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(shape(item)) for item in value})
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return type(value).__name__


def kinds(exchange):
    """The kinds of text in an answer, which the model decides."""
    return {kind for kind in PieceKind if exchange.text_of(kind)}


def parts(chunk):
    """
    Yield a chunk as (what it is, its shape), one for each kind of text in it.

    How many tokens a chunk holds, and whether the last ones come with the finish
    reason, depends on the time that they take.
    """
    choices = chunk["choices"]
    if not choices:
        yield "usage", shape(chunk)
        return
    (choice,) = choices
    delta, finish = choice["delta"], choice["finish_reason"]
    if "role" in delta:
        yield "role", shape(chunk)
        return
    nulls = {key: value for key, value in delta.items() if value is None}
    said = [key for key in TEXTS if delta.get(key) or (key in delta and not finish)]
    plain = {key: value for key, value in chunk.items() if key != "system_fingerprint"}
    middle = {key: value for key, value in choice.items() if key != "stop_reason"}
    for key in said:
        items = delta[key] if key == "tool_calls" else [delta[key]]
        for item in items:
            one = {**nulls, key: [item] if key == "tool_calls" else item}
            begins = key != "tool_calls" or item.get("id")
            alone = {**middle, "delta": one, "finish_reason": None}
            name = key if begins else "more of a call"
            yield name, shape({**plain, "choices": [alone]})
    if finish:
        rest = {key: value for key, value in delta.items() if key not in said}
        alone = {**choice, "delta": rest, "logprobs": None}
        yield f"finish {finish}", shape({**chunk, "choices": [alone]})


def streamed(exchange):
    """What the chunks of a stream are, each with its shapes."""
    found = {}
    for chunk in exchange.chunks:
        for name, one in parts(chunk.json):
            found.setdefault(name, set()).add(json.dumps(one))
    return found


def whole(exchange, *, same_output):
    """The shape of a body; of an error, its type, parameter and code too."""
    if not exchange.is_json:
        return "text"
    value = json.loads(exchange.body)
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(error, dict):
        return shape(value), {key: error[key] for key in ("type", "param", "code")}
    for choice in value.get("choices", ()) if isinstance(value, dict) else ():
        # Only what differs from version to version, not what the model said.
        if not same_output:
            for key in TEXTS:
                if choice["message"].get(key) != []:
                    choice["message"].pop(key, None)
            choice["stop_reason"] = None
    return shape(value)


def differences(real, mock):
    """What the mock sends in other members or types than the real server."""
    if real.status != mock.status:
        return [f"status {real.status}, not {mock.status}"]
    same = kinds(real) == kinds(mock)
    if not real.chunks:
        expected, actual = (whole(one, same_output=same) for one in (real, mock))
        return [] if expected == actual else [f"{expected}, not {actual}"]
    expected, actual = streamed(real), streamed(mock)
    common = expected.keys() & actual.keys()
    return [
        f"{name}: {expected[name]}, not {actual[name]}"
        for name in sorted(common)
        if expected[name] != actual[name]
    ] + [f"only one has the chunk {name}" for name in _ends(expected) ^ _ends(actual)]


def _ends(found):
    return found.keys() & {"role", "usage"}


@pytest.mark.parametrize("version", VERSIONS)
def test_mock_sends_the_members_and_types_of_its_version(version):
    different = {
        name: found
        for name in recorded_names(version)
        for real, mock in recorded_exchanges(version)[name]
        if not reason_not_compared(OTHER_ANSWER[version], name)
        if not reason_not_compared(NOT_COMPARED, name)
        if (found := differences(real, mock))
    }

    assert {} == different


@pytest.mark.parametrize("version", VERSIONS)
def test_every_other_answer_is_one(version):
    """An exception that is none any more is to be removed."""
    names = set(OTHER_ANSWER[version])

    assert names == {
        name
        for name in recorded_names(version)
        if reason_not_compared(OTHER_ANSWER[version], name)
        if any(differences(*pair) for pair in recorded_exchanges(version)[name])
    }


def test_what_is_compared_is_most_of_what_was_recorded():
    seen = Counter()
    for version in VERSIONS:
        for name in recorded_names(version):
            for real, _ in recorded_exchanges(version)[name]:
                seen[version, bool(real.chunks), real.status >= 400] += 1

    assert seen["vllm-0.16.0", True, False] >= 5
    assert seen["vllm-0.32.0", True, False] >= 80
    assert seen["vllm-0.32.0", False, False] >= 250
    assert seen["vllm-0.32.0", False, True] >= 60


@pytest.mark.parametrize(("version", "profile"), VERSIONS.items())
def test_profile_of_a_recording_states_its_version(version, profile):
    assert named(profile).dialect.rules.version == version.removeprefix("vllm-")


def test_mocks_of_the_two_versions_differ():
    """Or else the law could be held by one mock for both."""
    found = [named(profile).dialect for profile in VERSIONS.values()]
    wrong = {
        name
        for real, _ in recorded_exchanges("vllm-0.16.0")["sum-streamed"]
        for name in streamed(real)
        for _, mock in recorded_exchanges("vllm-0.32.0")["sum-streamed"]
        if streamed(real)[name] != streamed(mock)[name]
    }

    assert found[0] is not found[1]
    assert wrong == {"role", "finish stop", "usage"}
