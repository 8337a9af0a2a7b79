from __future__ import annotations

from contract.checks.schema.bodies import body_of_kind
from contract.model.probes import LIST_MODELS, SUM


def test_body_is_selected_by_its_object_member(reply):
    whole = body_of_kind(reply(), "chat.completion")

    assert whole is not None
    assert body_of_kind(reply(LIST_MODELS), "list")
    assert body_of_kind(reply(LIST_MODELS), "chat.completion") is None


def test_streams_and_other_json_are_not_selected(reply):
    assert body_of_kind(reply(SUM), "chat.completion") is None
    assert body_of_kind(reply().with_json([]), "chat.completion") is None
