"""The mock as a function from a request to a reply, without I/O."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from itertools import count
from random import Random

from contract.errors import SpecError
from contract.mock_server import framing
from contract.mock_server.answering import Completion, complete
from contract.mock_server.framing import ID_PLACEHOLDER, ReplyFormat
from contract.mock_server.latency import AT_ONCE, LatencyPlan
from contract.mock_server.requests import ParsedRequest, completed, read_request
from contract.model.chat import METRICS, MODELS, Json, Options
from contract.model.custom import Answers, CustomError, CustomReply
from contract.model.dialect import Dialect, Head
from contract.model.probe import Probe
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import JSON_TYPE, Frame, Reply
from contract.model.wire import Request

WINDOW = 131_072  # tokens
# Magistral 1.2, the last release of these models.
SERVED = ("magistral-small-2509", "magistral-medium-2509")
# Content type of Prometheus metrics, as of client library 1.0.0.
PROMETHEUS = ("content-type", "text/plain; version=1.0.0; charset=utf-8")
EPOCH = 1_758_153_600  # 2025-09-18: creation time of replies without a clock
_MAX_CACHED_BODY = 2**16  # bytes; of longer bodies, only the last few are known
_MAX_LONG_BODY = 2**22  # bytes; longer ones are parsed every time
_MAX_CACHED_COMPLETION = 2_048  # tokens; longer ones are encoded every time


class MockProvider:
    """
    The mock of one dialect.

    `reply` depends only on its arguments, on the options given here and, for requests
    without a seed, on the number of previous replies. The server that sends the
    replies maintains `running`, the number of chats in progress.
    """

    def __init__(  # noqa: PLR0913  # the options of a server, all by name
        self,
        dialect: Dialect,
        *,
        models: tuple[str, ...] = SERVED,
        context_window: int | None = None,
        api_key: str | None = None,
        plan: LatencyPlan = AT_ONCE,
        change: Callable[[Reply], Reply] | None = None,
        clock: Callable[[], float] = lambda: EPOCH,
        seed: int = 0,
        answers: Answers | None = None,
    ) -> None:
        """
        Create a mock.

        Args:
            dialect: The dialect of requests and responses.
            models: Names of the models served, the canonical one first.
            context_window: Context window in tokens; that of the first model if None.
            api_key: API key that requests need; None for none.
            plan: Latency of the replies.
            change: Applied to every reply: a fault, a quirk.
            clock: Returns the creation time of a response, in seconds since the epoch.
            seed: Seed of response ids and random answers.
            answers: Custom answers; they come before the scripts.

        Raises:
            SpecError: The dialect has no rules.
        """
        self.dialect = dialect
        self.models = models
        self.plan = plan
        self.running = 0
        if dialect.rules is None:
            raise SpecError(f"The dialect {dialect.id} has no rules for a mock.")
        self.rules = dialect.rules
        self.context_window = context_window or self._window()
        self._key = api_key
        self.change = change
        self.answers = answers
        self._clock = clock
        self._seed = seed
        self._numbers = count()
        self._format = ReplyFormat(dialect, self.rules)
        self._cached_parse = lru_cache(maxsize=512)(self._parse)
        self._cached_long_parse = lru_cache(maxsize=4)(self._parse)
        self._cached_custom = lru_cache(maxsize=512)(self._complete_custom)
        self._cached_template = lru_cache(maxsize=256)(self._template)

    def _window(self) -> int:
        """Return the context window of the first model in tokens."""
        known = self.rules.model_named
        model = None if known is None else known(self.models[0])
        return (model and model.context_window) or WINDOW

    def reply(self, request: Request, number: int | None = None) -> Reply:
        """
        Return the reply to *request*.

        *number* is that of the reply, by default the number of previous replies.
        Equal requests with equal numbers get equal replies.
        """
        number = next(self._numbers) if number is None else number
        reply = self.unchanged(request, number)
        if isinstance(reply, tuple):
            reply = self.completed(request, number, self.take(reply))
        return self.changed(reply)

    def refused(self, request: Request, rejection: Rejection) -> Reply:
        """Return the dialect's error for a *rejection* that another layer decided."""
        return self._reject(request, rejection, self.number())

    def number(self) -> int:
        """Return the number of the next reply, and count it."""
        return next(self._numbers)

    def take(self, matches: tuple[int, ...]) -> CustomReply | None:
        """Return the next reply of the custom answers *matches*, and count it."""
        return None if self.answers is None else self.answers.take(matches)

    def changed(self, reply: Reply) -> Reply:
        """Return *reply* with the fault in it, if the mock has one."""
        return reply if self.change is None else self.change(reply)

    def unchanged(self, request: Request, number: int) -> Reply | tuple[int, ...]:
        """
        Return the reply without any fault; a function of its arguments.

        For a request that matches custom answers, it returns their numbers: one `take`
        of them tells what `completed` has to return.
        """
        path = request.path.partition("?")[0]
        rejection = self._check_access(request, path)
        if rejection is not None:
            return self._reject(request, rejection, number)
        if path == self.dialect.path:
            return self._chat(request, number)
        return self._other(request, path, number)

    def _check_access(self, request: Request, path: str) -> Rejection | None:
        """Check API key, path, method and content type, all before the body."""
        key_rejection = self._check_key(request, path)
        if key_rejection is not None:
            return key_rejection
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

    def _check_key(self, request: Request, path: str) -> Rejection | None:
        if self._key is None or path in self.rules.open_paths:
            return None
        given = request.header("authorization")
        scheme, _, key = (given or "").partition(" ")
        if given is None and self.rules.key_header:
            scheme, key = "bearer", request.header(self.rules.key_header) or ""
        if not key:
            return Rejection(reason=RejectionReason.NO_KEY)
        valid = hmac.compare_digest(key.strip().encode(), self._key.encode())
        if scheme.lower() != "bearer" or not valid:
            return Rejection(reason=RejectionReason.WRONG_KEY)
        return None

    def _method(self, path: str) -> str | None:
        """Return the method of a path; None if the path does not exist."""
        if path == self.dialect.path:
            return "POST"
        if path in self.dialect.paths:
            return "POST" if path in self.rules.body_endpoints else "GET"
        cards = MODELS + "/{model}" in self.dialect.paths
        if cards and path.startswith(MODELS + "/") and len(path) > len(MODELS) + 1:
            return "GET"
        return None

    def completed(
        self, request: Request, number: int, custom: CustomReply | None
    ) -> Reply:
        """Return the reply with the *custom* answer, or without one if it is None."""
        parsed = self._parsed(request)
        if parsed.task is None:
            return self._rendered(request, number, parsed)
        if custom is not None and custom.error is not None:
            return self._failed(request, number, parsed.task.probe, custom)
        cacheable = len(request.body) <= _MAX_CACHED_BODY
        complete = self._cached_custom if cacheable else self._complete_custom
        return self._rendered(request, number, complete(parsed, custom))

    def _failed(
        self, request: Request, number: int, probe: Probe, custom: CustomReply
    ) -> Reply:
        error = custom.error or CustomError(status=500)
        problem = Rejection(
            reason=RejectionReason.FAILURE, status=error.status, message=error.message
        )
        reply = self._reject(request, problem, number)
        if error.retry_after is not None:
            reply = reply.with_header("retry-after", str(error.retry_after))
        at = self._plan(custom).ttft
        frames = tuple(Frame(at, frame.data) for frame in reply.frames)
        return replace(reply, frames=frames, probe=probe)

    def _complete_custom(
        self, parsed: ParsedRequest, custom: CustomReply | None
    ) -> ParsedRequest:
        if parsed.task is None:
            return parsed
        made = completed(parsed.task, self.rules, custom)
        return replace(made, custom=custom)

    def _plan(self, custom: CustomReply | None) -> LatencyPlan:
        """Return the latency plan, with the times that a custom reply gives."""
        if custom is None or (custom.ttft is None and custom.icl is None):
            return self.plan
        return replace(
            self.plan,
            ttft=self.plan.ttft if custom.ttft is None else custom.ttft,
            icl=self.plan.icl if custom.icl is None else custom.icl,
        )

    def _parsed(self, request: Request) -> ParsedRequest:
        size = len(request.body)
        if size <= _MAX_CACHED_BODY:
            return self._cached_parse(request.body)
        if size <= _MAX_LONG_BODY:
            return self._cached_long_parse(request.body)
        return self._parse(request.body)

    def _chat(self, request: Request, number: int) -> Reply | tuple[int, ...]:
        parsed = self._parsed(request)
        return parsed.matches or self._rendered(request, number, parsed)

    def _rendered(self, request: Request, number: int, parsed: ParsedRequest) -> Reply:
        task = parsed.task
        if task is None:
            rejection = parsed.rejection or Rejection(reason=RejectionReason.SCHEMA)
            return self._reject(request, rejection, number)
        completion = parsed.completion
        head = self._head(number, task.probe.model)
        if (
            completion
            and completion.usage.completion <= _MAX_CACHED_COMPLETION
            and not self.plan.jitter
        ):
            options = task.probe.options
            template = self._cached_template(
                completion,
                Head(ID_PLACEHOLDER, head.created, head.model),
                task.probe.stream,
                options.usage,
                options.logprobs,
                self._plan(parsed.custom),
            )
            frames = framing.insert_id(template, head.id)
        else:
            random = Random(f"{self._seed}:{number}")  # noqa: S311  # not a secret
            completion = completion or complete(task, self.rules, random, parsed.custom)
            times = partial(self._plan(parsed.custom).times, number=number)
            frames = framing.frames(task.probe, completion, head, self._format, times)
        return framing.reply(
            request, task.probe, completion, head, self.dialect, frames
        )

    def _parse(self, body: bytes) -> ParsedRequest:
        return read_request(
            body,
            self.dialect,
            self.rules,
            self.models,
            self.context_window,
            self.answers,
        )

    def _template(  # noqa: PLR0913, PLR0917  # all that the frames depend on
        self,
        completion: Completion,
        head: Head,
        stream: bool,  # noqa: FBT001  # a key of the cache
        usage: bool,  # noqa: FBT001  # a key of the cache
        logprobs: int | None,
        plan: LatencyPlan,
    ) -> tuple[Frame, ...]:
        """Return the frames of a fixed completion with a placeholder for the id."""
        options = Options(usage=usage, logprobs=logprobs)
        probe = Probe(name="template", stream=stream, options=options)
        return framing.frames(probe, completion, head, self._format, plan.times)

    def _head(self, number: int, model: str | None = None) -> Head:
        seed = f"{self._seed}:{number}".encode()
        digest = hashlib.blake2b(
            seed, digest_size=self.rules.id_length // 2
        ).hexdigest()
        return Head(
            self.rules.id_prefix + digest, int(self._clock()), self._model_name(model)
        )

    def _model_name(self, model: str | None) -> str:
        """Return the model name in a response to a request for *model*."""
        return model if model and self.rules.echoes_model else self.models[0]

    def _reject(self, request: Request, rejection: Rejection, number: int) -> Reply:
        return framing.rejection_reply(
            request, rejection, self._head(number), self.dialect
        )

    def _other(self, request: Request, path: str, number: int) -> Reply:
        """Return the reply of an endpoint other than chat."""
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
            return self._reject(request, body, number)
        kind = PROMETHEUS if path == METRICS else JSON_TYPE
        return framing.plain(request, self._head(number), self.dialect, body, kind)

    def _card(self, name: str) -> Json | Rejection:
        cards = self.dialect.models(self.models, self.context_window).get("data")
        for card in cards if isinstance(cards, list) else ():
            if isinstance(card, dict) and card.get("id") == name:
                return card
        return Rejection(reason=RejectionReason.MODEL, value=name)


def served_models(dialect: Dialect) -> tuple[str, ...]:
    """Return the model names that a server of *dialect* serves by default."""
    return SERVED if dialect.rules is None else dialect.rules.served_models
