"""The token counter agrees with mistral-common and with recorded counts of vLLM."""

import base64
import importlib.resources
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from support.each import each

from contract.model.chat import (
    Image,
    Message,
    Options,
    Text,
    Thinking,
    Tool,
    ToolCall,
    freeze,
)
from contract.model.probe import Probe
from contract.model.strict_json import read_json
from contract.tokens import counting

RECORDED = Path("fixtures/exchanges/recorded-vllm-0.32")
BASE = [
    "<unk>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[TOOL_CALLS]",
    "[IMG]",
    "<pad>",
    "[IMG_BREAK]",
    "[IMG_END]",
    "[PREFIX]",
    "[MIDDLE]",
    "[SUFFIX]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[TOOL_CONTENT]",
]
EXTRA = {32: "[ARGS]", 33: "[CALL_ID]", 34: "[THINK]", 35: "[/THINK]"}


@pytest.fixture(scope="session")
def oracle(tmp_path_factory):
    """The tokenizer of mistral-common for a v13 file with thinking and image tokens."""
    from mistral_common.protocol.instruct.validator import ValidationMode  # noqa: PLC0415  # slow
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer  # noqa: PLC0415  # slow

    source = importlib.resources.files("mistral_common") / "data/tekken_240911.json"
    data = json.loads(source.read_text("utf-8"))
    count = data["config"]["default_num_special_tokens"]
    names = dict(enumerate(BASE)) | EXTRA
    data["special_tokens"] = [
        {"rank": i, "token_str": names.get(i, f"<SPECIAL_{i}>"), "is_control": True}
        for i in range(count)
    ]
    data["config"]["version"] = "v13"
    data["image"] = {
        "image_patch_size": 14,
        "max_image_size": 1540,
        "spatial_merge_size": 2,
    }
    data["vocab"] = data["vocab"][: data["config"]["default_vocab_size"] - count]
    data["config"]["num_vocab_tokens"] = len(data["vocab"])
    path = tmp_path_factory.mktemp("tekken") / "tekken.json"
    path.write_text(json.dumps(data), "utf-8")
    return MistralTokenizer.from_file(path, mode=ValidationMode.test)


def encoded(oracle, probe):
    """Return the token ids into which mistral-common encodes *probe*."""
    from mistral_common.protocol.instruct.normalize import get_normalizer  # noqa: PLC0415  # slow
    from mistral_common.protocol.instruct.request import ChatCompletionRequest  # noqa: PLC0415  # slow

    request = ChatCompletionRequest(
        messages=[message_body(message) for message in probe.messages],
        tools=[
            {
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": json.loads(tool.parameters),
                }
            }
            for tool in probe.options.tools
        ]
        or None,
    )
    normalizer = get_normalizer(oracle.instruct_tokenizer.tokenizer.version)
    normalized = normalizer.from_chat_completion_request(request)
    return oracle.instruct_tokenizer.encode_instruct(normalized).tokens


def message_body(message):
    body = {"role": message.role}
    if message.role == "assistant":
        body["prefix"] = message.prefix
        if message.tool_calls:
            body["tool_calls"] = [
                {
                    "id": call.id,
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in message.tool_calls
            ]
    if message.role == "tool":
        body["tool_call_id"] = message.tool_call_id
    if isinstance(message.content, tuple):
        body["content"] = [chunk(part) for part in message.content]
    else:
        body["content"] = message.content
    return body


def chunk(part):
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Thinking):
        return {"type": "thinking", "thinking": part.text, "closed": part.closed}
    return {"type": "image_url", "image_url": {"url": part.uri}}


