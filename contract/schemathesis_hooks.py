"""
Schemathesis hooks for testing a reasoning model's API by `openapi.yaml`.

    export SCHEMATHESIS_HOOKS=contract.schemathesis_hooks
    schemathesis run openapi.yaml --url http://127.0.0.1:8700

In addition to Schemathesis's own checks, every chat response is judged by the checks of
this package that apply to any response: token counts add up, no reasoning marker is
visible, a stream ends once.

The profile and the model are detected, or read from MAGISTRAL_CONTRACT_PROFILE and
MAGISTRAL_CONTRACT_MODEL, and the document is reduced to the dialect of that profile.
The key is read from MISTRAL_API_KEY or OPENAI_API_KEY, or from the variable that
MAGISTRAL_CONTRACT_KEY_ENV names. MAGISTRAL_CONTRACT_HEADERS may hold further headers,
as a JSON list of [name, value].
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import schemathesis
from schemathesis import GenerationMode

from contract.cli import outputs
from contract.client.credentials import api_key, validate_key
from contract.client.route import DIRECT, Route
from contract.detection.detect import Detected, detect
from contract.fuzzing import semantics
from contract.fuzzing.bounded import BOUNDED, bound_sessions
from contract.fuzzing.rules import excused
from contract.model.chat import CHAT, MODELS, RESPONSES
from contract.model.redaction import sanitise
from contract.model.wire import Request
from contract.schema import openapi
from contract.strategies import repair, repair_responses
from contract.targets import url

PROFILE = "MAGISTRAL_CONTRACT_PROFILE"
PROFILES = "MAGISTRAL_CONTRACT_PROFILES"
MODEL = "MAGISTRAL_CONTRACT_MODEL"
KEY = "MAGISTRAL_CONTRACT_KEY_ENV"
# The names of secrets. By default Schemathesis also hides every name that contains
# "token", and a request whose max_tokens is [Filtered] cannot be sent again.
SECRETS = ("authorization", "api-key", "api_key", "apikey", "secret", "password")
# Schemathesis reads only the first 20 events of a stream by default.
MAX_STREAM_EVENTS = 10_000


@dataclass(slots=True)
class _ServerUnderTest:
    """The server that this process tests, once the document is loaded."""

    detected: Detected | None = None  # None until the document is loaded
    key: str | None = None  # None if no key is set
    route: Route = DIRECT


_SERVER = _ServerUnderTest()
if os.environ.get(BOUNDED):  # in the process of `fuzz`, which has no other sessions
    bound_sessions()


@schemathesis.hook
def after_load_schema(_context: Any, schema: Any) -> None:  # Schemathesis's own types
    """Detect the server and reduce the document to its dialect."""
    base = schema.config.base_url
    if not base:
        return
    root = url.read(base).url
    key, variable = api_key(os.environ.get(KEY), os.environ)
    _SERVER.key = validate_key(key)
    _SERVER.route = Route.from_environment()
    _SERVER.detected = detect(
        root,
        outputs.profiles(os.environ.get(PROFILES) or None),
        key=_SERVER.key,
        variable=variable,
        profile=os.environ.get(PROFILE) or None,
        model=os.environ.get(MODEL) or None,
        route=_SERVER.route,
    )
    dialect = _SERVER.detected.profile.dialect
    narrow: Any = openapi.for_dialect(
        dialect.id, dialect.prefix, dialect.paths | {dialect.path}
    )
    card = narrow["paths"].get(f"{MODELS}/{{model}}")
    if card is not None:
        card["parameters"][0]["example"] = _SERVER.detected.model
    for example in narrow["components"]["examples"].values():
        value = example.get("value")
        if isinstance(value, dict) and {"messages", "model"} <= set(value):
            value["model"] = _SERVER.detected.model
    schema.raw_schema.clear()
    schema.raw_schema.update(narrow)
    sanitization = schema.config.output.sanitization
    further = tuple(name for name, _ in _SERVER.route.curl_headers)
    sanitization.keys_to_sanitize = (*SECRETS, *further)
    sanitization.sensitive_markers = SECRETS
    if schema.config.max_stream_events is None:
        schema.config.max_stream_events = MAX_STREAM_EVENTS


@schemathesis.hook
def map_case(_context: Any, case: Any) -> Any:
    """Return *case*; a valid one is changed into a request that a server can answer."""
    if _SERVER.detected is None or not _is_positive(case):
        return case
    model = _SERVER.detected.model
    path = case.operation.path
    if path == CHAT:
        case.body = repair.mended(case.body, model)
    elif path.startswith(RESPONSES):
        case.body = repair_responses.mended(case.body, model)
    elif path.startswith(MODELS) and case.path_parameters:
        case.path_parameters = {**case.path_parameters, "model": model}
    elif isinstance(case.body, dict) and "messages" in case.body:
        turns = repair.conversation(case.body["messages"])
        case.body = {**case.body, "messages": turns, "model": model}
    elif isinstance(case.body, dict) and "model" in case.body:
        case.body = {**case.body, "model": model}
    return case


def _is_positive(case: Any) -> bool:
    """Return whether *case* was generated to match its schema."""
    return case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE


@schemathesis.auth()
class KeyAuth:
    """Authentication with the API key, if there is one, and with further headers."""

    def get(self, _case: Any, _context: Any) -> dict[str, str]:
        """Return the headers, which were found when the document was loaded."""
        found = {header.name: header.value for header in _SERVER.route.headers}
        return found | (
            {"Authorization": f"Bearer {_SERVER.key}"} if _SERVER.key else {}
        )

    def set(self, case: Any, data: dict[str, str], _context: Any) -> None:
        """Add *data* to the headers of *case*."""
        if data:
            case.headers = {**(case.headers or {}), **data}


def _register_check(name: str) -> None:
    """Register the check *name* of this package with Schemathesis."""

    def judge(_context: Any, response: Any, case: Any) -> None:
        if (
            _SERVER.detected is None
            or case.operation.path != _SERVER.detected.profile.dialect.path
            or response.status_code != HTTPStatus.OK
        ):
            return
        body = response.request.body or b""
        request = Request(
            response.request.method,
            case.operation.path,
            tuple(response.request.headers.items()),
            body.encode() if isinstance(body, str) else body,
        )
        headers = tuple(
            (name.lower(), value)
            for name, values in response.headers.items()
            for value in values
        )
        exchange = semantics.to_exchange(
            _SERVER.detected.profile, request, headers, response.content
        )
        messages = [
            f"{one.message}: expected {one.expected}, got {one.actual}, at {one.at}"
            for one in semantics.findings(name, exchange)
        ]
        if messages:
            # Schemathesis prints it.
            raise AssertionError(sanitise("; ".join(messages)))

    judge.__name__ = name
    judge.__doc__ = semantics.check_named(name).requirement
    schemathesis.check(judge)


for _name in semantics.NAMES:
    _register_check(_name)


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Return whether to report *failure*: not if the server is known to behave so."""
    if _SERVER.detected is None:
        return True
    return not excused(
        _SERVER.detected.profile,
        type(failure).__name__,
        response.status_code,
        fits=_is_positive(case),
    )
