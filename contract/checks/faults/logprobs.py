"""Changes to the choices of replies with log-probabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from contract.checks.faults.chunks import choices_of
from contract.checks.judging.logprobs import Object
from contract.model.chat import Json
from contract.model.reply import Reply


def asks_for_logprobs(reply: Reply) -> bool:
    """Whether the request of *reply* asks for log-probabilities."""
    return reply.probe is not None and reply.probe.options.logprobs is not None


def change_choices(reply: Reply, change: Callable[[Object], None]) -> Reply:
    """Return *reply* with each choice modified in place, if it asks for logprobs."""
    if not asks_for_logprobs(reply):
        return reply

    def changed(value: Json) -> Json:
        for choice in choices_of(value) if isinstance(value, dict) else ():
            change(choice)
        return value

    return reply.change(changed)


def listed_entries(choice: Object) -> Iterator[Object]:
    """Yield the entries of a choice, to be modified in place."""
    logprobs = choice.get("logprobs")
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    for entry in content if isinstance(content, list) else ():
        if isinstance(entry, dict):
            yield entry
