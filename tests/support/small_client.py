"""
A client without sockets, which passes every requirement, and its bugs, which do not.

It talks to a `Stage` and lives on a virtual clock; each bug overrides one method.
"""

from __future__ import annotations

import json
import time
import zlib
from email.utils import parsedate_to_datetime

from contract.catalog.profiles import named
from contract.clients.judging import scenarios
from contract.clients.output import Output
from contract.clients.scenario import Run
from contract.clients.stage import KEY, WRONG_KEY, Stage
from contract.clients.task import Place, to_json
from contract.model.exchange import End
from contract.model.wire import Request

AGAIN = {429, 500, 502, 503, 504}


class FailedError(Exception):
    """A request that failed."""

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status


class Client:
    """Plays one task; the methods are what bugs change."""

    attempts = 3
    first_byte = 5.0

    def __init__(self, stage, task, clock):
        self.stage, self.task, self.clock = stage, task, clock

    def headers(self):
        return {
            "authorization": f"Bearer {self.task['api_key']}",
            "content-type": "application/json",
            "accept-encoding": "gzip",
        }

    def path(self):
        return "/v1/chat/completions"

    def body(self, messages):
        task = self.task
        body = {"model": task["model"], "messages": messages, **task["options"]}
        if task["tools"]:
            body["tools"] = [{"type": "function", "function": t} for t in task["tools"]]
        if task["schema"]:
            schema = {"name": "answer", "schema": task["schema"]}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if task["stream"]:
            body["stream"] = True
            if not task["dialect"].startswith("mistral"):
                body["stream_options"] = {"include_usage": True}
        return body

    def post(self, body):
        for attempt in range(self.attempts):
            raw = json.dumps(body).encode()
            headers = tuple(self.headers().items())
            reply = self.stage.reply(Request("POST", self.path(), headers, raw))
            if reply.status == 200:
                return reply
            pause = self.pause(reply, attempt)
            if pause is None or attempt == self.attempts - 1:
                break
            self.clock.now += pause
        raise FailedError(self.error_text(reply), reply.status)

    def error_text(self, reply):
        return f"{reply.status}: {reply.body.decode(errors='replace')}"

    def pause(self, reply, attempt):
        if reply.status not in AGAIN:
            return None
        given = dict(reply.headers).get("retry-after")
        if given is None:
            return 0.1 * 2**attempt
        if given.isdigit():
            return float(given)
        return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())

    def parts(self, reply):
        if reply.frames and reply.frames[0].at > self.first_byte:
            raise FailedError("timed out")
        coded = dict(reply.headers).get("content-encoding") == "gzip"
        unpack = zlib.decompressobj(wbits=31)
        for frame in reply.frames:
            yield unpack.decompress(frame.data) if coded else frame.data
        if reply.end is not End.COMPLETE:
            raise FailedError("the connection was reset")

    def lines(self, reply):
        text = b"".join(self.parts(reply)).decode()
        return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def events(self, reply):
        kind, data = "", []
        for line in self.lines(reply):
            if not line:
                if data and self.takes(kind):
                    yield "\n".join(data)
                kind, data = "", []
            name, value = self.field(line)
            if name == "data":
                data.append(value)
            elif name == "event":
                kind = value

    def field(self, line):
        name, _, value = line.partition(":")
        return name, value.removeprefix(" ")

    def takes(self, kind):
        return kind in {"", "message"}

    def thought(self, part):
        found = part.get("reasoning") or part.get("reasoning_content") or ""
        for chunk in self.chunks(part):
            if chunk.get("type") == "thinking":
                found += "".join(one.get("text", "") for one in chunk["thinking"])
        return found

    def text(self, part):
        if isinstance(part.get("content"), str):
            return part["content"]
        return "".join(c["text"] for c in self.chunks(part) if c.get("type") == "text")

    def chunks(self, part):
        return part["content"] if isinstance(part.get("content"), list) else []

    def check_chunk(self, value):
        """Raise for a chunk or a body that the client does not take."""

    def finish(self, reason):
        return reason

    def usage(self, value):
        return value

    def whole(self, reply):
        value = json.loads(b"".join(self.parts(reply)))
        self.check_chunk(value)
        choice = value["choices"][0]
        message = choice["message"]
        calls = [
            {"id": c["id"], **c["function"]} for c in message.get("tool_calls") or []
        ]
        finish = self.finish(choice.get("finish_reason"))
        usage = self.usage(value.get("usage"))
        return self.thought(message), self.text(message), calls, finish, usage

    def streamed(self, reply):
        thought, text, calls, finish, usage, done = "", "", {}, None, None, False
        for data in self.events(reply):
            if data == "[DONE]":
                done = True
                break
            value = json.loads(data)
            self.check_error(value)
            self.check_chunk(value)
            usage = value.get("usage") or usage
            for choice in self.choices(value):
                thought += self.thought(choice["delta"])
                text += self.text(choice["delta"])
                finish = choice.get("finish_reason") or finish
                for n, call in enumerate(choice["delta"].get("tool_calls") or []):
                    self.add(calls, call.get("index", n), call)
        self.at_end(finish, done=done)
        found = list(calls.values())
        return thought, text, found, self.finish(finish), self.usage(usage)

    def add(self, calls, index, call):
        one = calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
        function = call.get("function") or {}
        one["id"] = call.get("id") or one["id"]
        one["name"] = function.get("name") or one["name"]
        one["arguments"] += function.get("arguments") or ""

    def choices(self, value):
        return value.get("choices") or []

    def check_error(self, value):
        if "error" in value:
            raise FailedError(str(value["error"]))

    def at_end(self, finish, *, done):  # noqa: ARG002  # a bug needs it
        if finish is None:
            raise FailedError("the stream has no finish reason")

    def replay(self, thought, text, calls):
        message = {"role": "assistant", "content": text}
        if thought and self.task["dialect"].startswith("mistral"):
            inner = [{"type": "text", "text": thought}]
            message["content"] = [{"type": "thinking", "thinking": inner}]
            message["content"] += [{"type": "text", "text": text}] if text else []
        if calls:
            message["tool_calls"] = [
                {
                    "id": c["id"],
                    "type": "function",
                    "function": {"name": c["name"], "arguments": c["arguments"]},
                }
                for c in calls
            ]
        return message

    def results(self, calls):
        return [
            {
                "role": "tool",
                "tool_call_id": c["id"],
                "content": self.task["tool_results"][c["name"]],
            }
            for c in calls
        ]

    def ask(self, messages):
        reply = self.post(self.body(messages))
        return self.streamed(reply) if self.task["stream"] else self.whole(reply)

    def play(self):
        messages, waiting, made = list(self.task["messages"]), [*self.task["then"]], []
        while True:
            thought, text, calls, finish, usage = self.ask(messages)
            made += calls
            if calls:
                messages += [self.replay(thought, text, calls), *self.results(calls)]
            elif waiting:
                messages.append(self.replay(thought, text, calls))
                messages.append({"role": "user", "content": waiting.pop(0)})
            else:
                return {
                    "answer": text,
                    "reasoning": thought,
                    "tool_calls": made,
                    "finish_reason": finish,
                    "usage": usage,
                }


