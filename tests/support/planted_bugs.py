"""Three bugs that a provider may have, and what finds them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from contract.catalog.profiles import builtin
from contract.mock_server.provider import SERVED, MockProvider
from contract.model.reply import JSON_TYPE

PROFILE = replace(builtin()["vllm-0.32"], waivers={}, max_examples=200)
MODEL = SERVED[0]
HOT = 1.5
TURNS = 3  # messages


def hot_crashes(reply):
    """A sampler divides by zero above some temperature."""
    temperature = reply.probe.options.temperature if reply.probe else None
    if temperature is None or temperature < HOT:
        return reply
    crashed = reply.with_status(500).with_header(*JSON_TYPE)
    return crashed.with_json({"detail": "Internal Server Error"})


def long_talk_is_free(reply):
    """A longer conversation is answered without usage."""
    if reply.probe is None or len(reply.probe.messages) < TURNS:
        return reply

    def changed(value):
        if isinstance(value, dict):
            value.pop("usage", None)
        return value

    return reply.change(changed)


def nothing_is_one(reply):
    """No tokens at all are taken for one."""
    if reply.rejection is None or reply.rejection.pointer != "/max_tokens":
        return reply
    body = json.loads(reply.request.body)
    if body["max_tokens"] != 0:
        return reply
    asked = replace(reply.request, body=json.dumps({**body, "max_tokens": 1}).encode())
    return MockProvider(reply.dialect).reply(asked, 0)


@dataclass(frozen=True)
class Bug:
    """A fault, the check that meets it, and how its failure is recognised."""

    change: object
    check: str
    status: int
    without: str = ""

    def shows(self, status, body):
        """Whether an answer is that of a provider with the bug."""
        return status == self.status and (not self.without or self.without not in body)

    def provider(self):
        return MockProvider(PROFILE.dialect, change=self.change)


BUGS = {
    "500 at temperature 1.5": Bug(
        hot_crashes, "properties.valid-requests-are-answered", 500
    ),
    "no usage after 3 messages": Bug(
        long_talk_is_free, "properties.valid-requests-are-answered", 200, '"usage"'
    ),
    "max_tokens 0 accepted": Bug(
        nothing_is_one, "properties.invalid-requests-are-refused", 200
    ),
}
