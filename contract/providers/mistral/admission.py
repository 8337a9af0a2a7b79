"""Admission rules of the models of October 2026, which differ in what they support."""

from __future__ import annotations

from contract.model.chat import Thinking
from contract.model.probe import Probe
from contract.model.rejection import Rejection, RejectionReason
from contract.model.rules import Body
from contract.providers.mistral.models import model_named


def supported_by_the_model(probe: Probe, body: Body) -> Rejection | None:
    """
    Require options that the requested model supports.

    The wording is that of August 2026: `reasoning_effort` and `logprobs` were rejected
    with 400 and code 3051 then (0xPlaygrounds/rig, dimetron/pi-go#245).
    """
    model = model_named(probe.model)
    effort = probe.options.reasoning_effort
    if probe.options.prompt_mode is not None:
        return _unsupported(
            "prompt_mode", "Reasoning prompt mode is not enabled for this model"
        )
    if effort is not None and effort not in model.efforts:
        known = ", ".join(model.efforts)
        return _unsupported(
            "reasoning_effort",
            f"reasoning_effort={effort[:80]} is not supported for this model. "
            f"Supported values: {known}"
            if known
            else "Reasoning effort is not enabled for this model",
        )
    if not model.logprobs and _asked(body, "logprobs", "top_logprobs"):
        return _unsupported("logprobs", "Logprobs are not enabled for this model")
    if _asked(body, "prompt_logprobs", "top_prompt_logprobs"):
        return _unsupported(
            "prompt_logprobs", "Prompt logprobs are not enabled for this model"
        )
    if any(
        isinstance(part, Thinking)
        for message in probe.messages
        if message.role == "system"
        for part in message.parts
    ):
        return _unsupported("messages", "Reasoning input is not enabled for this model")
    return None


def _asked(body: Body, switch: str, number: str) -> bool:
    return bool(body.get(switch)) or body.get(number) is not None


def _unsupported(name: str, message: str) -> Rejection:
    return Rejection(
        reason=RejectionReason.UNSUPPORTED, message=message, pointer=f"/{name}"
    )
