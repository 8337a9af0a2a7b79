"""Chat completions, rendered as replies of `/v1/responses`: the mock's half."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from contract.model.chat import Json
from contract.providers.responses import names
from contract.providers.responses.names import COUNTERS

_COMPLETED = frozenset({"stop", "tool_calls"})
_CUT = frozenset({"length", "model_length"})
_KNOWN = frozenset({"id", "object", "created", "model", "choices", "usage", "p"})


@dataclass(frozen=True, slots=True)
class Echo:
    """The members of a response that repeat the request, or its defaults."""

    defaults: Mapping[str, Json] = field(hash=False)

    def of(self, body: Json) -> dict[str, Json]:
        """Return the members for the request *body*."""
        asked = body if isinstance(body, dict) else {}
        return {
            name: value if asked.get(name) is None else asked[name]
            for name, value in self.defaults.items()
        }


def render(value: Json, body: Json, echo: Echo) -> Json:
    """Return a chat completion as a response to the request *body*; no other JSON."""
    if not isinstance(value, dict) or value.get("object") == "error":
        return value
    choices = value.get("choices")
    if "error" in value and not choices:
        return value
    if "choices" not in value and value.get("object") != "chat.completion":
        return value
    choice = choices[0] if isinstance(choices, list) and choices else {}
    choice = choice if isinstance(choice, dict) else {}
    renderer = Renderer(body, echo)
    renderer.begin(value)
    output = renderer.items_of(choice)
    others = {name: part for name, part in value.items() if name not in _KNOWN}
    response = {
        **renderer.response(value, choice.get("finish_reason"), output),
        **others,
    }
    if value.get("object") != "chat.completion":
        response["object"] = value.get("object")
    if "choices" not in value:
        del response["output"]
    return response


def _kind(item: Mapping[str, Json]) -> str:
    return {"reasoning": "rs", "message": "msg"}.get(str(item.get("type")), "fc")


@dataclass(slots=True)
class _Open:
    """An item that is being streamed."""

    item: dict[str, Json]
    index: int
    text: str = ""
    logprobs: list[Json] = field(default_factory=list)


class Renderer:
    """Renders the chunks of one stream, as `contract.model.surface.Renderer` asks."""

    def __init__(self, body: Json, echo: Echo) -> None:
        self._echo = echo.of(body)
        self._head: dict[str, Json] = {}
        self._base = ""
        self._sequence = 0
        self._output: list[Json] = []
        self._items: list[_Open] = []
        self._open: _Open | None = None
        self._calls: dict[Json, _Open] = {}
        self._created = False
        self._stray = ""
        self._object = "chat.completion.chunk"

    def begin(self, chunk: Mapping[str, Json]) -> None:
        """Take id, time and model from a chunk or a whole completion."""
        for name, member in (
            ("id", "id"),
            ("created", "created_at"),
            ("model", "model"),
        ):
            if name in chunk:
                self._head[member] = chunk[name]
            else:
                self._head.pop(member, None)
        base = str(chunk.get("id", "")).rpartition("_")[2]
        self._base = self._base or base
        # A chunk with the id of another response belongs to an item of that one.
        self._stray = "" if base == self._base else base

    def __call__(self, chunk: Json) -> Iterator[tuple[str, Json]]:
        """Yield the events that say what *chunk* says."""
        if not isinstance(chunk, dict):
            yield "", chunk
            return
        choices = chunk.get("choices")
        if "error" in chunk and not choices:
            yield self._event(names.ERROR, **_error(chunk["error"]))
            return
        if "choices" not in chunk:
            yield "", chunk
            return
        self.begin(chunk)
        self._object = str(chunk.get("object"))
        others = {name: part for name, part in chunk.items() if name not in _KNOWN}
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                for kind, event in self._choice(chunk, choice):
                    error = event if isinstance(event, dict) else {}
                    yield kind, {**others, **error}

    def _event(self, kind: str, **members: Json) -> tuple[str, Json]:
        number = self._sequence
        self._sequence += 1
        return kind, {"type": kind, **members, "sequence_number": number}

    def _choice(
        self, chunk: Mapping[str, Json], choice: Mapping[str, Json]
    ) -> Iterator[tuple[str, Json]]:
        delta = choice.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        if "role" in delta and not self._created:
            self._created = True
            response = self.response({}, None, [])
            yield self._event(names.CREATED, response=response)
            yield self._event(names.IN_PROGRESS, response=response)
        elif not self._created:
            self._created = True
            yield self._event(names.IN_PROGRESS, response=self.response({}, None, []))
        if isinstance(thought := delta.get("reasoning"), str) and thought:
            yield from self._text("reasoning", thought)
        content = delta.get("content")
        if isinstance(content, str) and content:
            yield from self._text("message", content, _logprobs(choice))
        elif isinstance(content, list):
            for part in content:
                yield from self._listed(part)
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict):
                yield from self._call(call)
        if choice.get("finish_reason") is not None:
            yield from self._end(chunk, choice["finish_reason"])

    def _listed(self, part: Json) -> Iterator[tuple[str, Json]]:
        if isinstance(part, dict) and isinstance(text := part.get("text"), str):
            yield from self._text("message", text)
        elif isinstance(part, dict) and isinstance(part.get("thinking"), str):
            yield from self._text("reasoning", str(part["thinking"]))

    def _name(self, kind: str) -> str:
        return f"{kind}_{self._base}{len(self._items)}"

    def _begin(self, item: dict[str, Json]) -> Iterator[tuple[str, Json]]:
        yield from self._close()
        item = {"id": self._name(_kind(item)), **item}
        self._open = _Open(item, len(self._items))
        self._items.append(self._open)
        yield self._event(
            names.ITEM_ADDED, output_index=self._open.index, item=_running(item)
        )

    def _text(
        self, kind: str, text: str, entries: list[Json] | None = None
    ) -> Iterator[tuple[str, Json]]:
        if self._open is None or self._open.item["type"] != kind:
            started: dict[str, Json] = (
                {"type": "reasoning", "summary": [], "status": "in_progress"}
                if kind == "reasoning"
                else {"type": "message", "role": "assistant", "status": "in_progress"}
            )
            yield from self._begin({**started, "content": []})
            yield self._event(names.PART_ADDED, **self._place(), part=_part(kind, ""))
        if self._open is not None:
            self._open.text += text
            self._open.logprobs += entries or []
        logprobs: dict[str, Json] = {}
        if kind != "reasoning":
            logprobs["logprobs"] = [*(entries or [])]
        delta = names.REASONING_DELTA if kind == "reasoning" else names.TEXT_DELTA
        yield self._event(delta, **self._place(), delta=text, **logprobs)

    def _place(self) -> dict[str, Json]:
        """Return the members that say where a part is."""
        opened = self._open
        if opened is None:
            return {}
        name = str(opened.item["id"])
        if self._stray:
            name = name.partition("_")[0] + "_" + self._stray
        return {
            "item_id": name,
            "output_index": opened.index,
            "content_index": 0,
        }

    def _call(self, call: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        number = json.dumps(call.get("index"))
        arguments = function.get("arguments")
        known = self._calls.get(number)
        if known is None or call.get("id") is not None or "name" in function:
            item: dict[str, Json] = {"type": "function_call", "status": "in_progress"}
            if "id" in call:
                item["call_id"] = call["id"]
            if "name" in function:
                item["name"] = function["name"]
            yield from self._begin({**item, "arguments": ""})
            known = self._open
            if known is None:
                return
            self._calls[number] = known
        if isinstance(arguments, str) and not arguments:
            return
        if isinstance(arguments, str):
            known.text += arguments
        elif arguments is not None:
            known.item["arguments"] = arguments
        yield self._event(
            names.ARGUMENTS_DELTA,
            item_id=known.item["id"],
            output_index=known.index,
            delta=arguments,
        )

    def _close(self) -> Iterator[tuple[str, Json]]:
        """Yield the events that end the open item."""
        opened = self._open
        if opened is None:
            return
        done = _done(opened)
        place = self._place()
        if opened.item["type"] == "function_call":
            del place["content_index"]
            yield self._event(
                names.ARGUMENTS_DONE,
                **place,
                name=done.get("name"),
                arguments=done["arguments"],
            )
        else:
            reasoning = opened.item["type"] == "reasoning"
            logprobs: dict[str, Json] = {} if reasoning else {"logprobs": []}
            kind = names.REASONING_DONE if reasoning else names.TEXT_DONE
            yield self._event(kind, **place, text=opened.text, **logprobs)
            part = _part(str(opened.item["type"]), opened.text)
            yield self._event(names.PART_DONE, **place, part=part)
        self._output.append(done)
        yield self._event(names.ITEM_DONE, output_index=opened.index, item=done)
        self._open = None

    def _end(
        self, chunk: Mapping[str, Json], finish: Json
    ) -> Iterator[tuple[str, Json]]:
        yield from self._close()
        output = [_done(item) for item in self._items]
        response = self.response(chunk, finish, [*output])
        kind = names.COMPLETED
        if response["status"] == "incomplete":
            kind = names.INCOMPLETE
        yield self._event(kind, response=response)

    def items_of(self, choice: Mapping[str, Json]) -> list[Json]:
        """Return the items of the message of a whole choice, in order."""
        message = choice.get("message")
        if not isinstance(message, dict):
            return []
        for _ in self._message({**choice, "delta": message}, message):
            pass
        return [_done(item) for item in self._items]

    def _message(
        self, choice: dict[str, Json], message: Mapping[str, Json]
    ) -> Iterator[tuple[str, Json]]:
        """Yield the events of a whole message, as if it came in one delta."""
        calls = message.get("tool_calls")
        delta = {**message, "tool_calls": None}
        delta.pop("role", None)
        yield from self._choice(
            {}, {"delta": delta, "logprobs": choice.get("logprobs")}
        )
        if not self._items and message.get("content") == "" and not calls:
            yield from self._text("message", "")
        for number, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict):
                yield from self._call({**call, "index": number})
        yield from self._close()

    def response(
        self, chunk: Mapping[str, Json], finish: Json, output: list[Json]
    ) -> dict[str, Json]:
        """Return the response object: as created if there is no finish reason."""
        status, details = _status(finish)
        response: dict[str, Json] = {
            **self._head,
            "object": _object(self._object),
            "status": status,
            "error": None,
            "incomplete_details": details,
            "output": output,
            **self._echo,
            "usage": None,
        }
        if "usage" in chunk:
            response["usage"] = _usage(chunk["usage"])
        if status == "incomplete" and output:
            _mark_last(output)
        return response


def _status(finish: Json) -> tuple[Json, Json]:
    if finish is None:
        return "in_progress", None
    if isinstance(finish, str) and finish in _COMPLETED:
        return "completed", None
    if isinstance(finish, str) and finish in _CUT:
        return "incomplete", {"reason": "max_output_tokens"}
    if finish == "content_filter":
        return "incomplete", {"reason": "content_filter"}
    return ("failed" if finish == "error" else finish), None


def _mark_last(output: list[Json]) -> None:
    last = output[-1]
    if isinstance(last, dict) and "status" in last:
        output[-1] = {**last, "status": "incomplete"}


def _object(chunk: str) -> str:
    return "response" if chunk == "chat.completion.chunk" else chunk


def _logprobs(choice: Mapping[str, Json]) -> list[Json]:
    logprobs = choice.get("logprobs")
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    return entries if isinstance(entries, list) else []


def _usage(usage: Json) -> Json:
    if not isinstance(usage, dict):
        return usage
    return {COUNTERS.get(name, name): value for name, value in usage.items()}


def _error(error: Json) -> dict[str, Json]:
    found = error if isinstance(error, dict) else {"message": error}
    return {
        "code": None if (code := found.get("code")) is None else str(code),
        "message": found.get("message"),
        "param": found.get("param"),
    }


def _running(item: dict[str, Json]) -> Json:
    return dict(item)


def _part(kind: str, text: str) -> Json:
    if kind == "reasoning":
        return {"type": "reasoning_text", "text": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _done(opened: _Open) -> dict[str, Json]:
    done = {**opened.item, "status": "completed"}
    if done["type"] == "function_call":
        if opened.text or isinstance(done.get("arguments"), str):
            done["arguments"] = opened.text
    else:
        part = _part(str(done["type"]), opened.text)
        if opened.logprobs and isinstance(part, dict):
            part["logprobs"] = [*opened.logprobs]
        done["content"] = [part]
    return done
