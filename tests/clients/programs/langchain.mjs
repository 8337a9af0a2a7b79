// LangChain for JavaScript: invoke and stream of ChatMistralAI.

import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { ChatMistralAI } from "@langchain/mistralai";

import { functions, serve } from "./adapter.mjs";

const kinds = { system: SystemMessage, user: HumanMessage, assistant: AIMessage };

function thoughtOf(message) {
  const blocks = message.contentBlocks ?? (Array.isArray(message.content) ? message.content : []);
  let found = "";
  for (const block of blocks) {
    if (block.type === "reasoning") found += block.reasoning ?? "";
    if (block.type === "thinking") {
      found += Array.isArray(block.thinking)
        ? block.thinking.map((one) => one.text ?? "").join("")
        : (block.thinking ?? "");
    }
  }
  return found || message.additional_kwargs?.reasoning_content || null;
}

async function play(task) {
  let model = new ChatMistralAI({
    apiKey: task.api_key,
    serverURL: task.server_url,
    model: task.model,
    maxTokens: task.options.max_tokens,
    temperature: task.options.temperature,
    topP: task.options.top_p,
    maxRetries: 3,
  });
  const messages = task.messages.map((m) => new kinds[m.role]({ content: m.content }));
  if (task.schema) {
    const structured = model.withStructuredOutput(task.schema, { name: "answer" });
    return { answer: await structured.invoke(messages) };
  }
  if (task.tools.length) model = model.bindTools(functions(task));
  const waiting = [...task.then];
  const made = [];
  for (;;) {
    let message;
    if (task.stream) {
      for await (const chunk of await model.stream(messages)) {
        message = message ? message.concat(chunk) : chunk;
      }
    } else {
      message = await model.invoke(messages);
    }
    messages.push(message);
    const calls = message.tool_calls ?? [];
    made.push(...calls.map((c) => ({ id: c.id, name: c.name, arguments: c.args })));
    if (calls.length) {
      for (const call of calls) {
        const content = task.tool_results[call.name];
        messages.push(new ToolMessage({ content, tool_call_id: call.id, name: call.name }));
      }
    } else if (waiting.length) {
      messages.push(new HumanMessage(waiting.shift()));
    } else {
      const usage = message.usage_metadata;
      return {
        answer: message.text ?? message.content,
        reasoning: thoughtOf(message),
        tool_calls: made,
        finish_reason: message.response_metadata?.finish_reason ?? null,
        usage: { prompt_tokens: usage?.input_tokens, completion_tokens: usage?.output_tokens },
      };
    }
  }
}

await serve(play);
