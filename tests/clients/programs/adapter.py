"""What the adapter programs share: tasks come as lines of JSON, and results go back."""

from __future__ import annotations

import json
import sys


def serve(play):
    """
    Answer each task on standard input with one line on standard output.

    *play* maps a task to a result; what it raises is the error of the result.
    """
    for line in sys.stdin:
        if not line.strip():
            continue
        task = json.loads(line)
        try:
            result = play(task)
        except Exception as error:
            result = {"error": error_of(error)}
        print(json.dumps(result), flush=True)


def error_of(error):
    """Return type, message and HTTP status of *error*, as far as it has them."""
    found = {"type": type(error).__name__, "message": str(error)}
    cause = error
    while cause is not None:
        for name in ("status_code", "http_status", "code"):
            status = getattr(cause, name, None)
            if isinstance(status, int):
                found.setdefault("status", status)
        cause = cause.__cause__ or cause.__context__
    return found


def functions(task):
    """Return the tools of *task* as the chat API spells them."""
    return [{"type": "function", "function": tool} for tool in task["tools"]]


def response_format(task):
    """Return the response format that the schema of *task* asks for."""
    schema = {"name": "answer", "schema": task["schema"], "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def converse(task, ask, results=None):
    """
    Return the result of *task* by asking until the model calls no tool any more.

    *ask* maps messages to a dict with the members of a result and with "message", the
    message of the assistant as the package sends it back; *results* makes the messages
    that bring the results of calls.
    """
    messages, waiting, made = list(task["messages"]), list(task["then"]), []
    results = results or tool_messages
    while True:
        said = ask(messages)
        message = said.pop("message")
        calls = said.get("tool_calls") or []
        made += calls
        if calls:
            messages += [message, *results(task, calls)]
        elif waiting:
            messages += [message, {"role": "user", "content": waiting.pop(0)}]
        else:
            return {**said, "tool_calls": made}


def tool_messages(task, calls):
    """Return the message with the result of each call, as the chat API spells it."""
    return [
        {
            "role": "tool",
            "tool_call_id": call["id"],
            "name": call["name"],
            "content": task["tool_results"][call["name"]],
        }
        for call in calls
    ]


def plain(value):
    """Return *value* as JSON: objects of pydantic and the like as dicts."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "dict") and not isinstance(value, dict):
        return value.dict()
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def is_mistral(task):
    """Return whether the server is Mistral's API, which has options of its own."""
    return task["dialect"].startswith("mistral")


def calls_back(calls):
    """Return the calls as the chat API spells them."""
    return [
        {
            "id": call["id"],
            "type": "function",
            "function": {"name": call["name"], "arguments": call["arguments"]},
        }
        for call in calls
    ]
