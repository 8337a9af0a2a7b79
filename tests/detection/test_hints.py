"""Tests of the hints on server flags."""

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, rewritten_exchange

from contract.catalog.profiles import builtin
from contract.catalog.providers import dialects
from contract.checks.reasoning.markers import NO_TOOL
from contract.detection.hints import flag_hint, rejection_hint
from contract.model.chat import Piece, PieceKind
from contract.model.exchange import Arrival
from contract.model.probes import SUM, SUM_WHOLE, TOOL, TOOL_WHOLE
from contract.model.profile import Profile
from contract.model.reply import encode_json, rehearse

PARSED = [d for d in dialects().values() if not d.tagged]
WITH_FLAGS = [d for d in PARSED if d.server_flags.reasoning]
REASONING = "[THINK]Six times seven.[/THINK]It is 42."
CALL = '[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}'


def profile(dialect):
    return Profile(id=dialect.id, dialect=dialect)


def unparsed(dialect, probe, text, *others):
    return rewritten_exchange(
        profile(dialect), probe, lambda _said: [Piece(PieceKind.ANSWER, text), *others]
    )


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=lambda probe: probe.name)
def test_a_field_of_another_version_is_named(probe):
    known = builtin()
    old = rehearse(mock_reply(known["vllm-0.11"], probe), probe, known["vllm-0.32"])
    hint = flag_hint([old])

    assert hint.startswith("reasoning arrives in the field reasoning_content")
    assert "--profile" in hint


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=lambda probe: probe.name)
@pytest.mark.parametrize("dialect", PARSED, ids=lambda dialect: dialect.id)
def test_reasoning_in_the_content_means_that_its_parser_is_off(dialect, probe):
    hint = flag_hint([unparsed(dialect, probe, REASONING)])
    first, _, advice = hint.partition("; ")

    streams = dialect.server_flags.streaming if probe.stream else ""

    assert "the server leaves [THINK] in the content: its reasoning parser is off" == (
        first
    )
    assert advice.startswith(dialect.server_flags.reasoning)
    assert advice.endswith(streams)


@pytest.mark.parametrize("probe", [TOOL, TOOL_WHOLE], ids=lambda probe: probe.name)
@pytest.mark.parametrize("dialect", WITH_FLAGS, ids=lambda dialect: dialect.id)
def test_a_call_in_the_content_means_that_its_parser_is_off(dialect, probe):
    hint = flag_hint([unparsed(dialect, probe, CALL)])

    assert "[TOOL_CALLS]" in hint
    assert hint.endswith(dialect.server_flags.tool_calls)


@pytest.mark.parametrize(
    ("probe", "text", "others"),
    [
        pytest.param(SUM, "42[/THINK]", (), id="only-an-end-leaks"),
        pytest.param(SUM, "[THINK]", (), id="nothing-but-a-marker"),
        pytest.param(
            SUM,
            "[THINK]42",
            (Piece(PieceKind.REASONING, "hm"),),
            id="reasoning-is-separate",
        ),
        pytest.param(SUM, CALL, (), id="no-tool-was-offered"),
        pytest.param(NO_TOOL, CALL, (), id="no-call-was-wanted"),
    ],
)
def test_a_leaked_marker_gives_no_hint(probe, text, others):
    dialect = dialects()["vllm-0.16"]

    assert "" == flag_hint([unparsed(dialect, probe, text, *others)])


@pytest.mark.parametrize("dialect", dialects().values(), ids=lambda dialect: dialect.id)
def test_a_correct_response_gives_no_hint(dialect):
    own = profile(dialect)
    exchanges = [
        rehearse(mock_reply(own, probe), probe, own)
        for probe in (SUM, TOOL, TOOL_WHOLE)
    ]

    assert "" == flag_hint(exchanges)


def test_markers_are_correct_where_a_client_splits_them():
    dialect = replace(dialects()["vllm-0.16"], tagged=True)

    assert "" == flag_hint([unparsed(dialect, SUM_WHOLE, REASONING)])


def test_markers_in_streams_only_have_a_hint_of_their_own():
    dialect = dialects()["vllm-0.16"]
    own = profile(dialect)
    streamed = unparsed(dialect, SUM, REASONING)
    whole = rehearse(mock_reply(own, SUM_WHOLE), SUM_WHOLE, own)

    hint = flag_hint([streamed, whole])

    assert "its reasoning parser applies to whole responses and not to streams" in hint
    assert hint.endswith("add --enable-auto-tool-choice --tool-call-parser mistral")


