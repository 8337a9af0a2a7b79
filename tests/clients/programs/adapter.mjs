// What the adapter programs in JavaScript share: tasks are lines of JSON, and results too.

import { createInterface } from "node:readline";

// Answers each task on standard input with a line; what `play` throws is the error.
export async function serve(play) {
  for await (const line of createInterface({ input: process.stdin })) {
    if (!line.trim()) continue;
    let result;
    try {
      result = await play(JSON.parse(line));
    } catch (error) {
      result = { error: errorOf(error) };
    }
    process.stdout.write(JSON.stringify(result) + "\n");
  }
}

// Returns type, message and HTTP status of an error, as far as it has them.
export function errorOf(error) {
  const found = { type: error?.name ?? typeof error, message: String(error?.message ?? error) };
  for (let cause = error; cause; cause = cause.cause ?? cause.lastError) {
    const status = cause.statusCode ?? cause.status;
    if (typeof status === "number") found.status ??= status;
    if (cause !== error && cause.message) found.message += `; ${cause.message}`;
  }
  return found;
}

export const functions = (task) =>
  task.tools.map((tool) => ({ type: "function", function: tool }));

export const responseFormat = (task) => ({
  type: "json_schema",
  json_schema: { name: "answer", schema: task.schema, strict: true },
});

export const isMistral = (task) => task.dialect.startsWith("mistral");

// Asks until the model calls no tool any more, and all questions were asked. `ask` maps
// messages to the members of a result, and `message`, what the package sends back.
export async function converse(task, ask, toolMessages = toolMessage) {
  const messages = [...task.messages];
  const waiting = [...task.then];
  const made = [];
  for (;;) {
    const { message, ...said } = await ask(messages);
    const calls = said.tool_calls ?? [];
    made.push(...calls);
    if (calls.length) {
      messages.push(message, ...calls.map((call) => toolMessages(task, call)));
    } else if (waiting.length) {
      messages.push(message, { role: "user", content: waiting.shift() });
    } else {
      return { ...said, tool_calls: made };
    }
  }
}

function toolMessage(task, call) {
  const content = task.tool_results[call.name];
  return { role: "tool", tool_call_id: call.id, name: call.name, content };
}
