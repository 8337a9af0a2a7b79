"""Scenarios, their requirements, and the record of a program that played one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from contract.clients.output import Output
from contract.clients.task import Task
from contract.errors import SpecError
from contract.model.chat import Json, Piece, PieceKind
from contract.model.check import KEYWORD, Check, Findings
from contract.model.custom import CustomReply
from contract.model.dialect import Dialect
from contract.model.reply import Reply
from contract.model.rewrite import decode_reply
from contract.model.strict_json import MISSING, read_json
from contract.model.wire import Request

Change = Callable[[Reply], Reply]

THOUGHT = "Let me count: a café has two rows of 21 seats, that makes forty-two. 🤔"
ANSWER = "There are 42 seats — in the café. 👍"


def everywhere(_dialect: Dialect) -> bool:
    """Return True: the scenario exists in every dialect."""
    return True


def has_chunks(dialect: Dialect) -> bool:
    """Return whether *dialect* has chat completions, with choices and deltas."""
    return dialect.surface is None


def has_items(dialect: Dialect) -> bool:
    """Return whether *dialect* has responses, with items and typed events."""
    return dialect.surface is not None


def lists_thoughts(dialect: Dialect) -> bool:
    """Return whether *dialect* sends reasoning as chunks in a list of content."""
    message = dialect.message(
        (Piece(PieceKind.REASONING, "a"), Piece(PieceKind.ANSWER, "b"))
    )
    return isinstance(message.get("content"), list)


def names_thoughts(dialect: Dialect) -> bool:
    """Return whether *dialect* sends reasoning in a member beside the content."""
    return bool(dialect.reasoning_fields) and has_chunks(dialect)


def shows_thoughts(dialect: Dialect) -> bool:
    """Return whether *dialect* keeps reasoning and answer apart."""
    return lists_thoughts(dialect) or bool(dialect.reasoning_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One situation that a client has to cope with."""

    # Words with hyphens, unique among all scenarios.
    id: str
    # A sentence that says what the server does.
    title: str
    # What the program is asked to do.
    task: Task = Task()  # noqa: RUF009  # a frozen value
    # What the model generates in the first turn, in the second, …; the last is
    # repeated. A turn begins with a message of the user or of a tool.
    turns: tuple[CustomReply, ...] = (CustomReply(answer=ANSWER),)
    # What becomes of the reply to the first chat request, to the second, …; the last
    # one is repeated, and None changes nothing.
    changes: tuple[Change | None, ...] = (None,)
    # Whether the scenario exists in a dialect.
    where: Callable[[Dialect], bool] = everywhere
    # Whether the program gets a key that the server does not accept.
    wrong_key: bool = False
    # Whether the server rejects the requests of the scenario, so that it is the program
    # that has to report an error.
    fails: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of a program, and the reply that it got."""

    # Seconds after the program was started at which the request was there.
    at: float
    request: Request
    # The reply, with the change of the scenario.
    reply: Reply
    # The reply without the change: what the model generated.
    made: Reply
    # Why the server refused the request as it is; empty for a request that it accepts.
    refusal: str = ""
    # Where in the request that is, as a JSON Pointer; empty if it is no single place.
    place: str = ""

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.request.path.partition("?")[0]

    @property
    def is_chat(self) -> bool:
        """Whether it was sent to the path of chats, /v1/responses for its dialects."""
        return self.path == self.reply.dialect.path and self.request.method == "POST"

    @property
    def body(self) -> Mapping[str, Json]:
        """
        The JSON object of its body; empty if there is none.

        A request to `/v1/responses` is read as the chat request that says the same.
        """
        value = read_json(self.request.body)
        if value is MISSING or not isinstance(value, dict):
            return {}
        surface = self.reply.dialect.surface
        chat = value if surface is None else surface.parse(value)
        return chat if isinstance(chat, dict) else {}

    @property
    def messages(self) -> tuple[Mapping[str, Json], ...]:
        """The messages of its body, those that are objects."""
        messages = self.body.get("messages")
        entries = messages if isinstance(messages, list) else ()
        return tuple(one for one in entries if isinstance(one, dict))


@dataclass(frozen=True, kw_only=True)
class Run:
    """A program that played a scenario, in one dialect."""

    scenario: Scenario
    # The dialect that the server spoke.
    dialect: Dialect
    # What the program printed.
    output: Output
    # The requests that it sent, in the order of their arrival.
    sent: tuple[Sent, ...] = ()
    # The key that the program was given.
    key: str = ""
    # The model that the program was asked to request.
    model: str = ""
    # Seconds from the start of the program to its result.
    seconds: float = 0.0

    @property
    def chats(self) -> tuple[Sent, ...]:
        """The requests for chat completions."""
        return tuple(one for one in self.sent if one.is_chat)

    @cached_property
    def last(self) -> CustomReply:
        """
        What the model generated last: the end of the conversation.

        A client that does not ask for reasoning, where it has to be asked for, gets
        none; so the reply itself says it.
        """
        accepted = [one for one in self.chats if not one.refusal]
        if not accepted:
            return self.scenario.turns[-1]
        pieces = decode_reply(accepted[-1].made).pieces
        texts = {
            kind: "".join(p.text for p in pieces if p.kind is kind)
            for kind in PieceKind
        }
        return CustomReply(
            thought=texts[PieceKind.REASONING] or None,
            answer=texts[PieceKind.ANSWER] or None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of a tool, as a reply states it."""

    id: str
    name: str
    # The arguments as JSON text.
    arguments: str

    @property
    def values(self) -> object:
        """The arguments as a JSON value; the text itself where it is none."""
        value = read_json(self.arguments.encode())
        return self.arguments if value is MISSING else value