def png(width, height):
    buffer = io.BytesIO()
    Pillow.new("1", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


TEXT = st.text(max_size=40) | st.sampled_from(
    [
        "[THINK]",
        "</s>",
        "a  ",
        " ",
        "\n\n",
        "日本 👋🏽",
        "[INST]x[/INST]",
        "It's 42 % ok",
    ]
)
SOME = TEXT.filter(bool)
TEXTS = st.builds(Text, TEXT)
REASONING = st.builds(Thinking, TEXT, st.booleans())


def content(*parts):
    return TEXT | st.lists(st.one_of(*parts), min_size=1, max_size=3).map(tuple)


NAMES = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=5,
)
CALLS = st.builds(
    ToolCall,
    st.just("abcdefghi"),
    NAMES,
    st.dictionaries(NAMES, JSON, max_size=3).map(json.dumps)
    | st.sampled_from(["", "{}", "not json", "[1, 2]", '{"a":  1}']),
)
ASSISTANTS = st.one_of(
    st.builds(
        Message,
        st.just("assistant"),
        SOME | st.lists(TEXTS | REASONING, min_size=1, max_size=3).map(tuple),
    ).filter(lambda message: any(part.text for part in message.parts)),
    st.builds(
        Message,
        st.just("assistant"),
        st.none() | TEXT,
        st.lists(CALLS, min_size=1, max_size=2).map(tuple),
    ),
)
MESSAGES = st.one_of(
    st.builds(Message, st.just("user"), content(TEXTS)),
    st.builds(Message, st.just("system"), content(TEXTS, REASONING)),
    ASSISTANTS,
    st.builds(
        Message,
        st.just("tool"),
        content(TEXTS),
        tool_call_id=st.just("abcdefghi"),
    ),
)
TOOLS = st.builds(
    Tool,
    NAMES,
    st.dictionaries(NAMES, JSON, max_size=3).map(freeze),
    st.text(max_size=20),
)
PROBES = st.builds(
    Probe,
    name=st.just("generated"),
    messages=st.lists(MESSAGES, min_size=1, max_size=6).map(tuple),
    options=st.builds(Options, tools=st.lists(TOOLS, max_size=2).map(tuple)),
)


@settings(max_examples=150, deadline=None)
@given(probe=PROBES)
@pytest.mark.long
def test_prompts_are_what_mistral_common_encodes(oracle, probe):
    expected = encoded(oracle, probe)

    assert tuple(expected) == counting.prompt_ids(probe)
    assert len(expected) == counting.prompt(probe)


def messages(*turns):
    return Probe(name="hand", messages=tuple(Message(*turn) for turn in turns))


@pytest.mark.parametrize(
    ("probe", "count"),
    [
        pytest.param(messages(("user", "")), 3, id="empty-user"),
        pytest.param(messages(("user", "What is 6*7?")), 10, id="sum"),
        pytest.param(messages(("user", "[THINK]")), 7, id="marker-is-text"),
        pytest.param(
            messages(("user", "one"), ("user", "two")), 6, id="two-users-are-one-turn"
        ),
        pytest.param(
            messages(("system", (Thinking("a"),)), ("user", "a")),
            9,
            id="closed-reasoning",
        ),
        pytest.param(
            messages(("system", (Thinking("a", closed=False),)), ("user", "a")),
            8,
            id="open-reasoning",
        ),
        pytest.param(
            Probe(
                name="prefix",
                messages=(
                    Message("user", "a"),
                    Message("assistant", "the", prefix=True),
                ),
            ),
            5,
            id="prefix-is-not-closed",
        ),
        pytest.param(
            messages(("user", "a"), ("assistant", "the"), ("user", "a")),
            9,
            id="past-answer-is-closed",
        ),
    ],
)
def test_hand_written_prompts_have_known_counts(oracle, probe, count):
    assert count == counting.prompt(probe) == len(encoded(oracle, probe))


def test_image_and_reasoning_together_count_27(oracle):
    probe = messages(
        ("system", (Text("SYS-A"), Thinking("Your thoughts"), Text("SYS-B"))),
        ("user", (Text("What is this?"), Image(png(60, 40)))),
    )

    assert counting.prompt(probe) == 27 == len(counting.prompt_ids(probe))
    assert oracle is not None


SIZES = [
    (1, 1, 2),
    (28, 28, 2),
    (29, 28, 3),
    (224, 224, 72),
    (512, 512, 380),
    (1024, 768, 1064),
    (1540, 1540, 3080),
    (1541, 1541, 3080),
    (3000, 2000, 2072),
    (4000, 1000, 784),
    (10_000, 1, 56),
]


