"""Every dialect, with any fault, behind one port: /DIALECT/v1 and /DIALECT+FAULT/v1."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

from contract.dialects.base import Head, Problem, Trouble
from contract.profiles import named
from contract.server import framing
from contract.server.app import serving
from contract.server.provider import Provider
from contract.verification import changes

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
    """`vllm`, `vllm+field-renamed`, or `vllm+rate`, which refuses for that trouble."""
    dialect, _, change = name.partition("+")
    return Provider(
        named(dialect, what="dialect").dialect,
        models=MODELS,
        api_key=KEY,
        context_window=WINDOW,
        clock=time.time,
        change=None if not change else changes().get(change) or refusing(change),
    )


def refusing(trouble):
    """Every reply becomes the refusal that the dialect has for *trouble*."""
    problem = Problem(trouble=Trouble(trouble), message="as told", value="some value")

    def refuse(reply):
        head = Head("chatcmpl-refused", 0, "any")
        return framing.refused(reply.request, problem, head, reply.dialect)

    return refuse


@contextmanager
def served():
    """The root URL of all of them."""
    with serving(Providers()) as url:
        yield url
