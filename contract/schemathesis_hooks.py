"""
What Schemathesis must know to test a reasoning provider by `openapi.yaml`.

    export SCHEMATHESIS_HOOKS=contract.schemathesis_hooks
    schemathesis run openapi.yaml --url http://127.0.0.1:8700

Beside its own checks, ours that hold of any answer are asked about every chat: counters
add up, no marker is shown, a stream ends once.

The provider is asked what it is (or told in MAGISTRAL_CONTRACT_PROFILE and
MAGISTRAL_CONTRACT_MODEL), and the document is narrowed to what it speaks. The key is
taken from MISTRAL_API_KEY or OPENAI_API_KEY, or from the variable that
MAGISTRAL_CONTRACT_KEY_ENV names.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import schemathesis
from schemathesis import GenerationMode

from contract.cli import outputs
from contract.client.credentials import (
    api_key,
    validate_key,
)
from contract.detection.detect import (
    Detected,
    detect,
)
from contract.fuzzing import semantics
from contract.fuzzing.rules import excused
from contract.model.chat import (
    CHAT,
    MODELS,
)
from contract.model.wire import Request
from contract.schema import openapi
from contract.strategies import mending
from contract.targets import url

PROFILE = "MAGISTRAL_CONTRACT_PROFILE"
PROFILES = "MAGISTRAL_CONTRACT_PROFILES"
MODEL = "MAGISTRAL_CONTRACT_MODEL"
KEY = "MAGISTRAL_CONTRACT_KEY_ENV"
# What opens doors. Schemathesis would hide every word with "token" in it as well, and
# a request whose max_tokens is [Filtered] cannot be sent again.
SECRETS = ("authorization", "api-key", "api_key", "apikey", "secret", "password")
# A stream is judged to its end; the default are the first 20 events.
EVENTS = 10_000


@dataclass(slots=True)
class _Provider:
    """Who is tested in this process, once that is known."""

    detected: Detected | None = None
    key: str | None = None


_PROVIDER = _Provider()


@schemathesis.hook
def after_load_schema(_context: Any, schema: Any) -> None:  # Schemathesis's own types
    """Find out who is asked, and leave in the document only what it speaks."""
    base = schema.config.base_url
    if not base:
        return
    root = url.read(base).url
    key, variable = api_key(os.environ.get(KEY), os.environ)
    _PROVIDER.key = validate_key(key)
    _PROVIDER.detected = detect(
        root,
        outputs.profiles(os.environ.get(PROFILES) or None),
        key=_PROVIDER.key,
        variable=variable,
        profile=os.environ.get(PROFILE) or None,
        model=os.environ.get(MODEL) or None,
    )
    dialect = _PROVIDER.detected.profile.dialect
    narrow: Any = openapi.narrowed(dialect.id, dialect.prefix, dialect.paths | {CHAT})
    card = narrow["paths"].get(f"{MODELS}/{{model}}")
    if card is not None:
        card["parameters"][0]["example"] = _PROVIDER.detected.model
    for example in narrow["components"]["examples"].values():
        value = example.get("value")
        if isinstance(value, dict) and {"messages", "model"} <= set(value):
            value["model"] = _PROVIDER.detected.model
    schema.raw_schema.clear()
    schema.raw_schema.update(narrow)
    hidden = schema.config.output.sanitization
    hidden.keys_to_sanitize = hidden.sensitive_markers = SECRETS
    if schema.config.max_stream_events is None:
        schema.config.max_stream_events = EVENTS


@schemathesis.hook
def map_case(_context: Any, case: Any) -> Any:
    """Make a request that fits its schema one that a provider can answer."""
    if _PROVIDER.detected is None or not _meant_to_fit(case):
        return case
    model = _PROVIDER.detected.model
    path = case.operation.path
    if path == CHAT:
        case.body = mending.mended(case.body, model)
    elif path.startswith(MODELS) and case.path_parameters:
        case.path_parameters = {**case.path_parameters, "model": model}
    elif isinstance(case.body, dict) and "messages" in case.body:
        turns = mending.conversation(case.body["messages"])
        case.body = {**case.body, "messages": turns, "model": model}
    elif isinstance(case.body, dict) and "model" in case.body:
        case.body = {**case.body, "model": model}
    return case


def _meant_to_fit(case: Any) -> bool:
    return case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE


@schemathesis.auth()
class Door:
    """Shows the key at the door, where there is one."""

    def get(self, _case: Any, _context: Any) -> str | None:
        """The key, as it was found when the document was loaded."""
        return _PROVIDER.key

    def set(self, case: Any, data: str | None, _context: Any) -> None:
        """Put the key where providers look for it."""
        if data:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


def _registered(name: str) -> None:
    """Let Schemathesis ask our own check of that name about every chat."""

    def judged(_context: Any, response: Any, case: Any) -> None:
        if (
            _PROVIDER.detected is None
            or case.operation.path != CHAT
            or response.status_code != semantics.OK
        ):
            return
        body = response.request.body or b""
        request = Request(
            response.request.method,
            CHAT,
            tuple(response.request.headers.items()),
            body.encode() if isinstance(body, str) else body,
        )
        headers = tuple(
            (name.lower(), value)
            for name, values in response.headers.items()
            for value in values
        )
        profile = _PROVIDER.detected.profile
        exchange = semantics.heard(profile, request, headers, response.content)
        told = [
            f"{one.message}: expected {one.expected}, got {one.actual}, at {one.at}"
            for one in semantics.findings(name, exchange)
        ]
        if told:
            raise AssertionError("; ".join(told))

    judged.__name__ = name
    judged.__doc__ = semantics.known(name).requirement
    schemathesis.check(judged)


for _name in semantics.NAMES:
    _registered(_name)


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether this is a failure at all, or what the provider is known to do."""
    if _PROVIDER.detected is None:
        return True
    return not excused(
        _PROVIDER.detected.profile,
        type(failure).__name__,
        response.status_code,
        fits=_meant_to_fit(case),
    )
