"""The stand-in provider: a request in, a reply out, as a value and without any I/O."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from functools import lru_cache, partial
from itertools import count
from random import Random

from contract.errors import SpecError
from contract.mock_server import framing
from contract.mock_server.answering import answered
from contract.mock_server.framing import (
    HOLE,
    ReplyFormat,
)
from contract.mock_server.latency import (
    AT_ONCE,
    LatencyPlan,
)
from contract.mock_server.requests import (
    Understood,
    read_request,
)
from contract.model.chat import (
    CHAT,
    METRICS,
    MODELS,
    Json,
)
from contract.model.dialect import (
    Dialect,
    Head,
)
from contract.model.rejection import (
    Rejection,
    RejectionReason,
)
from contract.model.reply import (
    JSON_TYPE,
    Frame,
    Reply,
)
from contract.model.wire import Request

WINDOW = 131_072
# Magistral 1.2, the last of its line.
SERVED = ("magistral-small-2509", "magistral-medium-2509")
# Prometheus text, as of client library 1.0.0.
PROMETHEUS = ("content-type", "text/plain; version=1.0.0; charset=utf-8")
EPOCH = 1_758_153_600  # 2025-09-18: the time in rehearsals
_REMEMBERED = 2**16  # bytes; longer bodies are read anew every time
_BRIEF = 2_048  # tokens; longer answers are spelled anew every time


class MockProvider:
    """
    One provider of a dialect.

    `reply` depends on nothing but its arguments, the options given here and, where a
    request leaves the lot open, on how many replies there were before. *change* is
    applied to every reply (a fault, a quirk). *clock* gives the time of creation.
    Whoever performs the replies keeps `running`, the number of chats under way.
    """

    def __init__(  # noqa: PLR0913  # the options of a server, all by name
        self,
        dialect: Dialect,
        *,
        models: tuple[str, ...] = SERVED,
        context_window: int = WINDOW,
        api_key: str | None = None,
        plan: LatencyPlan = AT_ONCE,
        change: Callable[[Reply], Reply] | None = None,
        clock: Callable[[], float] = lambda: EPOCH,
        seed: int = 0,
    ) -> None:
        self.dialect = dialect
        self.models = models
        self.context_window = context_window
        self.plan = plan
        self.running = 0
        if dialect.rules is None:
            raise SpecError(f"The dialect {dialect.id} has no rules to be served by.")
        self.rules = dialect.rules
        self._key = api_key
        self._change = change
        self._clock = clock
        self._seed = seed
        self._numbers = count()
        self._words = ReplyFormat(dialect, self.rules)
        self._remembered = lru_cache(maxsize=512)(self._understand)
        self._template = lru_cache(maxsize=256)(self._spell)

    def reply(self, request: Request, number: int | None = None) -> Reply:
        """
        What the provider answers; *number* counts the replies unless it is given.

        The same request with the same number gets the same reply.
        """
        number = next(self._numbers) if number is None else number
        reply = self._reply(request, number)
        return reply if self._change is None else self._change(reply)

    def _reply(self, request: Request, number: int) -> Reply:
        path = request.path.partition("?")[0]
        problem = self._check_access(request, path)
        if problem is not None:
            return self._refused(request, problem, number)
        if path == CHAT:
            return self._chat(request, number)
        return self._other(request, path, number)

    def _check_access(self, request: Request, path: str) -> Rejection | None:
        """Key, path, method and content type: what is judged before the body."""
        key = self._key_problem(request, path)
        if key is not None:
            return key
        method = self._method(path)
        if method is None:
            return Rejection(reason=RejectionReason.ROUTE, message=path, value=path)
        if request.method != method:
            return Rejection(
                reason=RejectionReason.METHOD,
                message=path,
                value=request.method,
                expected=method,
            )
        if method == "POST" and self.rules.json_only:
            kind = (request.header("content-type") or "").partition(";")[0].strip()
            if kind.lower() != "application/json":
                return Rejection(reason=RejectionReason.CONTENT_TYPE, value=kind)
        return None

    def _key_problem(self, request: Request, path: str) -> Rejection | None:
        if self._key is None or path in self.rules.open_paths:
            return None
        given = request.header("authorization")
        scheme, _, key = (given or "").partition(" ")
        if given is None and self.rules.key_header:
            scheme, key = "bearer", request.header(self.rules.key_header) or ""
        if not key:
            return Rejection(reason=RejectionReason.NO_KEY)
        right = hmac.compare_digest(key.strip().encode(), self._key.encode())
        if scheme.lower() != "bearer" or not right:
            return Rejection(reason=RejectionReason.WRONG_KEY)
        return None

    def _method(self, path: str) -> str | None:
        """The method of a path; None when nothing is there."""
        if path == CHAT:
            return "POST"
        if path in self.dialect.paths:
            return "POST" if path in self.rules.body_endpoints else "GET"
        cards = MODELS + "/{model}" in self.dialect.paths
        if cards and path.startswith(MODELS + "/") and len(path) > len(MODELS) + 1:
            return "GET"
        return None

    def _chat(self, request: Request, number: int) -> Reply:
        short = len(request.body) <= _REMEMBERED
        read = self._remembered if short else self._understand
        understood = read(request.body)
        task = understood.task
        if task is None:
            problem = understood.problem or Rejection(reason=RejectionReason.SCHEMA)
            return self._refused(request, problem, number)
        said = understood.said
        head = self._head(number, task.probe.model)
        if said and said.usage.completion <= _BRIEF and not self.plan.jitter:
            template = self._template(understood, head.created)
            frames = framing.filled(template, head.id)
        else:
            draw = Random(f"{self._seed}:{number}")  # noqa: S311  # no secret
            said = said or answered(task, self.rules, draw)
            times = partial(self.plan.times, number=number)
            frames = framing.frames(task.probe, said, head, self._words, times)
        return framing.reply(request, task.probe, said, head, self.dialect, frames)

    def _understand(self, body: bytes) -> Understood:
        return read_request(
            body, self.dialect, self.rules, self.models, self.context_window
        )

    def _spell(self, understood: Understood, created: int) -> tuple[Frame, ...]:
        """The frames of a certain answer with a hole for the id, for one second."""
        task, said = understood.task, understood.said
        if task is None or said is None:
            return ()
        head = Head(HOLE, created, self._served(task.probe.model))
        return framing.frames(task.probe, said, head, self._words, self.plan.times)

    def _head(self, number: int, model: str | None = None) -> Head:
        seed = f"{self._seed}:{number}".encode()
        digest = hashlib.blake2b(
            seed, digest_size=self.rules.id_length // 2
        ).hexdigest()
        return Head(
            self.rules.id_prefix + digest, int(self._clock()), self._served(model)
        )

    def _served(self, model: str | None) -> str:
        """The name that a response gives to the model."""
        return model if model and self.rules.echoes_model else self.models[0]

    def _refused(self, request: Request, problem: Rejection, number: int) -> Reply:
        return framing.refused(request, problem, self._head(number), self.dialect)

    def _other(self, request: Request, path: str, number: int) -> Reply:
        """Everything but chat."""
        body: Json | bytes | Rejection
        if path == "/health":
            body = self.rules.health
        elif path == "/version":
            body = {"version": self.rules.version}
        elif path == MODELS:
            body = self.dialect.models(self.models, self.context_window)
        elif path.startswith(MODELS):
            body = self._card(path.removeprefix(MODELS + "/"))
        elif path in self.rules.load_endpoints:
            load = self.rules.load_endpoints[path]
            body = load(self.running, self.models[0], self.context_window)
        else:
            endpoint = self.rules.body_endpoints[path]
            body = endpoint(request.body, self.context_window)
        if isinstance(body, Rejection):
            return self._refused(request, body, number)
        kind = PROMETHEUS if path == METRICS else JSON_TYPE
        return framing.plain(request, self._head(number), self.dialect, body, kind)

    def _card(self, name: str) -> Json | Rejection:
        found = self.dialect.models(self.models, self.context_window).get("data")
        for card in found if isinstance(found, list) else ():
            if isinstance(card, dict) and card.get("id") == name:
                return card
        return Rejection(reason=RejectionReason.MODEL, value=name)


def served_models(dialect: Dialect) -> tuple[str, ...]:
    """The model names that a server of *dialect* usually serves."""
    return SERVED if dialect.rules is None else dialect.rules.served_models
