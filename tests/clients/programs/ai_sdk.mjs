// Vercel's AI SDK: generateText and streamText with @ai-sdk/mistral or
// @ai-sdk/openai-compatible, which the first argument names.

import * as ai from "ai";

import { isMistral, serve } from "./adapter.mjs";

const { generateText, streamText, jsonSchema, tool } = ai;

async function modelOf(task) {
  const common = { baseURL: task.base_url, apiKey: task.api_key };
  if (process.argv[2] === "mistral") {
    const { createMistral } = await import("@ai-sdk/mistral");
    return createMistral(common)(task.model);
  }
  const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
  const includeUsage = !isMistral(task);
  const supported = { includeUsage, supportsStructuredOutputs: true };
  const options = { name: "server", ...supported, ...common };
  return createOpenAICompatible(options)(task.model);
}

function partsOf(content) {
  if (typeof content === "string") return content;
  return content.map((part) => {
    if (part.type === "text") return part;
    const [head, data] = part.image_url.url.split(",");
    const mediaType = head.slice("data:".length, -";base64".length);
    return { type: "image", image: Buffer.from(data, "base64"), mediaType };
  });
}

async function play(task) {
  const model = await modelOf(task);
  const tools = {};
  for (const one of task.tools) {
    tools[one.name] = tool({
      description: one.description,
      inputSchema: jsonSchema(one.parameters),
      execute: async () => task.tool_results[one.name],
    });
  }
  const { max_tokens, temperature, top_p, ...more } = task.options;
  const system = task.messages.find((m) => m.role === "system")?.content;
  const messages = task.messages
    .filter((m) => m.role !== "system")
    .map((m) => ({ role: m.role, content: partsOf(m.content) }));
  const name = process.argv[2] === "mistral" ? "mistral" : "server";
  const named = name === "mistral" ? { reasoningEffort: more.reasoning_effort } : more;
  const common = {
    model,
    maxOutputTokens: max_tokens,
    temperature,
    topP: top_p,
    providerOptions: { [name]: named },
    ...(system ? { system } : {}),
  };
  if (task.schema) {
    const schema = jsonSchema(task.schema);
    const { object } = await ai.generateObject({ ...common, messages, schema });
    return { answer: object };
  }
  const waiting = [...task.then];
  const made = [];
  for (;;) {
    const request = {
      ...common,
      messages,
      ...(task.tools.length ? { tools, stopWhen: ai.stepCountIs(5) } : {}),
    };
    const done = task.stream ? await streamed(request) : await generateText(request);
    const steps = await done.steps;
    for (const step of steps) {
      for (const call of step.toolCalls) {
        made.push({ id: call.toolCallId, name: call.toolName, arguments: call.input });
      }
    }
    const response = await done.response;
    messages.push(...response.messages);
    if (waiting.length) {
      messages.push({ role: "user", content: waiting.shift() });
      continue;
    }
    const usage = steps.at(-1).usage;
    return {
      answer: await done.text,
      reasoning: (await done.reasoningText) ?? null,
      tool_calls: made,
      finish_reason: await done.finishReason,
      usage: { prompt_tokens: usage.inputTokens, completion_tokens: usage.outputTokens },
    };
  }
}

async function streamed(request) {
  let failure;
  const result = streamText({
    ...request,
    onError: ({ error }) => {
      failure = error;
    },
  });
  await result.consumeStream();
  if (failure) throw failure;
  return result;
}

await serve(play);
