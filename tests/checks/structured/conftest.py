"""The verdict on replies with another document."""

from __future__ import annotations

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.structured.document import rewrite_answer
from contract.model.reply import rehearse


@pytest.fixture
def verdict():
    """`verdict(check, text)` judges replies whose answer is *text*, or *change*d."""

    def verdict(check, text=None, profile="llamacpp", change=None):
        profile = builtin()[profile]
        exchanges = []
        for probe in check.sends:
            reply = mock_reply(profile, probe)
            if change is not None:
                reply = change(reply)
            elif text is not None:
                reply = rewrite_answer(reply, lambda _: text)
            exchanges.append(rehearse(reply, probe, profile))
        return verdict_on(check, *exchanges)

    return verdict
