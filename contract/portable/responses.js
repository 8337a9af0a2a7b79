// Reads replies of /v1/responses as chat completions, by the rules of
// contract/providers/responses/replies.py. ES2017, without a module of Node.
var magistralResponses = (function () {
  'use strict';
  const COUNTERS = {
    input_tokens: 'prompt_tokens', output_tokens: 'completion_tokens',
    input_tokens_details: 'prompt_tokens_details',
    output_tokens_details: 'completion_tokens_details',
  };
  const REASONS = {max_output_tokens: 'length', content_filter: 'content_filter'};
  const TEXTS = {
    'response.output_text.delta': 'content', 'response.refusal.delta': 'refusal',
    'response.reasoning_text.delta': 'reasoning',
    'response.reasoning_summary_text.delta': 'reasoning',
  };
  const ENDS = ['response.completed', 'response.incomplete', 'response.failed'];
  const isObject = (v) => v !== null && typeof v === 'object' && !Array.isArray(v);
  const isText = (v) => typeof v === 'string';
  const has = (v, name) => Object.prototype.hasOwnProperty.call(v, name);
  const own = (v, name) => (has(v, name) ? v[name] : null);
  const objects = (v) => (Array.isArray(v) ? v : []).filter(isObject);
  const truthy = (v) => !!v && !(typeof v === 'object' && Object.keys(v).length === 0);

  const textsOf = (parts, kinds) => objects(parts)
    .filter((p) => kinds.includes(p.type) && isText(p.text)).map((p) => p.text);
  const answersOf = (item) => (item.type === 'message'
    ? textsOf(item.content, ['output_text', 'text']) : []);
  const thoughtOf = (item) => (item.type !== 'reasoning' ? ''
    : textsOf(item.content, ['reasoning_text', 'text']).join('') ||
      textsOf(item.summary, ['summary_text']).join(''));
  const isCall = (item) => item.type === 'function_call';

  function callOf(item) {
    const call = {type: 'function', function: {}};
    ['name', 'arguments'].filter((k) => has(item, k)).forEach((k) => { call.function[k] = item[k]; });
    if (has(item, 'call_id')) call.id = item.call_id;
    return call;
  }

  function headOf(response, kind) {
    const head = {};
    [['id', 'id'], ['created_at', 'created'], ['model', 'model']]
      .filter(([name]) => has(response, name)).forEach(([name, chat]) => { head[chat] = response[name]; });
    if (has(response, 'object')) {
      head.object = response.object === 'response' ? kind : response.object;
    }
    return head;
  }

  function finishOf(response, called) {
    const status = own(response, 'status');
    if (status === 'completed') return called ? 'tool_calls' : 'stop';
    if (status === 'incomplete') {
      const details = response.incomplete_details;
      const reason = isObject(details) ? details.reason : null;
      if (!isText(reason)) return 'length';
      return has(REASONS, reason) ? REASONS[reason] : reason;
    }
    if (status === 'failed' || status === 'cancelled') return 'error';
    return status === 'in_progress' ? null : status;
  }

  function usageOf(response) {
    if (!has(response, 'usage')) return {};
    const usage = response.usage;
    if (!isObject(usage)) return {usage};
    const named = {};
    Object.keys(usage).forEach((k) => { named[has(COUNTERS, k) ? COUNTERS[k] : k] = usage[k]; });
    return {usage: named};
  }

  function inOrder(items) {  // the parts of a message whose reasoning does not come first
    return items.reduce((parts, item) => {
      const thought = thoughtOf(item);
      return parts.concat(thought ? [{type: 'thinking', thinking: thought}]
        : answersOf(item).map((text) => ({type: 'text', text})));
    }, []);
  }

  function read(value) {
    if (!isObject(value) || !has(value, 'output')) {
      return isObject(value) && value.object === 'response' && isObject(value.error)
        ? {error: value.error} : value;
    }
    if (value.status === 'failed' && truthy(value.error)) return {error: value.error};
    let message = {role: 'assistant', content: null};
    const items = objects(value.output);
    const texts = items.reduce((all, item) => all.concat(answersOf(item)), []);
    const thoughts = items.map(thoughtOf).filter((text) => text);
    if (texts.length) message.content = texts.join('');
    if (thoughts.length) message.reasoning = thoughts.join('');
    const kinds = items.map((i) => i.type).filter((k) => k === 'message' || k === 'reasoning');
    const answered = kinds.indexOf('message');
    if (thoughts.length && texts.length && answered >= 0 &&
        kinds.slice(answered).includes('reasoning')) {
      message = {role: 'assistant', content: inOrder(items)};
    }
    const calls = items.filter(isCall).map((item, index) => Object.assign({index}, callOf(item)));
    if (calls.length) message.tool_calls = calls;
    const head = headOf(value, 'chat.completion');
    if (!items.length && [null, 'queued'].includes(finishOf(value, false))) {
      return Object.assign(head, {choices: []}, usageOf(value));
    }
    const choice = {index: 0, message, finish_reason: finishOf(value, calls.length > 0)};
    return Object.assign(head, {choices: [choice]}, usageOf(value));
  }

  function reader() {  // -> a function from the JSON of an event to a chunk, or null
    let head = {object: 'chat.completion.chunk'}, last = '';
    const calls = new Map(), mentioned = new Set(), items = new Set();
    const delta = (part, finish) => Object.assign({}, head,
      {choices: [{index: 0, delta: part, finish_reason: finish === undefined ? null : finish}]});
    const begin = (event) => {
      if (isObject(event.response)) {
        head = Object.assign({}, head, headOf(event.response, 'chat.completion.chunk'));
      }
    };
    const seen = (event) => {
      if (isText(event.item_id)) { mentioned.add(event.item_id); mentioned.add(last); }
    };
    const nameOf = (item) => (has(item, 'id') ? item.id : own(item, 'call_id'));
    const begun = (item) => {
      const index = calls.size, name = nameOf(item);
      if (isText(name)) {
        calls.set(name, index);
        if (truthy(item.arguments)) mentioned.add(name);
      }
      return delta({tool_calls: [Object.assign({index}, callOf(item))]});
    };
    const argumentsOf = (event) => {
      seen(event);
      const newest = Math.max(calls.size - 1, 0), name = event.item_id;
      const index = isText(name) && calls.has(name) ? calls.get(name) : newest;
      return delta({tool_calls: [{index, function: {arguments: own(event, 'delta')}}]});
    };
    const spoken = (event) => {
      seen(event);
      const chunk = delta({[TEXTS[event.type]]: own(event, 'delta')}), name = event.item_id;
      return items.size && isText(name) && !items.has(name)
        ? Object.assign(chunk, {id: name}) : chunk;
    };
    const added = (item) => {
      if (!isObject(item)) return null;
      if (isText(item.id)) { items.add(item.id); last = item.id; }
      return isCall(item) ? begun(item) : null;
    };
    const done = (item) => {  // what of an item has not come in deltas
      if (!isObject(item)) return null;
      const name = nameOf(item);
      if (isText(name) && mentioned.has(name)) return null;
      if (isCall(item)) {
        return isText(name) && calls.has(name)
          ? argumentsOf({item_id: name, delta: own(item, 'arguments')}) : begun(item);
      }
      const thought = thoughtOf(item), answer = answersOf(item).join('');
      if (thought) return delta({reasoning: thought});
      return answer ? delta({content: answer}) : null;
    };
    const ended = (event) => {
      const response = event.response;
      if (!isObject(response)) return delta({});
      const own_ = headOf(response, 'chat.completion.chunk');
      if (response.status === 'failed' || event.type === 'response.failed') {
        const error = truthy(response.error) ? response.error : {message: 'the response failed'};
        return Object.assign(own_, {error});
      }
      const called = calls.size > 0 || objects(response.output).some(isCall);
      head = own_;
      return Object.assign(delta({}, finishOf(response, called)), usageOf(response));
    };
    return (event) => {
      const kind = isObject(event) ? event.type : null;
      if (!isText(kind)) return event;
      if (kind === 'response.created') { begin(event); return delta({role: 'assistant', content: ''}); }
      if (kind === 'response.in_progress') { begin(event); return null; }
      if (ENDS.includes(kind)) return ended(event);
      if (kind === 'error') {
        const error = Object.assign({}, event);
        delete error.type;
        delete error.error;
        return {error: isObject(event.error) ? Object.assign(error, event.error) : error};
      }
      if (has(TEXTS, kind)) return spoken(event);
      if (kind === 'response.function_call_arguments.delta') return argumentsOf(event);
      if (kind === 'response.output_item.added') return added(own(event, 'item'));
      if (kind === 'response.output_item.done') return done(own(event, 'item'));
      return null;
    };
  }

  return {read, reader, counters: COUNTERS};
}());
