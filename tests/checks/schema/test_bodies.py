from __future__ import annotations

from contract.checks.schema.bodies import named
from contract.model.probes import (
    LIST_MODELS,
    SUM,
)


def test_reply_is_named_by_its_object(reply):
    whole = named(reply(), "chat.completion")

    assert whole is not None
    assert named(reply(LIST_MODELS), "list")
    assert named(reply(LIST_MODELS), "chat.completion") is None


def test_streams_and_other_json_have_no_name(reply):
    assert named(reply(SUM), "chat.completion") is None
    assert named(reply().with_json([]), "chat.completion") is None
