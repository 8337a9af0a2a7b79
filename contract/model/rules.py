"""Rules by which the mock of a dialect accepts and answers requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from contract.model.chat import Json, Token
from contract.model.probe import Probe
from contract.model.rejection import Rejection
from contract.model.served_model import ServedModel

Body = Mapping[str, Json]
AdmissionRule = Callable[[Probe, Body], Rejection | None]
"""Returns the reason to reject a request that matches its schema, or None."""

BodyEndpoint = Callable[[bytes, int], Json | Rejection]
"""(POST body, context window in tokens) -> the answer."""

LoadEndpoint = Callable[[int, str, int], Json | bytes]
"""(running requests, model name, context window in tokens) -> the answer."""

IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """
    The behaviour of the servers of one dialect beyond the format of their messages.

    Usage: `Rules(completion_budget=must_fit, served_models=("acme-1",))`; a dialect
    carries them as `Dialect.rules`.
    """

    # Rules that apply after the schema, in this order; the first rejection counts.
    admission: tuple[AdmissionRule, ...] = ()
    # (prompt tokens, max_tokens or None, window) -> tokens that may be generated.
    completion_budget: Callable[[int, int | None, int], int | Rejection]
    # Model names that are served, the canonical one first.
    served_models: tuple[str, ...] = ("magistral-small-2509", "magistral-medium-2509")
    # Model name in a request -> the model, where models differ in their limits.
    model_named: Callable[[str | None], ServedModel] | None = None
    # Images that a request may hold; None is no limit.
    image_limit: int | None = None
    # Image formats that can be decoded, by Pillow's names.
    image_formats: tuple[str, ...] = IMAGE_FORMATS
    # Bodies need the content type application/json.
    json_only: bool = True
    # Any model name is served.
    any_model: bool = False
    # A response names the model as the request did, not always the canonical one.
    echoes_model: bool = True
    # Paths that need no API key.
    open_paths: frozenset[str] = frozenset()
    # A further header that may carry the key, lower case.
    key_header: str | None = None
    # A request for JSON output switches reasoning off.
    json_stops_reasoning: bool = False
    # An answer that continues a prefix repeats the prefix.
    repeats_prefix: bool = False
    # The finish reason of a tool call that the request forced by name.
    forced_call_finish: str = "tool_calls"
    # The finish reason where the context window ends an answer.
    full_window_finish: str = "length"
    # The finish reason may come in the chunk of the last text.
    finish_rides_on_text: bool = False
    # So may that of a tool call, in the chunk of its last arguments.
    finish_rides_on_calls: bool = True
    # `stop_reason` of a choice is the stop string that ended it.
    names_stop_string: bool = False
    # A stream with a usage chunk has the fingerprint there, and not at every finish.
    fingerprint_beside_usage: bool = False
    # Every chunk with a finish reason carries usage.
    usage_on_every_finish: bool = False
    # (token, number of alternatives) -> its entry in `logprobs`; None: the request for
    # them is accepted and ignored.
    logprobs: Callable[[Token, int], dict[str, Json]] | None = None
    # The chunk with the role carries the entry of the opening marker.
    logprobs_on_role: bool = False
    # The chunk with the finish reason carries the entry of the end of the sequence.
    logprobs_on_finish: bool = False
    # A delta may hold several of the texts that were generated.
    merges_deltas: bool = False
    # Reasoning may resume after a part of the answer, and in some replies does.
    resumes_reasoning: bool = False
    # Prefix of the id of a response.
    id_prefix: str = "chatcmpl-"
    # Number of hexadecimal digits after that prefix.
    id_length: int = 16
    # Number of characters of the id of a tool call.
    call_id_length: int = 9
    # Body of GET /version, where the dialect has that path.
    version: str | None = None
    # Body of GET /health, where the dialect has that path.
    health: bytes = b""
    # Path -> POST endpoint beside the chat: tokenize, detokenize.
    body_endpoints: Mapping[str, BodyEndpoint] = field(default_factory=dict, hash=False)
    # Path -> endpoint that reports the load.
    load_endpoints: Mapping[str, LoadEndpoint] = field(default_factory=dict, hash=False)