@pytest.mark.parametrize(("width", "height", "count"), SIZES)
def test_image_sizes_have_known_counts(width, height, count):
    assert count == counting.image(width, height)


@settings(deadline=None)
@given(width=st.integers(1, 12_000), height=st.integers(1, 12_000))
def test_images_cost_what_mistral_common_counts(oracle, width, height):
    encoder = oracle.instruct_tokenizer.image_encoder

    class Sized:
        size = (width, height)

    columns, rows = encoder._image_to_num_tokens(Sized())  # noqa: SLF001  # the oracle

    assert (columns + 1) * rows == counting.image(width, height)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_size_is_read_from_the_header_of_every_image_format(form):
    buffer = io.BytesIO()
    Pillow.new("RGB", (60, 40)).save(buffer, form)

    assert counting.size(buffer.getvalue()) == (60, 40)


@pytest.mark.parametrize(
    "data", [b"", b"no image", b"\x89PNG\r\n\x1a\n"], ids=["empty", "text", "signature"]
)
def test_size_of_other_data_is_none(data):
    assert counting.size(data) is None


def test_size_of_a_decompression_bomb_is_none():
    bomb = bytearray(png(1, 1))
    bomb[16:24] = (100_000).to_bytes(4, "big") * 2

    assert counting.size(bytes(bomb)) is None


# Recorded requests whose prompt vLLM does not use as it was sent.
OTHER = {
    "ctx_truncate": "truncate_prompt_tokens cuts the prompt",
    "tools_result_bad_args": "vLLM replaces arguments that are not JSON",
}


def recorded():
    for path in sorted(RECORDED.glob("*.json")):
        saved = json.loads(path.read_text())
        body = saved["request"].get("body")
        answer = read_json(
            "".join(a[1] for a in saved["response"]["arrivals"]).encode()
        )
        if path.stem in OTHER:
            continue
        if isinstance(body, dict) and isinstance(answer, dict) and answer.get("usage"):
            yield pytest.param(body, answer["usage"]["prompt_tokens"], id=path.stem)


def probe_of(body):
    """Parse a recorded request here, independently of the code under test."""
    found = []
    for message in body["messages"]:
        content = message.get("content")
        if isinstance(content, str):
            content = whole(content)
        if isinstance(content, list):
            content = tuple(part_of(part) for part in content)
        reasoning = message.get("reasoning") or message.get("reasoning_content")
        if reasoning:
            content = (Thinking(reasoning), Text(content))
        calls = tuple(
            ToolCall(
                call["id"],
                call["function"]["name"],
                json.dumps(arguments)
                if isinstance(arguments := call["function"]["arguments"], dict)
                else arguments,
            )
            for call in message.get("tool_calls") or ()
        )
        found.append(
            Message(
                message["role"],
                content,
                calls,
                prefix=bool(body.get("continue_final_message"))
                and message["role"] == "assistant",
            )
        )
    tools = tuple(
        Tool(
            tool["function"]["name"],
            freeze(tool["function"].get("parameters") or {}),
            tool["function"].get("description") or "",
        )
        for tool in body.get("tools") or ()
    )
    return Probe(name="recorded", messages=tuple(found), options=Options(tools=tools))


def whole(text):
    """Expand a long prompt, recorded as its beginning, `...` and its length."""
    cut = re.fullmatch(r"(\w+)(?: a)+ \.\.\.<(\d+) chars>", text)
    if not cut:
        return text
    return cut[1] + " a" * ((int(cut[2]) - len(cut[1])) // 2)


def part_of(part):
    if part["type"] == "thinking":
        return Thinking(part["thinking"], part.get("closed", True))
    if part["type"] == "image_url":
        return Image(base64.b64decode(part["image_url"]["url"].partition(",")[2]))
    return Text(part["text"])


@each(("body", "count"), list(recorded()))
def test_prompts_count_what_vllm_counted(body, count):
    assert count == counting.prompt(probe_of(body))
