from __future__ import annotations

import pytest

from contract.checks.responses import events
from contract.model.check import NotApplicable
from contract.model.probes import SUM, SUM_WHOLE
from contract.testing.rehearsal import clean, reply_to


def test_a_stream_is_changed_event_by_event():
    reply = reply_to(SUM, "mistral-responses")

    changed = events.change_events(reply, lambda sent: sent[:3])

    assert len(changed.frames) == 3
    assert changed.is_spelled
    assert changed.frames[0].data.startswith(b"event: response.created\ndata: {")


def test_what_is_not_to_be_changed_is_the_very_same_reply():
    for dialect, probe in (("vllm", SUM), ("mistral-responses", SUM_WHOLE)):
        reply = reply_to(probe, dialect)

        assert events.change_events(reply, lambda sent: sent[:1]) is reply
    reply = reply_to(SUM, "mistral-responses")
    assert events.change_events(reply, lambda _: None) is reply


def test_a_body_is_changed_streamed_and_whole():
    for probe in (SUM, SUM_WHOLE):
        reply = reply_to(probe, "mistral-responses")

        changed = events.change_body(reply, lambda body: {**body, "model": "other"})

        assert b'"model":"other"' in changed.body


def test_the_response_of_an_exchange_is_its_last():
    rehearsal = clean("vllm-responses")

    for probe in (SUM, SUM_WHOLE):
        response = events.response_of(rehearsal.send(probe))
        assert response["status"] == "completed"
        kinds = [item["type"] for item in events.output_of(rehearsal.send(probe))]
        assert kinds == ["reasoning", "message"]


def test_a_stream_without_types_has_no_events():
    with pytest.raises(NotApplicable):
        events.typed(clean("vllm").send(SUM))


def test_texts_are_those_of_parts_or_arguments():
    part = {"type": "output_text", "text": "42"}

    assert events.texts_of({"type": "message", "content": [part, None]}) == "42"
    assert events.texts_of({"type": "function_call", "arguments": "{}"}) == "{}"
    assert events.texts_of({"type": "message", "content": None}) == ""
