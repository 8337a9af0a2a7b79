"""
What the types must reject: mypy fails when an ignore below is not needed.

`warn_unused_ignores` (part of `strict`) makes each line a test.
"""

from __future__ import annotations

import contract
from contract import Finding, check, probes


def misspelt_options() -> None:
    """An option that does not exist is not swallowed."""
    contract.verify("mock", budgett={})  # type: ignore[call-arg]  # misspelt
    contract.verify("mock", profil="vllm")  # type: ignore[call-arg]  # misspelt
    contract.verify("mock", profile=3)  # type: ignore[arg-type]  # an id is text
    contract.verify("mock", budget={"ttft": "1.5s"})  # type: ignore[dict-item]  # seconds
    contract.replay("recording", key_env="KEY")  # type: ignore[call-arg]  # sends nothing
    with contract.mock("vllm", fualt="field-renamed"):  # type: ignore[call-arg]  # misspelt
        pass


def misspelt_parts() -> None:
    """Nor is a part of a check, a probe or a finding."""
    check("a.b", "It MUST hold.", sorce="RFC 1", sends=probes.SUM)  # type: ignore[call-arg]  # misspelt
    Finding("a message", expect="text")  # type: ignore[call-arg]  # misspelt
