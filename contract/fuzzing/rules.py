"""What each check of Schemathesis demands, and whom it must not accuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from contract.fuzzing.semantics import (
    NAMES,
    known,
)
from contract.model.check import (
    Check,
    Findings,
)
from contract.model.exchange import Exchange
from contract.model.profile import Profile
from contract.model.rejection import (
    Rejection,
    RejectionReason,
)

NOT_FOUND = 404
# The check that a provider must have a waiver for to be excused for a 5xx.
FRAGILE = "rejections.never-5xx"
# What each of its checks demands. One that is new to us is told by its own name.
REQUIREMENTS: Mapping[str, str] = {
    "not_a_server_error": "A request MUST NOT be answered with a 5xx status.",
    "status_code_conformance": "A status MUST be one that openapi.yaml describes.",
    "content_type_conformance": "A content type MUST be one that openapi.yaml "
    "describes.",
    "response_headers_conformance": "Headers MUST be what openapi.yaml describes.",
    "response_schema_conformance": "A body MUST fit the schema of openapi.yaml.",
    "negative_data_rejection": "A request that breaks its schema MUST be refused.",
    "positive_data_acceptance": "A request that fits its schema MUST be accepted.",
    "missing_required_header": "A request without a required header MUST be refused.",
    "unsupported_method": "A method that a path lacks MUST be answered with 405.",
    "allow_header_conformance": "An Allow header MUST name the methods of the path.",
    "use_after_free": "What was deleted MUST NOT be found.",
    "ensure_resource_availability": "What was created MUST be found.",
    "ignored_auth": "A key that is demanded MUST be looked at.",
    "object_level_authorization": "Another's object MUST NOT be shown.",
}


def excused(profile: Profile, failure: str, status: int, *, fits: bool) -> bool:
    """
    Whether *profile*'s real provider is known to answer so.

    Some answer a wrong method with 404, some a wrong body with 500; none may answer a
    request that fits with 500.
    """
    if failure == "UnsupportedMethodResponse":
        known, _ = profile.dialect.error(Rejection(reason=RejectionReason.METHOD))
        return status == known == NOT_FOUND
    return failure == "ServerError" and not fits and FRAGILE in profile.waivers


def _never(*_exchanges: Exchange) -> Findings:
    yield from ()


def rule(name: str) -> Check:
    """
    One check of Schemathesis as a check of a report; it was judged there.

    Those that are ours keep their requirement and their source.
    """
    told_as = f"fuzz.{name.replace('_', '-')}"
    if name in NAMES:
        return replace(known(name), id=told_as, sends=(), judge=_never)
    told = REQUIREMENTS.get(name, f"What {name} checks MUST hold.")
    return Check(
        id=told_as,
        requirement=told,
        source=f"Schemathesis, {name}",
        sends=(),
        judge=_never,
    )
