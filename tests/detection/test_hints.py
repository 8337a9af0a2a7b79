"""What a person can do, read off the replies of servers that were started wrongly."""

from dataclasses import replace

import pytest
from rehearsal import resaid, told

from contract.catalog.profiles import builtin
from contract.catalog.providers import dialects
from contract.checks.reasoning.markers import NO_TOOL
from contract.detection.hints import (
    flag_hint,
    rejection_hint,
)
from contract.model.chat import (
    Piece,
    PieceKind,
)
from contract.model.exchange import Arrival
from contract.model.probes import (
    SUM,
    SUM_WHOLE,
    TOOL,
    TOOL_WHOLE,
)
from contract.model.profile import Profile
from contract.model.reply import (
    encode_json,
    rehearse,
)

PARSED = [d for d in dialects().values() if not d.tagged]
WITH_FLAGS = [d for d in PARSED if d.server_flags.thought]
THOUGHT = "[THINK]Six times seven.[/THINK]It is 42."
CALL = '[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}'


def profile(dialect):
    return Profile(id=dialect.id, dialect=dialect)


def unparsed(dialect, probe, text, *others):
    return resaid(
        profile(dialect), probe, lambda _said: [Piece(PieceKind.ANSWER, text), *others]
    )


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=lambda probe: probe.name)
def test_a_field_of_another_version_is_named(probe):
    known = builtin()
    old = rehearse(told(known["vllm-0.11"], probe), probe, known["vllm-0.32"])
    said = flag_hint([old])

    assert said.startswith("the thought comes as reasoning_content: another version")
    assert "--profile" in said


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=lambda probe: probe.name)
@pytest.mark.parametrize("dialect", PARSED, ids=lambda dialect: dialect.id)
def test_a_thought_left_in_the_content_means_that_its_parser_is_off(dialect, probe):
    said = flag_hint([unparsed(dialect, probe, THOUGHT)])
    first, _, advice = said.partition("; ")

    streams = dialect.server_flags.streams if probe.stream else ""

    assert "the server leaves [THINK] in the content: its reasoning parser is off" == (
        first
    )
    assert advice.startswith(dialect.server_flags.thought)
    assert advice.endswith(streams)


@pytest.mark.parametrize("probe", [TOOL, TOOL_WHOLE], ids=lambda probe: probe.name)
@pytest.mark.parametrize("dialect", WITH_FLAGS, ids=lambda dialect: dialect.id)
def test_a_call_left_in_the_content_means_that_its_parser_is_off(dialect, probe):
    said = flag_hint([unparsed(dialect, probe, CALL)])

    assert "[TOOL_CALLS]" in said
    assert said.endswith(dialect.server_flags.call)


@pytest.mark.parametrize(
    ("probe", "text", "others"),
    [
        pytest.param(SUM, "42[/THINK]", (), id="only-an-end-leaks"),
        pytest.param(SUM, "[THINK]", (), id="nothing-but-a-marker"),
        pytest.param(
            SUM,
            "[THINK]42",
            (Piece(PieceKind.REASONING, "hm"),),
            id="a-thought-came-apart",
        ),
        pytest.param(SUM, CALL, (), id="no-tool-was-offered"),
        pytest.param(NO_TOOL, CALL, (), id="no-call-was-wanted"),
    ],
)
def test_what_merely_leaks_has_no_switch(probe, text, others):
    dialect = dialects()["vllm-0.16"]

    assert "" == flag_hint([unparsed(dialect, probe, text, *others)])


@pytest.mark.parametrize("dialect", dialects().values(), ids=lambda dialect: dialect.id)
def test_a_good_reply_gives_no_hint(dialect):
    own = profile(dialect)
    exchanges = [
        rehearse(told(own, probe), probe, own) for probe in (SUM, TOOL, TOOL_WHOLE)
    ]

    assert "" == flag_hint(exchanges)


def test_tags_are_no_mistake_where_a_reader_splits_them():
    dialect = replace(dialects()["vllm-0.16"], tagged=True)

    assert "" == flag_hint([unparsed(dialect, SUM_WHOLE, THOUGHT)])


def test_markers_in_streams_alone_are_told_apart_from_a_parser_that_is_off():
    dialect = dialects()["vllm-0.16"]
    own = profile(dialect)
    streamed = unparsed(dialect, SUM, THOUGHT)
    whole = rehearse(told(own, SUM_WHOLE), SUM_WHOLE, own)

    said = flag_hint([streamed, whole])

    assert "its reasoning parser reads whole answers and no streams" in said
    assert said.endswith("add --enable-auto-tool-choice --tool-call-parser mistral")


