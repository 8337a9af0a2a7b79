"""Responses: items and typed events of `/v1/responses` that a client may not know."""

from __future__ import annotations

from contract.clients import changes
from contract.clients.expectations import reports_error, same_answer
from contract.clients.scenario import THOUGHT, Run, Scenario, has_items, requirement
from contract.clients.task import Task
from contract.model.check import Findings
from contract.model.custom import CustomReply

_STREAM = Task(stream=True)
_THINKS = (CustomReply(thought=THOUGHT, answer="There are 42 seats in the café."),)
_API = "OpenAI API reference, responses"

EVENTS = Scenario(
    id="unknown-event-types",
    title="Events of a type that was added later come between those of the response.",
    task=_STREAM,
    turns=_THINKS,
    changes=(changes.unknown_events,),
    where=has_items,
)
ITEMS = Scenario(
    id="unknown-item-type",
    title="The output begins with an item of a type that was added later.",
    turns=_THINKS,
    changes=(changes.unknown_item,),
    where=has_items,
)
FAILED = Scenario(
    id="response-failed",
    title="The stream ends in the middle of the answer, with response.failed.",
    task=_STREAM,
    changes=(changes.failed,),
    where=has_items,
)


@requirement(
    "client.ignores-unknown-event-types",
    "A client MUST return the answer of a stream with events of an unknown type.",
    source="OpenAI API reference, backwards compatibility: new event types",
    on=EVENTS,
)
def ignores_unknown_event_types(run: Run) -> Findings:
    yield from same_answer(run)


@requirement(
    "client.ignores-unknown-items",
    "A client SHOULD return the answer of a response with items of an unknown type.",
    source=f"{_API}, output: its length and order depend on the model",
    on=ITEMS,
)
def ignores_unknown_items(run: Run) -> Findings:
    yield from same_answer(run)


@requirement(
    "client.reports-failed-responses",
    "A client MUST report a response that ends with the event response.failed.",
    source=f"{_API}, streaming: response.failed",
    on=FAILED,
)
def reports_failed_responses(run: Run) -> Findings:
    yield from reports_error(run)
