"""Requests for log-probabilities."""

from __future__ import annotations

from dataclasses import replace

from contract.model.probes import SUM, SUM_WHOLE
from contract.model.profile import Capability

TOP = 2  # alternatives to each token
WHOLE = replace(
    SUM_WHOLE, name="logprobs-whole", options=replace(SUM.options, logprobs=TOP)
)
STREAM = replace(WHOLE, name="logprobs-streamed", stream=True)
BOTH = (WHOLE, STREAM)
NEEDS = frozenset({Capability.LOGPROBS, Capability.STREAMING})
