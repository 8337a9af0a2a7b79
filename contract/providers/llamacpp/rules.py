"""Rules of llama.cpp's server."""

from __future__ import annotations

from contract.model.chat import SLOTS
from contract.model.rules import Rules
from contract.providers.llamacpp.load import slots
from contract.providers.llamacpp.logprobs import entry
from contract.providers.llamacpp.tokenize import detokenize, tokenize
from contract.providers.openai_format import admission, completion_budget

# A projector of Magistral encodes images and no audio.
_AUDIO = "audio input is not supported"
_PARTS = ("text", "image_url")

RULES = Rules(
    admission=(
        admission.only_parts_of(*_PARTS, role="user", message=_AUDIO),
        admission.only_parts_of(*_PARTS, role="tool", message=_AUDIO),
        admission.tool_results_follow_calls,
        admission.tool_schemas,
        admission.at_most_two_choices,
    ),
    image_formats=("PNG", "JPEG", "GIF"),
    completion_budget=completion_budget.unbounded,
    json_only=False,
    any_model=True,
    echoes_model=False,
    open_paths=frozenset({"/health"}),
    repeats_prefix=True,
    key_header="x-api-key",
    usage_on_every_finish=True,
    logprobs=entry,
    logprobs_on_role=True,
    id_length=32,
    call_id_length=32,
    health=b'{"status":"ok"}',
    body_endpoints={"/tokenize": tokenize, "/detokenize": detokenize},
    load_endpoints={SLOTS: slots},
)
