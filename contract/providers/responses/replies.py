"""Replies of `/v1/responses`, read as chat completions: the client's half."""

from __future__ import annotations

from collections.abc import Iterator

from contract.model.chat import Json
from contract.providers.responses import names
from contract.providers.responses.names import COUNTERS, REASONS

_CHAT_COUNTERS = {name: chat for chat, name in COUNTERS.items()}
_TEXTS = {
    names.TEXT_DELTA: "content",
    names.REFUSAL_DELTA: "refusal",
    names.REASONING_DELTA: "reasoning",
    names.SUMMARY_DELTA: "reasoning",
}


def read(value: Json) -> Json:
    """
    Return a whole response as a chat completion; other JSON, as an error, as it is.

    Items and parts of unknown types are left out, and a text that is no string is
    none. A response that was not finished and has no items has no choice.
    """
    if not isinstance(value, dict) or "output" not in value:
        return _failure(value)
    if value.get("status") == "failed" and value.get("error"):
        return {"error": value["error"]}
    message: dict[str, Json] = {"role": "assistant", "content": None}
    items = _dicts(value.get("output"))
    texts, thoughts = [*_answers(items)], [*_thoughts(items)]
    if texts:
        message["content"] = "".join(texts)
    if thoughts:
        message["reasoning"] = "".join(thoughts)
    if thoughts and texts and not _reasoning_first(items):
        message = {"role": "assistant", "content": [*_in_order(items)]}
    calls: list[Json] = [
        {"index": number, **_call(item)} for number, item in enumerate(_calls(items))
    ]
    if calls:
        message["tool_calls"] = calls
    if not items and _finish(value, called=False) in {None, "queued"}:
        # The server took the request and said nothing: nothing was chosen.
        return {**_head(value, "chat.completion"), "choices": [], **_usage(value)}
    choice: dict[str, Json] = {"index": 0, "message": message}
    if entries := [*_logprobs(items)]:
        choice["logprobs"] = {"content": entries}
    choice["finish_reason"] = _finish(value, called=bool(calls))
    return {**_head(value, "chat.completion"), "choices": [choice], **_usage(value)}


def _logprobs(items: list[dict[str, Json]]) -> Iterator[Json]:
    for item in items:
        for part in _dicts(item.get("content")):
            listed = part.get("logprobs")
            yield from listed if isinstance(listed, list) else ()


def _failure(value: Json) -> Json:
    """Return a response that failed and has no output as an error object."""
    if (
        isinstance(value, dict)
        and value.get("object") == "response"
        and isinstance(error := value.get("error"), dict)
    ):
        return {"error": error}
    return value


def _dicts(value: Json) -> list[dict[str, Json]]:
    return [
        one
        for one in (value if isinstance(value, list) else ())
        if isinstance(one, dict)
    ]


def _head(response: dict[str, Json], kind: str) -> dict[str, Json]:
    head: dict[str, Json] = {}
    for name, chat in (("id", "id"), ("created_at", "created"), ("model", "model")):
        if name in response:
            head[chat] = response[name]
    if "object" in response:
        given = response["object"]
        head["object"] = kind if given == "response" else given
    return head


def _texts_of(item: dict[str, Json], kinds: frozenset[str]) -> Iterator[str]:
    for part in _dicts(item.get("content")):
        if part.get("type") in kinds and isinstance(text := part.get("text"), str):
            yield text


_OUTPUT = frozenset({"output_text", "text"})
_THOUGHT = frozenset({"reasoning_text", "text"})
_SUMMARY = frozenset({"summary_text"})


def _answers(items: list[dict[str, Json]]) -> Iterator[str]:
    for item in items:
        if item.get("type") == "message":
            yield from _texts_of(item, _OUTPUT)


def _thought_of(item: dict[str, Json]) -> str:
    """Return the text of a reasoning item; its summary where it has no other text."""
    text = "".join(_texts_of(item, _THOUGHT))
    summary = {"content": item.get("summary")}
    return text or "".join(_texts_of(summary, _SUMMARY))


def _thoughts(items: list[dict[str, Json]]) -> Iterator[str]:
    for item in items:
        if item.get("type") == "reasoning" and (text := _thought_of(item)):
            yield text


def _reasoning_first(items: list[dict[str, Json]]) -> bool:
    kinds = [k for i in items if (k := i.get("type")) in {"message", "reasoning"}]
    return (
        "reasoning" not in kinds[kinds.index("message") :]
        if "message" in kinds
        else True
    )


def _in_order(items: list[dict[str, Json]]) -> Iterator[Json]:
    """Yield the parts of a message whose reasoning does not come first."""
    for item in items:
        if item.get("type") == "reasoning" and (text := _thought_of(item)):
            yield {"type": "thinking", "thinking": text}
        elif item.get("type") == "message":
            for part in _texts_of(item, _OUTPUT):
                yield {"type": "text", "text": part}


def _calls(items: list[dict[str, Json]]) -> list[dict[str, Json]]:
    return [item for item in items if item.get("type") == "function_call"]


def _call(item: dict[str, Json]) -> dict[str, Json]:
    function: dict[str, Json] = {}
    for name in ("name", "arguments"):
        if name in item:
            function[name] = item[name]
    call: dict[str, Json] = {"type": "function", "function": function}
    return {"id": item["call_id"], **call} if "call_id" in item else call


def _finish(response: dict[str, Json], *, called: bool) -> Json:
    status = response.get("status")
    if status == "completed":
        return "tool_calls" if called else "stop"
    if status == "incomplete":
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        return REASONS.get(reason, reason) if isinstance(reason, str) else "length"
    if status in {"failed", "cancelled"}:
        return "error"
    return None if status == "in_progress" else status


