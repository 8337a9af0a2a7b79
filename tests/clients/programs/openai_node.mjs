// The package openai for Node.js: chat.completions.create, with and without a stream.

import OpenAI from "openai";

import { converse, functions, isMistral, responseFormat, serve } from "./adapter.mjs";

const thoughtOf = (part) => part.reasoning ?? part.reasoning_content ?? "";

async function play(task) {
  const client = new OpenAI({ baseURL: task.base_url, apiKey: task.api_key });
  const request = { model: task.model, ...task.options };
  if (task.tools.length) request.tools = functions(task);
  if (task.schema) request.response_format = responseFormat(task);
  return converse(task, (messages) => ask(client, task, { ...request, messages }));
}

const callsOf = (calls) =>
  calls.map((call) => ({
    id: call.id,
    name: call.function.name,
    arguments: call.function.arguments,
  }));

async function ask(client, task, request) {
  if (!task.stream) {
    const done = await client.chat.completions.create(request);
    const choice = done.choices[0];
    const { role, content, tool_calls } = choice.message;
    return {
      answer: content,
      reasoning: thoughtOf(choice.message),
      tool_calls: callsOf(tool_calls ?? []),
      finish_reason: choice.finish_reason,
      usage: done.usage,
      message: { role, content, ...(tool_calls?.length ? { tool_calls } : {}) },
    };
  }
  if (!isMistral(task)) request.stream_options = { include_usage: true };
  let answer = "";
  let reasoning = "";
  let finish = null;
  let usage = null;
  const calls = [];
  const stream = await client.chat.completions.create({ ...request, stream: true });
  for await (const chunk of stream) {
    usage = chunk.usage ?? usage;
    const choice = chunk.choices[0];
    if (!choice) continue;
    answer += choice.delta.content ?? "";
    reasoning += thoughtOf(choice.delta);
    finish = choice.finish_reason ?? finish;
    for (const part of choice.delta.tool_calls ?? []) {
      const call = (calls[part.index] ??= {
        id: "",
        type: "function",
        function: { name: "", arguments: "" },
      });
      call.id = part.id ?? call.id;
      call.function.name = part.function?.name ?? call.function.name;
      call.function.arguments += part.function?.arguments ?? "";
    }
  }
  const message = { role: "assistant", content: answer };
  if (calls.length) message.tool_calls = calls;
  const found = callsOf(calls);
  return { answer, reasoning, tool_calls: found, finish_reason: finish, usage, message };
}

await serve(play);