def calls_of(reply: Reply) -> tuple[Call, ...]:
    """Return the calls in *reply*, joined from their fragments."""
    found: dict[int, Call] = {}
    for piece in decode_reply(reply).pieces:
        if piece.kind is not PieceKind.TOOL or piece.call is None:
            continue
        index = piece.call.index
        known = found.get(index, Call(id="", name="", arguments=""))
        found[index] = Call(
            id=piece.call.id or known.id,
            name=piece.call.name or known.name,
            arguments=known.arguments + piece.text,
        )
    return tuple(found[index] for index in sorted(found))


def calls_in(message: Mapping[str, Json]) -> Iterator[Call]:
    """Yield the calls that a *message* of a request replays."""
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if not isinstance(call, dict):
            continue
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        arguments = function.get("arguments")
        yield Call(
            id=str(call.get("id") or ""),
            name=str(function.get("name") or ""),
            arguments=arguments
            if isinstance(arguments, str)
            else json.dumps(arguments, ensure_ascii=False),
        )


Judge = Callable[[Run], Findings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement(Check):
    """
    A requirement on a program, and the scenarios in which it is judged.

    It is a check whose judge receives a `Run` in place of exchanges, so that the same
    reports show it. Its id is `client.NAME`, and its family the topic of its module.
    """

    # The topic, which reports and `--select` use as its family.
    topic: str
    # The scenarios in which it is judged; empty for all that the program played.
    on: tuple[Scenario, ...] = field(default=())

    @property
    def family(self) -> str:
        """The topic, such as "retries"."""
        return self.topic


def requirement(
    id: str,
    text: str,
    *,
    source: str,
    on: Scenario | tuple[Scenario, ...] = (),
) -> Callable[[Judge], Requirement]:
    """
    Make a generator function a requirement.

    Usage::

        @requirement(
            "client.reads-crlf",
            "A client MUST read streams whose lines end in CR LF.",
            source="WHATWG HTML 9.2.5",
            on=CRLF,
        )
        def reads_crlf(run: Run) -> Findings:
            yield from same_answer(run)

    Args:
        id: `client.NAME`; it never changes once it is released.
        text: a sentence with exactly one RFC 2119 keyword.
        source: a document, an RFC, or an issue as owner/repo#n.
        on: the scenarios in which it is judged; by default every one.

    Raises:
        SpecError: the id or the sentence is malformed.

    """
    if not id.startswith("client.") or not text.endswith("."):
        raise SpecError(f"{id}: an id is client.NAME, and a requirement a sentence.")
    if len(KEYWORD.findall(text)) != 1:
        raise SpecError(f"{id}: the sentence must have exactly one RFC 2119 keyword.")

    def decorate(judge: Judge) -> Requirement:
        return Requirement(
            id=id,
            requirement=text,
            source=source,
            sends=(),
            judge=judge,
            topic=judge.__module__.rpartition(".")[2],
            on=on if isinstance(on, tuple) else (on,),
        )

    return decorate
