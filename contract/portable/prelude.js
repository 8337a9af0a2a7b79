// Assembles a reply to the JSON structure that contract/portable/assembly.py defines,
// by the same rules, and judges it by JSON Schemas. ES2017, without a module of Node.
var magistral = (function () {
  'use strict';
  const BLANK = ' \\t\\n\\r\\f\\v\\u00a0';
  const isObject = (v) => v !== null && typeof v === 'object' && !Array.isArray(v);
  const isText = (v) => typeof v === 'string';
  const isCount = (v) => Number.isInteger(v);
  const listOf = (v) => (Array.isArray(v) ? v : []);
  // What is false in Python: empty lists and objects too.
  const truthy = (v) => !!v && !(typeof v === 'object' && Object.keys(v).length === 0);
  const orNull = (v) => (v === undefined ? null : v);
  const isBlank = (text) => new RegExp('^[' + BLANK + ']*$').test(text);

  function canonical(value) {
    if (Array.isArray(value)) return '[' + value.map(canonical).join(',') + ']';
    if (!isObject(value)) return JSON.stringify(orNull(value));
    return '{' + Object.keys(value).sort()
      .map((k) => JSON.stringify(k) + ':' + canonical(value[k])).join(',') + '}';
  }

  function distinct(values) {
    const seen = new Map();
    values.forEach((v) => { if (!seen.has(canonical(v))) seen.set(canonical(v), orNull(v)); });
    return Array.from(seen.values());
  }

  function parse(text) {  // -> {ok, value}
    try {
      return {ok: true, value: JSON.parse(text.replace(/^\uFEFF/, ''))};
    } catch (_) {
      return {ok: false, value: null};
    }
  }

  function readEvents(text) {  // WHATWG HTML 9.2.6; an unfinished event is dropped
    const events = [];
    let data = [], type = '', ignored = false;
    const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
    lines.pop();
    lines.forEach((line) => {
      if (line === '') {
        if (data.length) events.push({data: data.join('\n'), type: type || 'message'});
        data = []; type = '';
        return;
      }
      if (line[0] === ':') return;
      const at = line.indexOf(':');
      const name = at < 0 ? line : line.slice(0, at);
      const value = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '');
      if (name === 'data') data.push(value);
      else if (name === 'event') type = value;
      else if (name === 'retry') ignored = ignored || !/^[0-9]+$/.test(value);
      else if (name !== 'id') ignored = true;
    });
    return {events, ignored};
  }

  function isError(value) {
    if (!isObject(value) || truthy(value.choices)) return false;
    return truthy(value.error) || value.object === 'error';
  }

  function thinkingText(chunk) {
    if (isText(chunk.thinking)) return chunk.thinking;
    return listOf(chunk.thinking)
      .filter(isObject).map((p) => p.text).filter(isText).join('');
  }

  function decode(part, fields) {  // one delta or message -> pieces
    const pieces = [];
    const field = fields.find((name) => isText(part[name]) && part[name] !== '');
    if (field) pieces.push({kind: 'reasoning', text: part[field]});
    if (isText(part.content)) {
      if (part.content) pieces.push({kind: 'answer', text: part.content});
    } else {
      listOf(part.content).filter(isObject).forEach((chunk) => {
        const thinks = chunk.type === 'thinking';
        const text = thinks ? thinkingText(chunk)
          : chunk.type === 'text' && isText(chunk.text) ? chunk.text : '';
        if (text) pieces.push({kind: thinks ? 'reasoning' : 'answer', text});
      });
    }
    listOf(part.tool_calls).forEach((call, position) => {
      if (!isObject(call)) return;
      const f = isObject(call.function) ? call.function : {};
      const a = orNull(f.arguments);
      pieces.push({
        kind: 'tool', text: a === null ? '' : isText(a) ? a : JSON.stringify(a),
        index: isCount(call.index) ? call.index : position,
        id: isText(call.id) ? call.id : null, name: isText(f.name) ? f.name : null,
      });
    });
    return pieces;
  }

  function splitter(open, close) {  // of text between markers, which may be cut anywhere
    let inside = false, rest = '';
    const out = (text) => (text ? [{kind: inside ? 'reasoning' : 'answer', text}] : []);
    return {
      feed(text) {
        let pieces = [];
        rest += text;
        while (rest) {
          const marker = inside ? close : open;
          const at = rest.indexOf(marker);
          if (at < 0) {
            let held = Math.min(marker.length - 1, rest.length);
            while (held && !marker.startsWith(rest.slice(rest.length - held))) held -= 1;
            pieces = pieces.concat(out(rest.slice(0, rest.length - held)));
            rest = rest.slice(rest.length - held);
            break;
          }
          pieces = pieces.concat(out(rest.slice(0, at)));
          inside = !inside;
          rest = rest.slice(at + marker.length);
        }
        return pieces;
      },
      close() { const pieces = out(rest); rest = ''; return pieces; },
    };
  }

  function typeOf(text) {
    const found = parse(text);
    if (!found.ok) return 'no JSON';
    return isObject(found.value) ? 'object' : Array.isArray(found.value) ? 'array' : 'other';
  }

  function shape(value, name) {
    if (Array.isArray(value)) return distinct(value.map((v) => shape(v, '')));
    if (isObject(value)) {
      const found = {};
      Object.keys(value).filter((k) => typeof value[k] !== 'boolean')
        .forEach((k) => { found[k] = shape(value[k], k); });
      return found;
    }
    return isText(value) && value && name !== 'type' ? '\u2026' : value;
  }

  function statusIn(body) {
    const inner = isObject(body) ? body.error : null;
    const places = [[body, 'raw_status_code'], [inner, 'code'], [inner, 'status']];
    const found = places.map((p) => (isObject(p[0]) ? p[0][p[1]] : null))
      .find((v) => isCount(v) && v >= 100 && v < 600);
    return orNull(found);
  }

  function kindOf(r) {
    if (r.status === 429 || (r.status === 503 && r.headers['retry-after'])) return 'rate limited';
    if (r.status >= 500) return 'failed';
    if (r.status >= 400) return 'rejected';
    if (r.status >= 300) return 'redirected';
    if (!r.request.chat) return 'answered';
    if (r.error) return 'an error with status 200';
    const body = r.text.replace(/^[ \t\n\r\f\v]+|[ \t\n\r\f\v]+$/g, '');
    const coding = r.headers['content-encoding'];
    if (!body || (coding !== undefined && coding !== 'identity')) {
      return body ? 'answered' : 'empty';
    }
    const packed = (coding === undefined || coding === 'identity') &&
      /^(?:\x1f\ufffd|\(\ufffd\/\ufffd)/.test(r.text);
    const mixed = r.request.stream
      ? !r.streamed && /^(?:data:|event:|: )/.test(body) : r.streamed && r.parsed.ok;
    if (packed || mixed) return 'labelled wrongly';
    if (r.streamed) return r.events.length ? 'answered' : 'empty';
    if (r.parsed.ok || r.request.stream) return 'answered';
    return body.startsWith('{') && !body.endsWith('}') ? 'cut off' : 'not JSON';
  }

  // input: {status, headers: [[name, value]], text, now (seconds or null), request,
  // decoding}; the last two are what contract/portable/facts.py returns.
  function assemble(input) {
    const {request, decoding, now} = input;
    const headers = {};
    input.headers.forEach(([name, value]) => {
      if (!(name.toLowerCase() in headers)) headers[name.toLowerCase()] = value;
    });
    const type = headers['content-type'] || '';
    const mediaType = type.split(';')[0].trim().toLowerCase();
    const streamed = mediaType === 'text/event-stream';
    let text = input.text || '';
    if (streamed && text[0] === '"') {  // a client that quotes the text of a stream
      const unquoted = parse(text);
      if (unquoted.ok && isText(unquoted.value)) text = unquoted.value;
    }
    const charsets = type.split(';').slice(1).map((p) => p.trim().toLowerCase())
      .filter((p) => p.split('=')[0] === 'charset')
      .map((p) => p.slice(8).replace(/^"+|"+$/g, ''));
    const parsed = parse(text);
    const surface = decoding.surface ? magistralResponses : null;
    if (surface && parsed.ok) parsed.value = surface.read(parsed.value);
    const {events, ignored} = streamed ? readEvents(text) : {events: [], ignored: false};
    const isDone = (e) => e.data === '[DONE]';
    const read = events.map((e) => (isDone(e) ? {ok: false} : parse(e.data)));
    const reader = surface && streamed ? surface.reader() : (value) => value;
    const decoded = events.map((e, n) => ({data: e.data, ok: read[n].ok, value: read[n].value}))
      .filter((c) => c.ok).map((c) => ({data: c.data, value: reader(c.value)}))
      .filter((c) => !surface || c.value !== null);
    const chunks = streamed ? decoded.map((c) => c.value) : [parsed.value];
    const written = streamed ? decoded.map((c) => c.data) : [text];
    const strays = read.filter((c, n) => !isDone(events[n]) && !(c.ok && isObject(c.value)));
    const sound = chunks.filter((c) => isObject(c) && !isError(c));

    const choices = new Map(), splitters = new Map(), numbers = [], values = [];
    const fields = {}, shapes = [], pieces = [], speaking = new Set();
    const add = (index, list) => list.forEach((p) => {
      pieces.push(Object.assign({}, p, {choice: index}));
      if (p.text || p.kind === 'tool') speaking.add(index);
    });
    chunks.forEach((chunk) => listOf(isObject(chunk) ? chunk.choices : null).filter(isObject)
      .forEach((choice) => {
        const index = isCount(choice.index) ? choice.index : 0;
        const held = streamed ? choice.delta : choice.message;
        const part = isObject(held) ? held : {};
        const role = orNull(part.role), reason = orNull(choice.finish_reason);
        numbers.push(choice.index);
        if (!choices.has(index)) {
          choices.set(index, {role, roles: [], reasons: [], closed: false, continues: false,
            said: false, texts: {reasoning: '', answer: ''}, segments: []});
        } else choices.get(index).roles.push(role);
        const seen = choices.get(index);
        const found = decode(part, decoding.fields);
        const says = found.some((p) => p.text || p.kind === 'tool');
        seen.said = seen.said || says;
        seen.continues = seen.continues || (seen.closed && says);
        seen.closed = seen.closed || truthy(reason);
        if (isText(reason)) seen.reasons.push(reason);
        if (reason !== null) values.push(reason);
        found.forEach((p) => {
          if (!decoding.tagged) return add(index, [p]);
          if (!splitters.has(index)) splitters.set(index, splitter(decoding.open, decoding.close));
          const s = splitters.get(index);
          return add(index, p.kind === 'answer' ? s.feed(p.text) : s.close().concat([p]));
        });
        const said = {};
        decoding.known.forEach((name) => { said[name] = part[name]; });
        if (Array.isArray(part.content)) {
          part.content.forEach((item) => shapes.push(shape(item, '')));
          said.content = part.content.filter(isObject).map(thinkingText).join('');
        }
        Object.keys(said).filter((name) => truthy(said[name])).forEach((name) => {
          const added = isText(said[name]) ? said[name] : canonical(said[name]);
          fields[name] = fields[name] || {};
          fields[name][index] = (fields[name][index] || '') + added;
        });
      }));
    splitters.forEach((s, index) => add(index, s.close()));

    const calls = new Map(), current = {};
    pieces.forEach((p) => {
      const seen = choices.get(p.choice), last = seen.segments[seen.segments.length - 1];
      if (last && last.kind === p.kind) last.text += p.text;
      else if (p.text || p.kind === 'tool') seen.segments.push({kind: p.kind, text: p.text});
      if (p.kind !== 'tool') { seen.texts[p.kind] += p.text; return; }
      const place = p.choice + ':' + p.index;
      const id = current[place] = p.id || current[place] || null;
      const key = place + ':' + JSON.stringify(id);
      if (!calls.has(key)) {
        calls.set(key, {choice: p.choice, index: p.index, id, name: '', arguments: ''});
      }
      const call = calls.get(key);
      call.name = call.name || p.name || '';
      call.arguments += p.text;
    });
    const called = Array.from(calls.values());
    called.forEach((call) => {
      const name = call.name.toLowerCase(), tools = request.tools;
      call.argumentsAre = typeOf(call.arguments);
      call.declared = tools.includes(call.name);
      call.resembles = name !== '' && tools.some(
        (t) => name.includes(t.toLowerCase()) || t.toLowerCase().includes(name));
    });
    const texts = Array.from(choices, ([index, c]) => Object.assign({index}, c.texts));
    const first = texts.find((t) => t.index === 0) || {reasoning: '', answer: ''};
    const shown = (needle) => texts.some(
      (t) => t.reasoning.includes(needle) || t.answer.includes(needle));
    const markersIn = (kind) => decoding.markers.filter(
      (m) => !request.quotedMarkers.includes(m) && texts.some((t) => t[kind].includes(m)));
    const control = new Set();
    texts.forEach((t) => ['reasoning', 'answer'].forEach((kind) =>
      (t[kind].match(new RegExp(decoding.control, 'g')) || [])
        .filter((c) => !request.quotedTokens.includes(c)).forEach((c) => control.add(c))));
    const reasons = new Set();
    choices.forEach((c) => c.reasons.forEach((r) => reasons.add(r)));
    const finishOf = (c) => (c && c.reasons.length ? c.reasons[c.reasons.length - 1] : null);
    const finish = finishOf(choices.get(0));
    const names = Object.keys(fields).sort();
    const agree = Array.from(speaking).every(
      (index) => new Set(names.map((name) => fields[name][index] || '')).size <= 1);

    const holders = chunks.filter((c) => isObject(c) && isObject(c.usage));
    const holder = holders[holders.length - 1] || {};
    const usage = holder.usage || {};
    const counters = ['prompt_tokens', 'completion_tokens', 'total_tokens'];
    const source = holders.length ? written[chunks.lastIndexOf(holder)] : '';
    const spelled = (name) => Object.keys(surface ? surface.counters : {})
      .find((own) => surface.counters[own] === name) || name;
    const isFraction = (name) => typeof usage[name] === 'number' &&
      new RegExp('"' + spelled(name) + '"\\s*:\\s*-?\\d+[.eE]').test(source);
    const [prompt, spent, total] = counters.map(
      (name) => (isCount(usage[name]) && !isFraction(name) ? usage[name] : null));
    const every = request.limit === null ? null : request.limit * choices.size;
    const details = [usage.prompt_tokens_details, usage.prompt_token_details]
      .map((d) => (isObject(d) ? d.cached_tokens : null)).concat([usage.num_cached_tokens])
      .filter((v) => v !== null && v !== undefined);
    const error = chunks.some(isError) ||
      (strays.length > 0 && events.some((e) => e.type === 'error')) ||
      (streamed && !events.length && parsed.ok && isError(parsed.value)) || reasons.has('error');
    const whole = !(streamed && events.length);
    const body = whole ? parsed.value : null;
    const inBody = statusIn(body);
    const cards = listOf(isObject(body) ? body.data : null)
      .filter((c) => isObject(c) && isText(c.id));
    const times = cards.map((c) => c.created).filter(isCount);
    const created = chunks.length && isObject(chunks[0]) ? chunks[0].created : null;
    const fence = /^[ \t\n\r]*```[A-Za-z0-9_]*\n?([\s\S]*?)\n?```[ \t\n\r]*$/.exec(first.answer);
    const doneAt = events.findIndex(isDone);
    return {
      request, status: input.status, headers, contentType: {type: mediaType, charsets},
      kind: kindOf({status: input.status, headers, request, error, text, streamed, parsed, events}),
      ended: true, streamed, isJson: whole && parsed.ok,
      isHtml: whole && (mediaType === 'text/html' ||
        /^[ \t\n\r\f\v]*<(?:!doctype[ \t\n\r]+html|html)\b/i.test(text)),
      body, statusInBody: inBody, bodyDisagrees: inBody !== null && inBody !== input.status,
      error,
      stream: streamed ? {
        events: events.length, sentinels: events.filter(isDone).length,
        afterDone: doneAt < 0 ? 0 : events.slice(doneAt).filter((e) => !isDone(e)).length,
        strays: strays.length, ignoredLines: ignored,
      } : null,
      chunks: ['id', 'object', 'model', 'created'].reduce((all, name) => Object.assign(
        all, {[name]: distinct(sound.map((c) => c[name]))}), {any: sound.length > 0}),
      choices: Array.from(choices, ([index, c]) => {
        const kinds = c.segments.filter((s) => s.kind !== 'answer' || !isBlank(s.text))
          .map((s) => s.kind).filter((k, n, all) => n === 0 || all[n - 1] !== k);
        return {index, role: c.role, laterRoles: distinct(c.roles), finishReasons: c.reasons,
          finish: finishOf(c), order: kinds.join(' '), kinds, continues: c.continues,
          calls: called.filter((call) => call.choice === index).length};
      }),
      numbering: {
        wrong: numbers.some((n) => !isCount(n) || n < 0 || n >= request.n),
        complete: Array.from(choices.keys()).filter((i) => choices.get(i).said).sort()
          .join() === Array.from({length: request.n}, (_, i) => i).sort().join(),
      },
      finish, finishReasons: Array.from(reasons).sort(), finishValues: distinct(values),
      hasPieces: pieces.some((p) => p.text || p.kind === 'tool'),
      texts, reasoning: first.reasoning, answer: first.answer,
      markers: {reasoning: markersIn('reasoning'), answer: markersIn('answer')},
      controlTokens: Array.from(control).sort(), stopsShown: request.stop.filter(shown),
      reasoningIn: names, reasoningAgrees: agree, parts: distinct(shapes),
      calls: called, unclearCalls: called.length -
        new Set(called.map((c) => c.id).filter((id) => id !== null)).size,
      cutOff: (request.limit !== null && spent !== null && spent >= request.limit) ||
        finish === 'length' || finish === 'model_length',
      usage,
      usages: {
        count: holders.length, fractions: counters.some(isFraction),
        surplus: [prompt, spent, total].includes(null) ? null : total - prompt - spent,
        excess: every === null || spent === null ? null : spent - every,
        isLast: holders.length > 0 && sound[sound.length - 1] === holder,
        besideNoChoice: Array.isArray(holder.choices) && holder.choices.length === 0,
        besideFinish: listOf(holder.choices).filter(isObject).some((c) => truthy(c.finish_reason)),
        cached: details.map((tokens) => ({tokens,
          left: prompt !== null && isCount(tokens) ? prompt - tokens : null})),
      },
      document: {is: typeOf(fence ? fence[1] : first.answer),
        fenced: new RegExp('^[' + BLANK + ']*```').test(first.answer)},
      created: {known: isCount(created), ahead: isCount(created) && now !== null ? created - now : null},
      listed: {ids: cards.map((c) => c.id),
        ahead: times.length && now !== null ? Math.max.apply(null, times) - now : null},
    };
  }

  // check: {name, expects: [first, last] pairs, applies: schema, holds: schema}; Ajv is given.
  function judge(reply, check, ajv) {  // -> {outcome: pass|fail|skip, message}
    const {status} = reply;
    if (!status) return {outcome: 'fail', message: 'there is no response'};
    if (!check.expects.some(([from, to]) => status >= from && status <= to)) {
      return {outcome: 'fail', message: 'status ' + status + ' was not expected'};
    }
    if (!ajv.validate(check.applies, reply)) return {outcome: 'skip', message: ''};
    if (ajv.validate(check.holds, reply)) return {outcome: 'pass', message: ''};
    const {dataPath, instancePath, message, params} = ajv.errors[0];
    const path = dataPath === undefined ? instancePath : dataPath;  // Ajv 6, Ajv 8
    const value = path.split(/[^A-Za-z0-9_-]+/).filter(Boolean)
      .reduce((v, k) => (v === null || v === undefined ? v : v[k]), reply);
    const show = (v) => JSON.stringify(orNull(v)).replace(/^(.{199})[\s\S]{2,}$/, '$1\u2026');
    const wanted = params.allowedValues || [params.allowedValue];
    const rule = wanted[0] === undefined ? message
      : 'must be ' + wanted.slice(0, 9).map(show).join(' or ');
    return {outcome: 'fail', message: (path || 'the reply') + ' ' + rule + ', not ' + show(value)};
  }

  // What Bruno offers to a script, as Postman does; a test that is skipped is left out,
  // because Bruno knows none. Its safe sandbox gives the JSON of a body and no bytes.
  function bruno(res, test) {
    const text = () => {
      const bytes = typeof res.getDataBuffer === 'function' ? res.getDataBuffer() : null;
      const body = bytes ? bytes.toString('utf8') : res.getBody();
      return isText(body) ? body : body === undefined || body === null ? '' : JSON.stringify(body);
    };
    const headers = res.getHeaders() || {};
    const each = (f) => Object.keys(headers)
      .forEach((key) => f({key, value: String([].concat(headers[key])[0])}));
    const shown = (name, f) => test(name, f);
    shown.skip = function () {};
    return {response: {code: res.getStatus(), headers: {each}, text}, test: shown};
  }

  // client: the object `pm` of Postman, or what `bruno` returns. It is not named pm,
  // because Bruno's converter rewrites everything of that name.
  function run(client, Ajv, request, decoding, checks) {
    const listed = [];
    client.response.headers.each((h) => listed.push([h.key, h.value]));
    const reply = assemble({
      status: client.response.code, headers: listed, text: client.response.text(),
      now: Date.now() / 1000, request, decoding,
    });
    // Ajv 6 and 8 have options of different names, and ignore those of the other.
    const ajv = new Ajv({allErrors: false, strict: false, logger: false});
    checks.forEach((check) => {
      const {outcome, message} = judge(reply, check, ajv);
      const known = outcome === 'fail' && check.waived;
      if (outcome === 'skip') client.test.skip(check.name, function () {});
      else if (known) client.test(check.name + ' [waived: ' + known + ']', function () {});
      else client.test(check.name, function () { if (outcome === 'fail') throw new Error(message); });
    });
    return reply;
  }

  return {assemble, bruno, judge, run};
}());
