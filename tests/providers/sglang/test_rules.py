"""The budget of a completion in SGLang."""

from __future__ import annotations

import pytest

from contract.model.rejection import RejectionReason
from contract.providers.sglang.rules import budget


@pytest.mark.parametrize(("asked", "left"), [(None, 90), (5, 5), (90, 90)])
def test_what_fits_is_the_budget(asked, left):
    assert budget(10, asked, 100) == left


@pytest.mark.parametrize(
    ("prompt", "asked", "reason"),
    [
        (100, None, RejectionReason.OVERFLOW),
        (101, 1, RejectionReason.OVERFLOW),
        (10, 91, RejectionReason.MAX_TOKENS),
    ],
)
def test_what_does_not_fit_is_rejected(prompt, asked, reason):
    assert budget(prompt, asked, 100).reason is reason