class ResponsesClient(Client):
    """The same for `/v1/responses`: items in, items and typed events out."""

    def path(self):
        return "/v1/responses"

    def takes(self, kind):
        return kind in {"", "message", "error"} or kind.startswith("response.")

    def body(self, messages):
        task = self.task
        items = [item for message in messages for item in self.items(message)]
        body = {"model": task["model"], "input": items, **task["options"]}
        if task["tools"]:
            body["tools"] = [{"type": "function", **t} for t in task["tools"]]
        if task["schema"]:
            schema = {"type": "json_schema", "name": "a", "schema": task["schema"]}
            body["text"] = {"format": schema}
        return {**body, "stream": True} if task["stream"] else body

    def items(self, message):
        if "type" in message:
            return [message]
        content = message["content"]
        if isinstance(content, list):
            content = [
                {"type": "input_image", "image_url": part["image_url"]["url"]}
                if part["type"] == "image_url"
                else {"type": "input_text", "text": part["text"]}
                for part in content
            ]
        return [{"type": "message", "role": message["role"], "content": content}]

    def whole(self, reply):
        return self.response(json.loads(b"".join(self.parts(reply))))

    def streamed(self, reply):
        for data in self.events(reply):
            event = json.loads(data)
            self.check_event(event)
            if event["type"] in {"response.completed", "response.incomplete"}:
                return self.response(event["response"])
        raise FailedError("the stream has no end")

    def check_event(self, event):
        if event["type"] == "error":
            raise FailedError(event["message"])
        if event["type"] == "response.failed":
            raise FailedError(event["response"]["error"]["message"])

    def response(self, value):
        self.output = self.known(value["output"])
        parts = [
            part
            for item in self.output
            if item["type"] in {"message", "reasoning"}
            for part in item["content"]
        ]
        thought, text = (
            "".join(part["text"] for part in parts if part["type"] == kind)
            for kind in ("reasoning_text", "output_text")
        )
        calls = [
            {"id": c["call_id"], "name": c["name"], "arguments": c["arguments"]}
            for c in self.output
            if c["type"] == "function_call"
        ]
        details = value.get("incomplete_details") or {}
        counts = value.get("usage") or {}
        usage = {
            "prompt_tokens": counts.get("input_tokens"),
            "completion_tokens": counts.get("output_tokens"),
        }
        return thought, text, calls, details.get("reason") or value["status"], usage

    def known(self, output):
        kinds = {"message", "reasoning", "function_call"}
        return [item for item in output if item["type"] in kinds]

    def play(self):
        messages, waiting, made = list(self.task["messages"]), [*self.task["then"]], []
        while True:
            thought, text, calls, finish, usage = self.ask(messages)
            made += calls
            messages += self.output
            messages += [
                {
                    "type": "function_call_output",
                    "call_id": c["id"],
                    "output": self.task["tool_results"][c["name"]],
                }
                for c in calls
            ]
            if not calls and not waiting:
                return {
                    "answer": text,
                    "reasoning": thought,
                    "tool_calls": made,
                    "finish_reason": finish,
                    "usage": usage,
                }
            if not calls:
                messages.append({"role": "user", "content": waiting.pop(0)})


class Clock:
    """A virtual clock, in seconds."""

    now = 0.0

    def __call__(self):
        return self.now


def played(client, scenario, dialect, monkeypatch):
    """Return the run of a *client* class, or None if the dialect lacks the scenario."""
    profile = named(dialect, what="dialect")
    found = scenarios()[scenario]
    if not found.where(profile.dialect):
        return None
    clock = Clock()
    monkeypatch.setattr("contract.clients.stage.time.monotonic", clock)
    stage = Stage(found, profile)
    key = WRONG_KEY if found.wrong_key else KEY
    place = Place(url="http://llm.test", key=key, model=stage.model)
    thinks = any(turn.thought for turn in found.turns)
    task = json.loads(
        to_json(found.task, place, scenario=scenario, profile=profile, thinks=thinks)
    )
    try:
        result = client(stage, task, clock).play()
    except Exception as error:  # noqa: BLE001  # whatever a client raises is its error
        status = getattr(error, "status", None)
        result = {
            "error": {
                "type": type(error).__name__,
                "message": str(error),
                "status": status,
            }
        }
    return Run(
        scenario=found,
        dialect=profile.dialect,
        output=Output(result=result),
        sent=stage.sent,
        key=key,
        model=stage.model,
    )