@pytest.mark.parametrize("dialect", PARSED, ids=lambda dialect: dialect.id)
def test_a_call_in_the_content_takes_precedence_over_reasoning(dialect):
    hint = flag_hint([unparsed(dialect, TOOL_WHOLE, "[THINK]Rome.[/THINK]" + CALL)])

    assert "[TOOL_CALLS]" in hint
    assert "[THINK]" not in hint


@pytest.mark.parametrize("dialect", WITH_FLAGS, ids=lambda dialect: dialect.id)
def test_reasoning_without_markers_gives_a_conditional_hint(dialect):
    hint = flag_hint([unparsed(dialect, SUM_WHOLE, "Six times seven. It is 42.")])

    assert "no reasoning is separate from the answer; if the model reasons" in hint
    assert hint.endswith(dialect.server_flags.reasoning)


@pytest.mark.parametrize("kind", [PieceKind.REASONING, PieceKind.ANSWER], ids=str)
def test_separation_in_streams_only_gives_a_hint_on_the_release(kind):
    dialect = dialects()["vllm-0.16"]
    own = profile(dialect)
    streamed = rehearse(mock_reply(own, SUM), SUM, own)
    whole = rewritten_exchange(
        own, SUM_WHOLE, lambda _said: [Piece(kind, "Hm. It is 42.")]
    )

    assert flag_hint([streamed, whole]) == (
        "streams separate reasoning from the answer, and whole responses do not; "
        + dialect.server_flags.release
    )


VLLM, LLAMA = (builtin()[name] for name in ("vllm-0.32", "llamacpp"))


def rejection(own, sentence, status=400):
    exchange = rehearse(mock_reply(own, SUM_WHOLE), SUM_WHOLE, own)
    body = encode_json({"error": {"message": sentence, "code": status}})
    return replace(exchange, status=status, arrivals=(Arrival(0.1, body),))


@pytest.mark.parametrize(
    ("own", "sentence", "advice"),
    [
        pytest.param(
            VLLM,
            "This model's maximum context length is 32768 tokens. However, your prompt "
            "contains at least 32769 input tokens.",
            "the limit on tokens is 32768, not the 131072 of the profile; start vLLM "
            "with --max-model-len 131072",
            id="vllm-window",
        ),
        pytest.param(
            LLAMA,
            "request (8000 tokens) exceeds the available context size (4096 tokens), "
            "try increasing it",
            "the limit on tokens is 4096, not the 131072 of the profile; start "
            "llama-server with --ctx-size 131072, times the slots of --parallel",
            id="llamacpp-window",
        ),
        pytest.param(
            VLLM,
            "At most 1 image(s) may be provided in one prompt.",
            "the limit on images is 1, not the 10 of the profile; start vLLM with "
            "--limit-mm-per-prompt '{\"image\": 10}'",
            id="vllm-images",
        ),
        pytest.param(
            LLAMA,
            "image input is not supported - hint: if this is unexpected, you may need "
            "to provide the mmproj",
            "the server was started without an image encoder; start llama-server with "
            "--mmproj FILE (llamacpp:FILE.gguf?mmproj=FILE)",
            id="llamacpp-images",
        ),
        pytest.param(
            LLAMA,
            "tools param requires --jinja flag",
            "the server rejects tools; start llama-server with --jinja",
            id="llamacpp-tools",
        ),
        pytest.param(
            VLLM,
            '"auto" tool choice requires --enable-auto-tool-choice and '
            "--tool-call-parser to be set",
            "the server rejects tools; start vLLM with --enable-auto-tool-choice "
            "--tool-call-parser mistral",
            id="vllm-tools",
        ),
    ],
)
def test_a_rejection_with_a_limit_or_a_flag_gives_a_hint(own, sentence, advice):
    assert advice == rejection_hint([rejection(own, sentence)])


@pytest.mark.parametrize(
    ("sentence", "status"),
    [
        pytest.param("maximum context length is 131072 tokens", 400, id="as-profile"),
        pytest.param("maximum context length is 262144 tokens", 400, id="more"),
        pytest.param("At most 10 image(s) may be provided", 400, id="all-images"),
        pytest.param("max_tokens must be at least 1", 400, id="another-limit"),
        pytest.param("the maximum context length is 5 tokens", 200, id="an-answer"),
    ],
)
def test_a_rejection_beyond_the_profiles_limits_gives_no_hint(sentence, status):
    assert "" == rejection_hint([rejection(VLLM, sentence, status)])
