"""Checks of parts that a server may not be able to read: read or refused, not lost."""

from __future__ import annotations

import base64
import io
import wave
from dataclasses import replace
from http import HTTPStatus

from contract.checks.faults.rejection import accept_request, crash, request_body
from contract.checks.judging.rejection import rejections_or_skip, status_and_body
from contract.checks.judging.usage import usage_location
from contract.checks.multimodal.combined import ALL_FORMS
from contract.checks.multimodal.image_cost import (
    NO_IMAGE,
    QUESTION,
    VISION,
    add_prompt_tokens,
    ask,
    chat,
    expect_counted,
    extra_tokens,
    image_costs,
    square,
)
from contract.checks.multimodal.rejection import reject_image
from contract.model.chat import (
    Image,
    Json,
    Message,
    Options,
    Part,
    Text,
    ToolCall,
    freeze,
)
from contract.model.check import ANY, Finding, Findings, NotApplicable, check, fault
from contract.model.exchange import Exchange
from contract.model.images import SIGNATURE, picture
from contract.model.probe import Patch, Probe
from contract.model.probes import WEATHER, user
from contract.model.profile import Capability
from contract.model.reply import Reply

_RATE = 8_000  # samples of silence a second
# The smallest document that begins like a PDF.
_PDF = "data:application/pdf;base64,JVBERi0xLjQK"


