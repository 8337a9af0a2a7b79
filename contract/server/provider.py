"""The stand-in provider: a request in, a reply out, as a value and without any I/O."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count
from random import Random

import orjson

from contract import spec, tokens
from contract.chat import CHAT, MODELS, Json, Kind, Piece, Probe
from contract.dialects.base import Answer, Dialect, Head, Problem, Trouble, Usage
from contract.exchange import Request
from contract.reply import Reply
from contract.server import engine, framing, images, rules
from contract.server.engine import Spoken
from contract.server.instance import UnsatisfiableError
from contract.server.plan import AT_ONCE, Plan

SERVED = ("magistral-small-2509", "magistral-medium-2509")
WINDOW = 131_072
EPOCH = 1_758_153_600  # 2025-09-18: the time in rehearsals
_REMEMBERED = 2**16  # bytes; longer bodies are read anew every time


@dataclass(frozen=True, slots=True)
class Understood:
    """
    What a chat request comes to: a problem, or what to generate.

    *room* bounds the tokens of a choice, *full* says that the window is the bound.
    *spoken* is the answer where nothing is drawn by lot.
    """

    problem: Problem | None = None
    probe: Probe | None = None
    prompt: int = 0
    room: int = 0
    full: bool = False
    reasoning: bool = True
    spoken: tuple[Spoken, ...] = ()


class Provider:
    """
    One provider of a dialect.

    `reply` depends on nothing but its arguments, the options given here and, where a
    request leaves the lot open, on how many replies there were before. *change* is
    applied to every reply (a fault, a quirk). *clock* gives the time of creation.
    """

    def __init__(  # noqa: PLR0913  # options of a server, all by name
        self,
        dialect: Dialect,
        *,
        models: tuple[str, ...] = SERVED,
        context_window: int = WINDOW,
        api_key: str | None = None,
        plan: Plan = AT_ONCE,
        change: Callable[[Reply], Reply] | None = None,
        clock: Callable[[], float] = lambda: EPOCH,
        seed: int = 0,
    ) -> None:
        self.dialect = dialect
        self.models = models
        self.context_window = context_window
        self.plan = plan
        self.rules = rules.of(dialect)
        self._key = api_key
        self._change = change
        self._clock = clock
        self._seed = seed
        self._numbers = count()
        self._understood = lru_cache(maxsize=512)(self._read)

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
        problem = self._door(request, path)
        if problem is not None:
            return self._refused(request, problem, number)
        if path == CHAT:
            return self._chat(request, number)
        return self._other(request, path, number)

    def _door(self, request: Request, path: str) -> Problem | None:
        """Key, path, method and content type: what is judged before the body."""
        key = self._key_problem(request, path)
        if key is not None:
            return key
        method = self._method(path)
        if method is None:
            return Problem(trouble=Trouble.ROUTE, message=path, value=path)
        if request.method != method:
            return Problem(trouble=Trouble.METHOD, message=path, value=request.method)
        media_type = (request.header("content-type") or "").partition(";")[0].strip()
        if (
            method == "POST"
            and self.rules.json_only
            and media_type.lower() != "application/json"
        ):
            return Problem(trouble=Trouble.CONTENT_TYPE, value=media_type)
        return None

    def _key_problem(self, request: Request, path: str) -> Problem | None:
        if self._key is None or path in self.rules.open:
            return None
        given = request.header("authorization")
        scheme, _, key = (given or "").partition(" ")
        if not self.rules.json_only and given is None:  # llama.cpp takes either
            scheme, key = "bearer", request.header("x-api-key") or ""
        if not key:
            return Problem(trouble=Trouble.NO_KEY)
        right = hmac.compare_digest(key.strip().encode(), self._key.encode())
        if scheme.lower() != "bearer" or not right:
            return Problem(trouble=Trouble.WRONG_KEY)
        return None

    def _method(self, path: str) -> str | None:
        """The method of a path; None when nothing is there."""
        if path == CHAT:
            return "POST"
        if path in self.dialect.paths:
            return "POST" if path in {"/tokenize", "/detokenize"} else "GET"
        card = MODELS + "/{model}" in self.dialect.paths
        if card and path.startswith(MODELS + "/") and len(path) > len(MODELS) + 1:
            return "GET"
        return None

    def _chat(self, request: Request, number: int) -> Reply:
        read = self._read if len(request.body) > _REMEMBERED else self._understood
        understood = read(request.body)
        probe = understood.probe
        if understood.problem is not None or probe is None:
            problem = understood.problem or Problem(trouble=Trouble.SCHEMA)
            return self._refused(request, problem, number)
        spoken = understood.spoken or self._spoken(understood, number)
        answers = framing.shown(
            tuple(said.answer for said in spoken), reasoning=understood.reasoning
        )
        head = self._head(number, probe.model)
        usage = self._usage(understood, spoken)
        if probe.stream:
            return framing.streamed(
                request,
                probe,
                answers,
                usage,
                head,
                self.dialect,
                self.rules,
                self.plan,
                number,
            )
        return framing.whole(
            request, probe, answers, usage, head, self.dialect, self.plan, number
        )

    def _read(self, body: bytes) -> Understood:
        """A chat body as a probe that can be answered, or why it cannot."""
        try:
            value: Json = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            return Understood(_unreadable(body, error))
        name = self.dialect.prefix + "ChatRequest"
        if not spec.accepts(name, value) or not isinstance(value, dict):
            return Understood(_violation(name, value))
        return self._judged(value)

    def _judged(self, body: dict[str, Json]) -> Understood:
        probe = self._probe(body)
        problem = (
            self._model_problem(probe, body)
            or next((p for j in self.rules.judges if (p := j(probe, body))), None)
            or images.problem(probe, self.rules.images)
        )
        if problem is not None:
            return Understood(problem, probe)
        prompt = tokens.prompt(probe)
        asked = probe.options.max_tokens
        room = self.rules.room(prompt, asked, self.context_window)
        if isinstance(room, Problem):
            return Understood(replace(room, body=body), probe)
        full = asked is None or asked > room
        reasoning = body.get("include_reasoning") is not False
        understood = Understood(None, probe, prompt, room, full, reasoning)
        try:
            spoken = self._spoken(understood, 0)
        except UnsatisfiableError as error:
            message = f"The schema cannot be followed: {error}"
            return Understood(
                Problem(
                    trouble=Trouble.UNSUPPORTED,
                    message=message,
                    pointer="/response_format",
                ),
                probe,
            )
        return understood if _open(probe) else replace(understood, spoken=spoken)

    def _probe(self, body: dict[str, Json]) -> Probe:
        """The request as the dialect reads it, numbers in strings included."""
        probe = self.dialect.parse(body)
        options = replace(
            probe.options,
            max_tokens=_whole(body, "max_tokens", "max_completion_tokens"),
            n=_whole(body, "n"),
        )
        reasons = probe.reasons
        if self.rules.quiet_json and '"type":"json_' in (options.response_format or ""):
            reasons = '"schema":' not in (options.response_format or "") and (
                '"type":"json_object"' not in (options.response_format or "")
            )
        return replace(probe, options=options, reasons=reasons)

    def _model_problem(self, probe: Probe, body: Mapping[str, Json]) -> Problem | None:
        model = body.get("model")
        absent = not model and not self.rules.echoes
        if self.rules.any_model or absent or probe.model in self.models:
            return None
        return Problem(trouble=Trouble.MODEL, pointer="/model", value=model)

    def _spoken(self, understood: Understood, number: int) -> tuple[Spoken, ...]:
        """The answers of the engine, as this provider finishes them."""
        probe = understood.probe
        if probe is None:
            return ()
        options = probe.options
        if options.seed is not None:
            random = Random(options.seed)
        elif options.temperature == 0:
            random = Random(0)
        else:
            random = Random(f"{self._seed}:{number}")
        spoken = engine.answer(
            probe, understood.room, random, id_length=self.rules.call_ids
        )
        return tuple(self._finished(said, understood, probe) for said in spoken)

    def _finished(self, said: Spoken, understood: Understood, probe: Probe) -> Spoken:
        finish, pieces = said.answer.finish, said.answer.pieces
        if finish == "length" and understood.full:
            finish = self.rules.full
        named = (probe.options.tool_choice or "").startswith("=")
        if finish == "tool_calls" and named:
            finish = self.rules.named
        last = probe.messages[-1] if probe.messages else None
        if self.rules.prefixed and last is not None and last.prefix and last.text:
            pieces = (Piece(Kind.ANSWER, last.text), *pieces)
        return replace(said, answer=Answer(pieces, finish))

    def _usage(self, understood: Understood, spoken: tuple[Spoken, ...]) -> Usage:
        counted = spoken[:1] if self.rules.one_counts else spoken
        return Usage(
            understood.prompt,
            sum(said.tokens for said in counted),
            sum(said.reasoning for said in counted),
        )

    def _head(self, number: int, model: str | None = None) -> Head:
        seed = f"{self._seed}:{number}".encode()
        digest = hashlib.blake2b(seed, digest_size=self.rules.ids // 2).hexdigest()
        served = model if model and self.rules.echoes else self.models[0]
        return Head(self.rules.id + digest, int(self._clock()), served)

    def _refused(self, request: Request, problem: Problem, number: int) -> Reply:
        return framing.refused(request, problem, self._head(number), self.dialect)

    def _other(self, request: Request, path: str, number: int) -> Reply:
        """Everything but chat."""
        head = self._head(number)
        if path == MODELS:
            body: Json = self.dialect.models(self.models, self.context_window)
        elif path == "/health":
            return framing.plain(request, head, self.dialect, self.rules.health)
        elif path == "/version":
            body = {"version": self.rules.version}
        else:
            return self._card(request, path, number)
        return framing.plain(request, head, self.dialect, body)

    def _card(self, request: Request, path: str, number: int) -> Reply:
        name = path.removeprefix(MODELS + "/")
        found = self.dialect.models(self.models, self.context_window).get("data")
        for card in found if isinstance(found, list) else ():
            if isinstance(card, dict) and card.get("id") == name:
                return framing.plain(request, self._head(number), self.dialect, card)
        problem = Problem(trouble=Trouble.MODEL, value=name)
        return self._refused(request, problem, number)


def _open(probe: Probe) -> bool:
    """Whether the lot decides: neither a seed nor temperature 0 was sent."""
    return probe.options.seed is None and probe.options.temperature != 0


def _unreadable(body: bytes, error: orjson.JSONDecodeError) -> Problem:
    try:
        body.decode()
    except UnicodeDecodeError as broken:
        return Problem(
            trouble=Trouble.ENCODING, message=str(broken), count=broken.start
        )
    return Problem(trouble=Trouble.MALFORMED, message=error.msg, count=error.pos)


def _violation(name: str, body: Json) -> Problem:
    """The first reason why a body does not fit its schema."""
    found = next(iter(spec.violations(name, body, most=1)), None)
    if found is None:
        return Problem(trouble=Trouble.SCHEMA, message="the body is not a request")
    return Problem(
        trouble=Trouble.SCHEMA,
        message=found.message,
        pointer=found.pointer,
        keyword=found.keyword,
        value=_at(body, found.pointer),
        expected=found.expected,
        body=body,
    )


def _at(body: Json, pointer: str) -> Json:
    """What stands at a JSON Pointer; None when nothing does."""
    value = body
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _whole(body: Mapping[str, Json], *names: str) -> int | None:
    """The first of the members that is a number; some providers take it as text."""
    for name in names:
        value = body.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return int(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value)
    return None
