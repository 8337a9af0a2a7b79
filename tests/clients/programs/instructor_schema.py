"""instructor: structured output, by the schema as a tool or as a response format."""

from __future__ import annotations

import adapter
import instructor
import openai
from openai_python import play as chat
from pydantic import create_model


def play(task):
    if not task["schema"] or task["stream"]:
        return chat(task)
    types = {"string": str, "integer": int}
    fields = {
        name: (types[value["type"]], ...)
        for name, value in task["schema"]["properties"].items()
    }
    client = instructor.from_openai(
        openai.OpenAI(base_url=task["base_url"], api_key=task["api_key"]),
        mode=instructor.Mode.JSON_SCHEMA,
    )
    found = client.chat.completions.create(
        model=task["model"],
        messages=task["messages"],
        response_model=create_model("Answer", **fields),
        max_retries=1,
        extra_body=task["options"] or None,
    )
    return {"answer": found.model_dump()}


if __name__ == "__main__":
    adapter.serve(play)
