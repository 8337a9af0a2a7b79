"""A client without any package: what a program has to do to pass every requirement."""

from __future__ import annotations

import email.utils
import gzip
import http.client
import json
import time
import zlib
from urllib.parse import urlsplit

import adapter

ATTEMPTS = 4
AGAIN = {408, 429, 500, 502, 503, 504}


class FailedError(Exception):
    """A request that failed, with the HTTP status if there is one."""

    def __init__(self, message, status_code=None):
        super().__init__(message)
        self.status_code = status_code


def post(task, body, path="chat/completions"):
    """Return the response to *body*; repeat it while the server is busy or down."""
    for attempt in range(ATTEMPTS):
        place = urlsplit(task["base_url"])
        connection = http.client.HTTPConnection(place.netloc, timeout=20)
        connection.request(
            "POST",
            f"{place.path}/{path}",
            json.dumps(body).encode(),
            {
                "authorization": f"Bearer {task['api_key']}",
                "content-type": "application/json",
                "accept-encoding": "gzip",
            },
        )
        response = connection.getresponse()
        if response.status == 200:
            return response
        if response.status not in AGAIN or attempt == ATTEMPTS - 1:
            text = response.read().decode(errors="replace")
            raise FailedError(f"{response.status}: {text[:500]}", response.status)
        time.sleep(pause(response, attempt))
    raise AssertionError


def pause(response, attempt):
    """Return the seconds of Retry-After, or else a short back-off."""
    given = response.getheader("retry-after")
    if given is None:
        return 0.05 * 2**attempt
    if given.isdigit():
        return int(given)
    return max(0.0, email.utils.parsedate_to_datetime(given).timestamp() - time.time())


def parts(response):
    """Yield the bytes of the body, decompressed."""
    coded = response.getheader("content-encoding") == "gzip"
    unpack = zlib.decompressobj(wbits=31)
    while part := response.read1(65_536):
        yield unpack.decompress(part) if coded else part


def events(response, *, typed=False):
    """Yield the data of each event, as WHATWG 9.2.6 says; *typed* of any type."""
    buffer = b""
    kind, data = "", []
    for part in (*parts(response), b"\n\n"):
        buffer += part
        end = buffer.endswith(b"\r")
        lines = buffer.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        buffer = lines.pop() if not end else b"\r" if lines.pop() == b"" else b""
        if end:
            lines, buffer = lines[:-1], lines[-1] + b"\r"
        for line in lines:
            if not line:
                if data and (typed or kind in {"", "message"}):
                    yield "\n".join(data)
                kind, data = "", []
                continue
            name, _, value = line.decode().partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            elif name == "event":
                kind = value


def content_of(part):
    """Return the reasoning and the text in a message or a delta."""
    thought = part.get("reasoning") or part.get("reasoning_content") or ""
    content = part.get("content")
    if isinstance(content, str):
        return thought, content
    text = ""
    for chunk in content or []:
        if chunk.get("type") == "text":
            text += chunk["text"]
        elif chunk.get("type") == "thinking":
            inner = chunk["thinking"]
            thought += (
                inner
                if isinstance(inner, str)
                else "".join(one.get("text", "") for one in inner)
            )
    return thought, text


def ask(task, messages):
    """Send one request; return reasoning, text, calls, finish reason and usage."""
    body = {"model": task["model"], "messages": messages, **task["options"]}
    if task["tools"]:
        body["tools"] = adapter.functions(task)
    if task["schema"]:
        body["response_format"] = adapter.response_format(task)
    if not task["stream"]:
        response = post(task, body)
        raw = response.read()
        if response.getheader("content-encoding") == "gzip":
            raw = gzip.decompress(raw)
        value = json.loads(raw)
        choice = value["choices"][0]
        thought, text = content_of(choice["message"])
        calls = [
            {
                "id": call["id"],
                "name": call["function"]["name"],
                "arguments": call["function"]["arguments"],
            }
            for call in choice["message"].get("tool_calls") or []
        ]
        return thought, text, calls, choice.get("finish_reason"), value.get("usage")
    return stream(task, {**body, "stream": True})


def stream(task, body):
    """Send a request for a stream, and assemble what comes."""
    if not task["dialect"].startswith("mistral"):
        body["stream_options"] = {"include_usage": True}
    thought = text = ""
    calls, finish, usage = {}, None, None
    for data in events(post(task, body)):
        if data == "[DONE]":
            break
        value = json.loads(data)
        if "error" in value:
            raise FailedError(str(value["error"]))
        usage = value.get("usage") or usage
        for choice in value.get("choices") or []:
            more, words = content_of(choice["delta"])
            thought, text = thought + more, text + words
            finish = choice.get("finish_reason") or finish
            for number, call in enumerate(choice["delta"].get("tool_calls") or []):
                index = call.get("index", number)
                one = calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
                function = call.get("function") or {}
                one["id"] = call.get("id") or one["id"]
                one["name"] = function.get("name") or one["name"]
                one["arguments"] += function.get("arguments") or ""
    if finish is None:
        raise FailedError("the stream ended without a finish reason")
    return thought, text, list(calls.values()), finish, usage


def assistant(task, thought, text, calls):
    """Return the message to send back; reasoning only where the API takes it."""
    message = {"role": "assistant", "content": text}
    if thought and task["dialect"].startswith("mistral"):
        chunk = {"type": "thinking", "thinking": [{"type": "text", "text": thought}]}
        message["content"] = [
            chunk,
            *([{"type": "text", "text": text}] if text else []),
        ]
    if calls:
        message["tool_calls"] = [
            {
                "id": call["id"],
                "type": "function",
                "function": {"name": call["name"], "arguments": call["arguments"]},
            }
            for call in calls
        ]
    return message


def play(task):
    """Return the result of *task*."""
    messages = list(task["messages"])
    waiting = list(task["then"])
    made = []
    while True:
        thought, text, calls, finish, usage = ask(task, messages)
        made += calls
        if calls:
            messages.append(assistant(task, thought, text, calls))
            messages += [
                {
                    "role": "tool",
                    "tool_call_id": call["id"],
                    "content": task["tool_results"][call["name"]],
                }
                for call in calls
            ]
        elif waiting:
            messages.append(assistant(task, thought, text, []))
            messages.append({"role": "user", "content": waiting.pop(0)})
        else:
            return {
                "answer": text,
                "reasoning": thought,
                "tool_calls": made,
                "usage": usage,
                "finish_reason": finish,
            }


if __name__ == "__main__":
    adapter.serve(play)
