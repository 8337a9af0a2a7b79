"""Rules of the mock for `/v1/responses`, after those of each server's chats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from contract.model.chat import Json
from contract.model.probe import Probe
from contract.model.rejection import Rejection, RejectionReason
from contract.model.rules import Body, Rules
from contract.providers.llamacpp.rules import RULES as LLAMACPP
from contract.providers.mistral.rules import MISTRAL_2026
from contract.providers.openai_format import admission
from contract.providers.responses.input_tokens import count_with
from contract.providers.responses.names import INPUT_TOKENS

# Members that need what the server has stored of earlier requests.
_STORED = ("previous_response_id", "conversation", "prompt")
_TEXTS = ("text", "image_url")


def keeps_nothing(_probe: Probe, body: Body) -> Rejection | None:
    """Require that the request refers to nothing the server would have to store."""
    for name in _STORED:
        if body.get(name) is not None:
            return Rejection(
                reason=RejectionReason.UNSUPPORTED,
                message=f"{name} is not supported: responses are not stored.",
                pointer=f"/{name}",
                value=body[name],
            )
    return None


def input_has_items(probe: Probe, _body: Body) -> Rejection | None:
    """Require an item of input."""
    if probe.messages:
        return None
    return Rejection(
        reason=RejectionReason.ORDER,
        message="input must have at least one item",
        pointer="/input",
    )


def hosted(parse: Callable[[Mapping[str, Json]], Probe]) -> Rules:
    """Return the rules of Mistral's hosted API; *parse* reads chat requests."""
    return replace(
        MISTRAL_2026,
        admission=(
            keeps_nothing,
            input_has_items,
            *(
                admission.only_parts_of(
                    *_TEXTS, role=role, message="Input of type {} cannot be read"
                )
                for role in ("user", "tool")
            ),
            *MISTRAL_2026.admission[2:],
        ),
        repeats_prefix=False,
        full_window_finish="length",
        id_prefix="resp_",
        body_endpoints={INPUT_TOKENS: count_with(parse, "MistralResponses")},
    )


def vllm(chat: Rules) -> Rules:
    """Return the rules of vLLM for this surface; *chat* are those for chats."""
    return replace(
        chat,
        admission=(keeps_nothing, input_has_items, *chat.admission),
        # With a reasoning item a forced call is no other response.
        forced_call_finish="tool_calls",
        finish_rides_on_text=False,
        logprobs=None,
        id_prefix="resp_",
    )


def llamacpp(parse: Callable[[Mapping[str, Json]], Probe]) -> Rules:
    """Return the rules of llama.cpp's server; *parse* reads chat requests."""
    return replace(
        LLAMACPP,
        admission=(keeps_nothing, *LLAMACPP.admission),
        repeats_prefix=False,
        usage_on_every_finish=False,
        logprobs=None,
        id_prefix="resp_",
        body_endpoints={
            **LLAMACPP.body_endpoints,
            INPUT_TOKENS: count_with(parse, "LlamacppResponses"),
        },
    )