def _silence() -> str:
    """Return a tenth of a second of silence as a WAV file in base64."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(bytes(_RATE // 10 * 2))
    return base64.b64encode(file.getvalue()).decode()


_FILES: dict[str, dict[str, Json]] = {
    "document": {"type": "document_url", "document_url": _PDF},
    "file": {"type": "file", "file": {"filename": "a.pdf", "file_data": _PDF}},
    "uploaded-file": {
        "type": "file",
        "file_id": "3f0b1b7e-8d6a-4f0e-9f58-7a86a4c2b111",
    },
    "audio": {
        "type": "input_audio",
        "input_audio": {"data": _silence(), "format": "wav"},
    },
    # As in Mistral's API, where an audio clip is a string.
    "audio-as-text": {"type": "input_audio", "input_audio": _silence()},
    "unknown-part": {"type": "hologram", "hologram": "hello"},
}


_TYPES = frozenset(str(part["type"]) for part in _FILES.values())


def _attached(base: Probe, place: int, prefix: str) -> tuple[Probe, ...]:
    """Return *base* with each part of `_FILES` added to the message at *place*."""
    return tuple(
        replace(
            base,
            name=f"{prefix}{name}",
            patches=(Patch(name, f"/messages/{place}/content/-", freeze(part)),),
        )
        for name, part in _FILES.items()
    )


def _result(name: str, *parts: Part) -> Probe:
    """Return a conversation that ends with a tool result of these parts."""
    call = ToolCall("c9Xk2LmQ7", WEATHER.name, freeze({"city": "Rome"}))
    asked = chat(
        name,
        user("What is the weather in Rome?"),
        Message("assistant", "", (call,)),
        Message("tool", parts, tool_call_id=call.id),
    )
    return replace(
        asked, options=Options(max_tokens=1, temperature=0.0, tools=(WEATHER,))
    )


_SUNNY = Text("It is sunny.")
ATTACHED = _attached(NO_IMAGE, 0, "attached-")
RESULT = _result("result-without-image", _SUNNY)
# So large that it costs more than a list of parts that is printed into the prompt.
RESULT_IMAGE = _result("result-with-image", _SUNNY, square(448))
RESULT_ATTACHED = _attached(RESULT, 2, "result-with-")
PNG_AS_JPEG, JPEG_AS_PNG = (
    ask(
        f"{kind}-declared-as-{other}",
        QUESTION,
        replace(picture(112, 112, kind), media_type=f"image/{other}"),
    )
    for kind, other in (("png", "jpeg"), ("jpeg", "png"))
)


def _expect_seen(text: Exchange, *others: Exchange) -> Findings:
    """
    Yield a finding for each of *others* that was answered at the cost of *text*.

    Raises `NotApplicable` if the server failed on all of them.
    """
    if all((one.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR for one in others):
        raise NotApplicable("the server failed on every part that is no text")
    for other in others:
        if other.status == HTTPStatus.OK and extra_tokens(text, other) < 1:
            yield Finding(
                "a part of the message was dropped without a word",
                expected=f"status 4xx, or more tokens than for {text.probe.name}",
                actual=f"status 200, {extra_tokens(text, other)} more",
                at=f"{other.probe.name}, {usage_location(other)}",
            )


@check(
    "multimodal.attachments-are-not-dropped",
    "A document, file, audio clip or unknown part MUST NOT be left out of an answered "
    "request.",
    source="0xPlaygrounds/rig#2290",
    sends=(NO_IMAGE, *ATTACHED),
    expects=ANY,
    unless="unknown-chunk-type",
)
def attachments_are_not_dropped(text: Exchange, *attached: Exchange) -> Findings:
    """A server reads such a part, or rejects it; the answer to the rest misleads."""
    yield from _expect_seen(text, *attached)


@fault(breaks=attachments_are_not_dropped)
def attachments_dropped(reply: Reply) -> Reply:
    """A gateway forwards the texts and images of user messages, and nothing else."""
    return _answer_without(reply, "user", _TYPES)


@check(
    "multimodal.result-attachments-are-not-dropped",
    "A document, file, audio clip or unknown part MUST NOT be left out of a tool "
    "result in an answered request.",
    source="0xPlaygrounds/rig#2290",
    sends=(RESULT, *RESULT_ATTACHED),
    needs={Capability.TOOLS},
    expects=ANY,
    unless="unknown-chunk-type",
)
def result_attachments_are_not_dropped(text: Exchange, *attached: Exchange) -> Findings:
    yield from _expect_seen(text, *attached)


@fault(breaks=result_attachments_are_not_dropped)
def result_attachments_dropped(reply: Reply) -> Reply:
    """A gateway forwards only the texts of a tool result with a document."""
    return _answer_without(reply, "tool", _TYPES)


@check(
    "multimodal.result-images-are-not-dropped",
    "An image MUST NOT be left out of a tool result in an answered request.",
    source="0xPlaygrounds/rig#2290",
    sends=(RESULT, RESULT_IMAGE),
    needs=VISION | {Capability.TOOLS},
    expects=ANY,
)
def result_images_are_not_dropped(text: Exchange, image: Exchange) -> Findings:
    """Screenshots are results of tools; servers that have no such slot reject them."""
    yield from _expect_seen(text, image)


@fault(breaks=result_images_are_not_dropped)
def result_images_dropped(reply: Reply) -> Reply:
    """The chat template renders only the texts of a tool result with an image."""
    if reply.rejection is not None:
        return _answer_without(reply, "tool", frozenset({"image_url"}))
    results = tuple(
        turn
        for turn in (reply.probe.messages if reply.probe is not None else ())
        if turn.role == "tool"
    )
    lost = image_costs(reply.dialect, Probe(name="results", messages=results))
    return add_prompt_tokens(reply, -sum(lost))


@check(
    "multimodal.attachments-are-settled",
    "A part that a server cannot read SHOULD be rejected with a client error.",
    source="RFC 9110 15.5; 0xPlaygrounds/rig#2290",
    sends=(*ATTACHED, RESULT_IMAGE, *RESULT_ATTACHED),
    needs=VISION | {Capability.TOOLS},
    expects=ANY,
)
def attachments_are_settled(*exchanges: Exchange) -> Findings:
    for exchange in rejections_or_skip(exchanges):
        if (exchange.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            yield Finding(
                "the server failed on a part that it cannot read",
                expected="status 4xx, or an answer",
                actual=status_and_body(exchange),
                at=exchange.probe.name,
            )


@fault(breaks=attachments_are_settled)
def audio_crashes(reply: Reply) -> Reply:
    """Audio for a model without an audio encoder raises an uncaught error."""
    return crash(reply) if "input_audio" in _part_types(reply, "user") else reply


@check(
    "multimodal.declared-type-is-a-hint",
    "An image whose media type is another than declared SHOULD be read as what it is.",
    source="microsoft/vscode#311732; google-gemini/gemini-cli#27731",
    sends=(NO_IMAGE, PNG_AS_JPEG, JPEG_AS_PNG),
    needs=VISION,
    combined=ALL_FORMS,
)
def declared_type_is_a_hint(text: Exchange, *images: Exchange) -> Findings:
    """Screenshots are often named wrongly, and stay in the conversation for good."""
    for image in images:
        yield from expect_counted(text, image)


@fault(breaks=declared_type_is_a_hint)
def declared_type_must_match(reply: Reply) -> Reply:
    """A gateway compares the first bytes of an image with its declared type."""
    images = (
        part
        for turn in (reply.probe.messages if reply.probe is not None else ())
        for part in turn.parts
        if isinstance(part, Image) and part.data
    )
    if any(_real_type(one.data) not in {"", one.media_type} for one in images):
        return reject_image(reply, "The image does not match its media type")
    return reply


def _real_type(data: bytes) -> str:
    """Return the media type that the first bytes of an image show; "" if unknown."""
    if data.startswith(SIGNATURE):
        return "image/png"
    return "image/jpeg" if data.startswith(b"\xff\xd8\xff") else ""


def _part_types(reply: Reply, role: str) -> frozenset[str]:
    """Return the types of the parts in the messages of *role* in the request."""
    messages = request_body(reply).get("messages")
    found: set[str] = set()
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict) and message.get("role") == role:
            content = message.get("content")
            for part in content if isinstance(content, list) else ():
                if isinstance(part, dict) and isinstance(kind := part.get("type"), str):
                    found.add(kind)
    return frozenset(found)


def _answer_without(reply: Reply, role: str, dropped: frozenset[str]) -> Reply:
    """Return a rejected *reply* as an answer, if it has a text and such a part."""
    types = _part_types(reply, role)
    if reply.rejection is None or "text" not in types or not types & dropped:
        return reply
    return accept_request(reply)
