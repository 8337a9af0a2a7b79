"""What llama.cpp makes of the official chat template is the official prompt."""

from __future__ import annotations

import re

import httpx
import pytest
from support import official

from contract.plugins.discovery import find
from contract.run.opening import reply_changes
from contract.targets.base import TargetKind, parse_target

pytestmark = pytest.mark.live
# Where llama.cpp's prompt differs from mistral-common's, and why.
DIFFERENT = {
    "image": "the one image after the one text of a message is not moved to the front",
    "resumed": "a message has one reasoning_content, so its second place is lost",
    "typed-markers": "markers that a user types become markers",
}
# What stands in a prompt for an image, different in each process.
MEDIA = re.compile(r"<__media_\w*__>")


def written(message):
    """The message as llama.cpp takes it, which refuses thinking chunks with 400."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    thoughts = [one["thinking"] for one in content if one["type"] == "thinking"]
    if not thoughts:
        return message
    if message["role"] == "system":
        return {**message, "content": "".join(map(tagged, content))}
    rest = [one for one in content if one["type"] != "thinking"]
    return {**message, "content": rest or "", "reasoning_content": "".join(thoughts)}


def tagged(part):
    if part["type"] == "text":
        return part["text"]
    return "[THINK]" + part["thinking"] + "[/THINK]" * part.get("closed", True)


@pytest.fixture(scope="module")
def prompt():
    """`prompt(messages, tools)`: the tokens of llama.cpp's prompt."""
    pytest.importorskip("xllamacpp")
    kinds = find("targets", TargetKind)
    with (
        parse_target("llamacpp:tiny", kinds, reply_changes()).open() as opened,
        httpx.Client(base_url=opened.url, trust_env=False) as client,
    ):

        def post(path, **body):
            return client.post(path, json=body).raise_for_status().json()

        def prompt(messages, tools):
            more = {} if tools is None else {"tools": tools}
            sent = [*map(written, messages)]
            text = post("/apply-template", messages=sent, **more)["prompt"]
            text = MEDIA.sub("[IMG]", text)
            return post("/tokenize", content=text, add_special=True, parse_special=True)

        prompt.post = post
        yield prompt


@pytest.mark.parametrize("name", official.CONVERSATIONS)
def test_llama_cpp_renders_what_mistral_common_encodes(prompt, name):
    messages, tools = official.CONVERSATIONS[name]
    expected = official.without_patches(official.encoded(messages, tools))

    assert (expected == prompt(messages, tools)["tokens"]) == (name not in DIFFERENT)


def test_thinking_chunks_are_refused(prompt):
    messages, _ = official.CONVERSATIONS["thought-replayed"]
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        prompt.post("/apply-template", messages=messages)
