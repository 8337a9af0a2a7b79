"""Tests of the verdict over everything that a gateway changed."""

from __future__ import annotations

import pytest

from contract.model.aspect import Aspect
from contract.run.altered import Alteration, Altered, Verdict


def altered(*verdicts):
    return Altered(
        alterations=tuple(
            Alteration(
                aspect=Aspect.MODEL,
                verdict=verdict,
                what="",
                backend="a",
                gateway="b",
                request="",
                changed=1,
                compared=2,
                where="",
            )
            for verdict in verdicts
        )
    )


@pytest.mark.parametrize(
    ("verdicts", "broken", "unlisted"),
    [
        ((), False, False),
        ((Verdict.ALLOWED, Verdict.OCCASIONAL), False, False),
        ((Verdict.ALLOWED, Verdict.UNLISTED), False, True),
        ((Verdict.UNLISTED, Verdict.NEVER), True, True),
    ],
)
def test_the_worst_change_decides(verdicts, broken, unlisted):
    found = altered(*verdicts)

    assert (found.broken, found.unlisted) == (broken, unlisted)
