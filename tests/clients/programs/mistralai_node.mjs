// The package @mistralai/mistralai: chat.complete and chat.stream.

import * as packaged from "@mistralai/mistralai";

import { converse, functions, responseFormat, serve } from "./adapter.mjs";

const Client = packaged.Mistral ?? packaged.default;
// Before 1.0 the client had methods of its own, and the names of the API.
const old = !packaged.Mistral;

const camel = (value) => {
  if (Array.isArray(value)) return value.map(camel);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()),
      key === "parameters" || key === "schemaDefinition" ? item : camel(item),
    ]),
  );
};

function textOf(content) {
  if (!Array.isArray(content)) return ["", content ?? ""];
  let thought = "";
  let text = "";
  for (const chunk of content) {
    if (chunk.type === "thinking") {
      thought += (chunk.thinking ?? []).map((one) => one.text ?? "").join("");
    } else if (chunk.type === "text") {
      text += chunk.text;
    }
  }
  return [thought, text];
}

const callsOf = (calls) =>
  (calls ?? []).map((call) => ({
    id: call.id,
    name: call.function.name,
    arguments: call.function.arguments,
  }));

async function play(task) {
  const backoff = { initialInterval: 100, maxInterval: 2000, exponent: 1.5, maxElapsedTime: 6000 };
  const client = old
    ? new Client(task.api_key, task.server_url)
    : new Client({
        apiKey: task.api_key,
        serverURL: task.server_url,
        retryConfig: { strategy: "backoff", backoff, retryConnectionErrors: false },
      });
  const request = { model: task.model, ...task.options };
  if (task.tools.length) request.tools = functions(task);
  if (old) {
    if (task.schema) request.responseFormat = responseFormat(task);
    request.maxTokens = task.options.max_tokens;
    request.topP = task.options.top_p;
    return converse(task, (messages) => askOld(client, task, { ...request, messages }));
  }
  if (task.schema) {
    const named = { name: "answer", schemaDefinition: task.schema, strict: true };
    request.response_format = { type: "json_schema", jsonSchema: named };
  }
  return converse(
    task,
    (messages) => ask(client, task, camel({ ...request, messages })),
    (_, call) => ({
      role: "tool",
      toolCallId: call.id,
      name: call.name,
      content: task.tool_results[call.name],
    }),
  );
}

async function ask(client, task, request) {
  if (!task.stream) {
    const done = await client.chat.complete(request);
    const choice = done.choices[0];
    const [reasoning, answer] = textOf(choice.message.content);
    return {
      answer,
      reasoning,
      tool_calls: callsOf(choice.message.toolCalls),
      finish_reason: choice.finishReason,
      usage: usageOf(done.usage),
      message: { role: "assistant", ...choice.message },
    };
  }
  let answer = "";
  let reasoning = "";
  let finish = null;
  let usage = null;
  const calls = [];
  for await (const { data } of await client.chat.stream(request)) {
    usage = data.usage ?? usage;
    const choice = data.choices[0];
    if (!choice) continue;
    const [thought, text] = textOf(choice.delta.content);
    reasoning += thought;
    answer += text;
    finish = choice.finishReason ?? finish;
    calls.push(...(choice.delta.toolCalls ?? []));
  }
  const content = reasoning
    ? [
        { type: "thinking", thinking: [{ type: "text", text: reasoning }] },
        ...(answer ? [{ type: "text", text: answer }] : []),
      ]
    : answer;
  const message = { role: "assistant", content };
  if (calls.length) message.toolCalls = calls;
  const found = callsOf(calls);
  return {
    answer,
    reasoning,
    tool_calls: found,
    finish_reason: finish,
    usage: usageOf(usage),
    message,
  };
}

async function askOld(client, task, request) {
  if (!task.stream) {
    const done = await client.chat(request);
    const choice = done.choices[0];
    return {
      answer: choice.message.content,
      tool_calls: callsOf(choice.message.tool_calls),
      finish_reason: choice.finish_reason,
      usage: done.usage,
      message: choice.message,
    };
  }
  let answer = "";
  let finish = null;
  let usage = null;
  const calls = [];
  for await (const chunk of client.chatStream(request)) {
    usage = chunk.usage ?? usage;
    const choice = chunk.choices[0];
    if (!choice) continue;
    answer += choice.delta.content ?? "";
    finish = choice.finish_reason ?? finish;
    calls.push(...(choice.delta.tool_calls ?? []));
  }
  const message = { role: "assistant", content: answer };
  if (calls.length) message.tool_calls = calls;
  return { answer, tool_calls: callsOf(calls), finish_reason: finish, usage, message };
}

const usageOf = (usage) =>
  usage && { prompt_tokens: usage.promptTokens, completion_tokens: usage.completionTokens };

await serve(play);