@pytest.mark.parametrize("dialect", PARSED, ids=lambda dialect: dialect.id)
def test_a_call_in_the_content_is_told_before_the_thought_beside_it(dialect):
    said = flag_hint([unparsed(dialect, TOOL_WHOLE, "[THINK]Rome.[/THINK]" + CALL)])

    assert "[TOOL_CALLS]" in said
    assert "[THINK]" not in said


@pytest.mark.parametrize("dialect", WITH_FLAGS, ids=lambda dialect: dialect.id)
def test_a_thought_without_its_markers_is_told_with_an_if(dialect):
    said = flag_hint([unparsed(dialect, SUM_WHOLE, "Six times seven. It is 42.")])

    assert "no thought came apart from the answer; if the model thinks" in said
    assert said.endswith(dialect.server_flags.thought)


@pytest.mark.parametrize("kind", [PieceKind.REASONING, PieceKind.ANSWER], ids=str)
def test_streams_that_part_what_whole_answers_do_not_tell_of_the_release(kind):
    dialect = dialects()["vllm-0.16"]
    own = profile(dialect)
    streamed = rehearse(told(own, SUM), SUM, own)
    whole = resaid(own, SUM_WHOLE, lambda _said: [Piece(kind, "Hm. It is 42.")])

    assert flag_hint([streamed, whole]) == (
        "streams part thought and answer, and whole answers do not; "
        + dialect.server_flags.release
    )


VLLM, LLAMA = (builtin()[name] for name in ("vllm-0.32", "llamacpp"))


def refusal(own, sentence, status=400):
    made = rehearse(told(own, SUM_WHOLE), SUM_WHOLE, own)
    body = encode_json({"error": {"message": sentence, "code": status}})
    return replace(made, status=status, arrivals=(Arrival(0.1, body),))


@pytest.mark.parametrize(
    ("own", "sentence", "advice"),
    [
        pytest.param(
            VLLM,
            "This model's maximum context length is 32768 tokens. However, your prompt "
            "contains at least 32769 input tokens.",
            "the limit on tokens is 32768, not the 131072 promised; start vLLM with "
            "--max-model-len 131072",
            id="vllm-window",
        ),
        pytest.param(
            LLAMA,
            "request (8000 tokens) exceeds the available context size (4096 tokens), "
            "try increasing it",
            "the limit on tokens is 4096, not the 131072 promised; start llama-server "
            "with --ctx-size 131072, times the slots of --parallel",
            id="llamacpp-window",
        ),
        pytest.param(
            VLLM,
            "At most 1 image(s) may be provided in one prompt.",
            "the limit on images is 1, not the 10 promised; start vLLM with "
            "--limit-mm-per-prompt '{\"image\": 10}'",
            id="vllm-images",
        ),
        pytest.param(
            LLAMA,
            "image input is not supported - hint: if this is unexpected, you may need "
            "to provide the mmproj",
            "the server was started without what reads images; start llama-server with "
            "--mmproj FILE (llamacpp:FILE.gguf?mmproj=FILE)",
            id="llamacpp-images",
        ),
        pytest.param(
            LLAMA,
            "tools param requires --jinja flag",
            "the server refuses tools; start llama-server with --jinja",
            id="llamacpp-tools",
        ),
        pytest.param(
            VLLM,
            '"auto" tool choice requires --enable-auto-tool-choice and '
            "--tool-call-parser to be set",
            "the server refuses tools; start vLLM with --enable-auto-tool-choice "
            "--tool-call-parser mistral",
            id="vllm-tools",
        ),
    ],
)
def test_a_refusal_that_names_a_bound_or_a_flag_tells_what_to_set(
    own, sentence, advice
):
    assert advice == rejection_hint([refusal(own, sentence)])


@pytest.mark.parametrize(
    ("sentence", "status"),
    [
        pytest.param("maximum context length is 131072 tokens", 400, id="as-promised"),
        pytest.param("maximum context length is 262144 tokens", 400, id="more"),
        pytest.param("At most 10 image(s) may be provided", 400, id="all-images"),
        pytest.param("max_tokens must be at least 1", 400, id="another-bound"),
        pytest.param("the maximum context length is 5 tokens", 200, id="an-answer"),
    ],
)
def test_a_refusal_of_what_nobody_promised_gives_no_hint(sentence, status):
    assert "" == rejection_hint([refusal(VLLM, sentence, status)])
