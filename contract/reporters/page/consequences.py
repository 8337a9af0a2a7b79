"""What users of a server notice when it breaks the requirements of a family."""

from __future__ import annotations

from contract.model.check import Check, Level

FAMILIES = {
    "combinations": (
        "Requests that use several features at once fail or return wrong answers, "
        "although each feature works alone."
    ),
    "context": (
        "Long prompts are rejected, cut off or partly ignored, so answers miss what "
        "the user wrote."
    ),
    "conversation": (
        "The model does not see the conversation as the client sent it, so answers "
        "after the first turn are wrong or fail."
    ),
    "headers": (
        "Browsers, proxies and client libraries cannot authenticate, retry or decode "
        "as HTTP lets them expect."
    ),
    "isolation": (
        "Users get parts of each other's answers, or one user's requests slow down or "
        "break those of others."
    ),
    "languages": (
        "Text that is not English reaches the model, or the user, altered or cut."
    ),
    "latency": "Users wait longer for the first or the last word than was agreed.",
    "models": (
        "Clients that choose a model from the list choose none, or one that does not "
        "answer."
    ),
    "multimodal": (
        "Images are misread, counted wrongly or rejected, or a request can make the "
        "server fetch what it should not."
    ),
    "properties": (
        "Some valid requests fail, or some invalid ones are accepted, depending on "
        "what the user happens to write."
    ),
    "reasoning": (
        "Users see the model's reasoning in place of the answer, or the answer or the "
        "reasoning is missing."
    ),
    "rejections": (
        "A mistake in a request is accepted, or is answered with an error from which "
        "neither a client nor a person learns what to change."
    ),
    "responses": (
        "Clients that follow the items and typed events of /v1/responses lose text or "
        "calls, or never learn that a response has ended."
    ),
    "sampling": (
        "Temperature, seed, stop strings or limits do not do what the caller set."
    ),
    "schema": (
        "Typed clients fail to parse responses, or read fields that are not there."
    ),
    "streaming": (
        "Clients that stream lose text, hang, or show everything at once at the end."
    ),
    "structured": (
        "Programs that parse the answer as JSON fail, or read values that their "
        "schema excludes."
    ),
    "tools": (
        "Agents call the wrong tool, call it with broken arguments, or do not call it."
    ),
    "transport": (
        "Responses break off, or an error looks like a success, so clients do not "
        "know whether to repeat a request."
    ),
    "usage": "Token counts are wrong, and with them bills, quotas and context limits.",
}


def consequence(check: Check) -> str:
    """
    Return a sentence on what users notice when *check* fails.

    It is that of the family; a family of a plug-in has one that follows from the level.
    """
    return FAMILIES.get(check.family) or LEVELS[check.level]


LEVELS = {
    Level.MUST: "Clients that rely on this requirement can fail.",
    Level.SHOULD: "Clients work, but some users get a worse result.",
    Level.MAY: "Clients work; an optional behaviour is missing.",
}
