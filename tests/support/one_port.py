"""Every dialect, with any fault, behind one port: /DIALECT/v1 and /DIALECT+FAULT/v1."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

from contract.catalog.profiles import named
from contract.mock_server import framing
from contract.mock_server.app import serving
from contract.mock_server.provider import MockProvider, served_models
from contract.model.dialect import Head
from contract.model.rejection import Rejection, RejectionReason
from contract.run.opening import reply_changes

KEY = "sk-of-a-client"
MODELS = ("magistral-small-2509", "magistral-medium-2509")
WINDOW = 4_096  # tokens, for prompts that are too long at little cost


class Providers:
    """The provider that the first step of the path names, as `serving` wants one."""

    running = 0  # how many chats are being answered; the application counts them

    def reply(self, request):
        _, name, rest = request.path.split("/", 2)
        return provider(name).reply(replace(request, path=f"/{rest}"))


@cache
def provider(name):
    """
    `vllm`, `vllm+field-renamed`, or `vllm+rate`, which refuses for that trouble.

    `mistral-2026-10+own-models` serves the models of its API.
    """
    id_, _, change = name.partition("+")
    dialect = named(id_, what="dialect").dialect
    models = MODELS
    if change == "own-models":
        models, change = served_models(dialect), ""
    return MockProvider(
        dialect,
        models=models,
        api_key=KEY,
        context_window=WINDOW,
        clock=time.time,
        change=None if not change else reply_changes().get(change) or rejecting(change),
    )


def rejecting(trouble):
    """Every reply becomes the refusal that the dialect has for *trouble*."""
    problem = Rejection(
        reason=RejectionReason(trouble), message="a message", value="some value"
    )

    def refuse(reply):
        head = Head("chatcmpl-refused", 0, "any")
        return framing.rejection_reply(reply.request, problem, head, reply.dialect)

    return refuse


@contextmanager
def served():
    """The root URL of all of them."""
    with serving(Providers()) as url:
        yield url
