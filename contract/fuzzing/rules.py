"""Requirements of the Schemathesis checks, and the known failures to ignore."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from contract.fuzzing.semantics import NAMES, check_named
from contract.model.check import Check, Findings
from contract.model.exchange import Exchange
from contract.model.profile import Profile
from contract.model.rejection import Rejection, RejectionReason

# A profile that waives this check may answer invalid requests with a 5xx status.
NEVER_5XX = "rejections.never-5xx"
# The requirement of each Schemathesis check by its name. A check that is missing here
# gets a requirement that contains its name.
REQUIREMENTS: Mapping[str, str] = {
    "not_a_server_error": "A request MUST NOT be answered with a 5xx status.",
    "status_code_conformance": "A status MUST be one that openapi.yaml describes.",
    "content_type_conformance": "A content type MUST be one that openapi.yaml "
    "describes.",
    "response_headers_conformance": "Headers MUST be what openapi.yaml describes.",
    "response_schema_conformance": "A body MUST match its schema in openapi.yaml.",
    "negative_data_rejection": "A request that violates its schema MUST be rejected.",
    "positive_data_acceptance": "A request that matches its schema MUST be accepted.",
    "missing_required_header": "A request without a required header MUST be rejected.",
    "unsupported_method": "A method that a path lacks MUST be answered with 405.",
    "allow_header_conformance": "An Allow header MUST list the methods of the path.",
    "use_after_free": "A deleted resource MUST NOT be found.",
    "ensure_resource_availability": "A created resource MUST be found.",
    "ignored_auth": "A required key MUST be checked.",
    "object_level_authorization": "The object of another user MUST NOT be returned.",
}


def excused(profile: Profile, failure: str, status: int, *, fits: bool) -> bool:
    """
    Return whether the servers of *profile* are known to respond like this.

    Some servers answer an unsupported method with 404, some an invalid body with 500.
    No server may answer a valid request with 500.

    Args:
        profile: The profile of the server under test.
        failure: The name of the Schemathesis failure class.
        status: The HTTP status of the response.
        fits: Whether the request was generated to match its schema.
    """
    if failure == "UnsupportedMethodResponse":
        expected, _ = profile.dialect.error(Rejection(reason=RejectionReason.METHOD))
        return status == expected == HTTPStatus.NOT_FOUND
    return failure == "ServerError" and not fits and NEVER_5XX in profile.waivers


def _never(*_exchanges: Exchange) -> Findings:
    yield from ()


def rule(name: str) -> Check:
    """
    Return the Schemathesis check *name* as a check of a report; it judges nothing.

    A check of this package that Schemathesis ran keeps its requirement and source.
    """
    check_id = f"fuzz.{name.replace('_', '-')}"
    if name in NAMES:
        return replace(check_named(name), id=check_id, sends=(), judge=_never)
    return Check(
        id=check_id,
        requirement=REQUIREMENTS.get(name, f"The Schemathesis check {name} MUST pass."),
        source=f"Schemathesis, {name}",
        sends=(),
        judge=_never,
    )