def _usage(response: dict[str, Json]) -> dict[str, Json]:
    if "usage" not in response:
        return {}
    usage = response["usage"]
    if not isinstance(usage, dict):
        return {"usage": usage}
    return {"usage": {_CHAT_COUNTERS.get(k, k): v for k, v in usage.items()}}


class Reader:
    """Reads the events of one stream; callable, see `contract.model.surface.Reader`."""

    def __init__(self) -> None:
        self._head: dict[str, Json] = {"object": "chat.completion.chunk"}
        # Number of the call of an item, by the item's id.
        self._calls: dict[str, int] = {}
        # Ids of the items of which a delta has come.
        self._told: set[str] = set()
        # Ids of the items that were announced.
        self._items: set[str] = set()
        # Id of the item that was announced last.
        self._last = ""

    def __call__(self, event: Json) -> Json:  # noqa: PLR0911  # one for each type
        """Return the event as a chunk of a chat; None if it says nothing of one."""
        kind = event.get("type") if isinstance(event, dict) else None
        if not isinstance(event, dict) or not isinstance(kind, str):
            return event
        if kind == names.CREATED:
            return self._created(event)
        if kind == names.IN_PROGRESS:
            self._begin(event)
            return None
        if kind in names.ENDS:
            return self._ended(event)
        if kind == names.ERROR:
            inner = event.get("error")
            error = {k: v for k, v in event.items() if k not in {"type", "error"}}
            return {"error": {**error, **inner} if isinstance(inner, dict) else error}
        if kind in _TEXTS:
            self._seen(event)
            chunk = self._delta({_TEXTS[kind]: event.get("delta")})
            return self._placed(chunk, event)
        if kind == names.ARGUMENTS_DELTA:
            return self._arguments(event)
        if kind == names.ITEM_ADDED:
            return self._added(event)
        if kind == names.ITEM_DONE:
            return self._done(event)
        return None

    def _begin(self, event: dict[str, Json]) -> None:
        response = event.get("response")
        if isinstance(response, dict):
            self._head = {
                **self._head,
                **_head(response, "chat.completion.chunk"),
            }

    def _created(self, event: dict[str, Json]) -> Json:
        self._begin(event)
        return self._delta({"role": "assistant", "content": ""})

    def _delta(self, delta: dict[str, Json], finish: Json = None) -> dict[str, Json]:
        choice: dict[str, Json] = {"index": 0, "delta": delta, "finish_reason": finish}
        return {**self._head, "choices": [choice]}

    def _placed(self, chunk: dict[str, Json], event: dict[str, Json]) -> Json:
        """Return *chunk* with the log-probabilities; an unknown item is another's."""
        listed = event.get("logprobs")
        choices = chunk["choices"]
        if listed and isinstance(choices, list) and isinstance(choices[0], dict):
            choices[0]["logprobs"] = {"content": listed}
        name = event.get("item_id")
        if self._items and isinstance(name, str) and name not in self._items:
            return {**chunk, "id": name}
        return chunk

    def _seen(self, event: dict[str, Json]) -> None:
        if isinstance(item := event.get("item_id"), str):
            self._told |= {item, self._last}

    def _added(self, event: dict[str, Json]) -> Json:
        item = event.get("item")
        if isinstance(item, dict) and isinstance(name := item.get("id"), str):
            self._items.add(name)
            self._last = name
        if not isinstance(item, dict) or item.get("type") != "function_call":
            return None
        return self._begun(item)

    def _begun(self, item: dict[str, Json]) -> Json:
        number = len(self._calls)
        if isinstance(name := item.get("id", item.get("call_id")), str):
            self._calls[name] = number
            if item.get("arguments"):
                self._told.add(name)
        return self._delta({"tool_calls": [{"index": number, **_call(item)}]})

    def _arguments(self, event: dict[str, Json]) -> Json:
        self._seen(event)
        name = event.get("item_id")
        last = max(len(self._calls) - 1, 0)
        number = self._calls.get(name, last) if isinstance(name, str) else last
        fragment: Json = {
            "index": number,
            "function": {"arguments": event.get("delta")},
        }
        return self._delta({"tool_calls": [fragment]})

    def _done(self, event: dict[str, Json]) -> Json:  # noqa: PLR0911  # as above
        """Return what of an item has not come in deltas: servers may send none."""
        item = event.get("item")
        if not isinstance(item, dict):
            return None
        name = item.get("id", item.get("call_id"))
        if isinstance(name, str) and name in self._told:
            return None
        if item.get("type") == "function_call":
            if not isinstance(name, str) or name not in self._calls:
                return self._begun(item)
            return self._arguments({"item_id": name, "delta": item.get("arguments")})
        if item.get("type") == "reasoning" and (text := _thought_of(item)):
            return self._delta({"reasoning": text})
        if item.get("type") == "message" and (text := "".join(_answers([item]))):
            return self._delta({"content": text})
        return None

    def _ended(self, event: dict[str, Json]) -> Json:
        response = event.get("response")
        if not isinstance(response, dict):
            return self._delta({}, None)
        head = _head(response, "chat.completion.chunk")
        if response.get("status") == "failed" or event.get("type") == names.FAILED:
            error = response.get("error")
            return {**head, "error": error or {"message": "the response failed"}}
        called = bool(self._calls) or bool(_calls(_dicts(response.get("output"))))
        self._head = head
        chunk = self._delta({}, _finish(response, called=called))
        return {**chunk, **_usage(response)}
