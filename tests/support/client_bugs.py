"""Bugs of clients, by the requirement that each of them breaks."""

from __future__ import annotations

import json

from support.small_client import Client, FailedError, ResponsesClient

BUGS = {}


def breaks(*ids):
    """Register a bug as the proof that the requirements *ids* can fail."""

    def register(bug):
        for one in ids:
            BUGS.setdefault(f"client.{one}", bug)
        return bug

    return register


@breaks("reads-crlf")
class SplitsAtLf(Client):
    def lines(self, reply):
        return b"".join(self.parts(reply)).decode().split("\n")


@breaks("ignores-comments")
class TakesComments(Client):
    def field(self, line):
        name, value = super().field(line)
        return ("data", value) if line.startswith(":") else (name, value)


@breaks("reads-event-fields")
class TakesUntypedEventsOnly(Client):
    def takes(self, kind):
        return not kind


@breaks("ignores-other-events")
class TakesAllEvents(Client):
    def takes(self, kind):
        return True

    def choices(self, value):
        return value["choices"]


@breaks("reads-no-space")
class NeedsASpace(Client):
    def field(self, line):
        name, _, value = line.partition(": ")
        return name, value


@breaks("reads-data-in-lines")
class KeepsTheLastLine(Client):
    def events(self, reply):
        for data in super().events(reply):
            yield data.rpartition("\n")[2]


@breaks("reads-tiny-writes")
class DecodesEachRead(Client):
    def lines(self, reply):
        text = "".join(part.decode(errors="replace") for part in self.parts(reply))
        return text.replace("\r\n", "\n").split("\n")


@breaks("reads-one-write")
class OneEventPerRead(Client):
    def lines(self, reply):
        for part in self.parts(reply):
            yield from [*part.decode(errors="replace").split("\n")[:1], ""]


@breaks(
    "ignores-unknown-members",
    "ignores-unknown-members-of-responses",
)
class KnowsAllMembers(Client):
    known = frozenset(
        {
            *("id", "object", "created", "model", "choices", "usage", "p"),
            *("prompt_token_ids", "prompt_text", "system_fingerprint", "service_tier"),
            *("prompt_logprobs", "prompt_routed_experts", "kv_transfer_params"),
            *("ec_transfer_params", "metrics", "timings"),
        }
    )

    def check_chunk(self, value):
        if extra := set(value) - self.known:
            raise FailedError(f"unknown members {extra}")


@breaks("reads-null-content")
class NeedsContent(Client):
    def text(self, part):
        if "content" in part and part["content"] is None:
            raise FailedError("the content is null")
        return super().text(part)


@breaks("reads-repeated-roles")
class RoleBeginsAMessage(Client):
    def streamed(self, reply):
        self.seen = 0
        return super().streamed(reply)

    def text(self, part):
        if "role" in part:
            self.seen = getattr(self, "seen", 0) + 1
            if self.seen > 1 and self.task["stream"]:
                raise FailedError("a second message")
        return super().text(part)


@breaks("reads-empty-choices", "reads-usage-alone", "streams-usage")
class TakesTheFirstChoice(Client):
    def choices(self, value):
        return [value["choices"][0]]


@breaks("reads-without-done")
class NeedsDone(Client):
    def at_end(self, finish, *, done):
        if not done:
            raise FailedError("no [DONE]")


@breaks("waits-for-the-first-byte")
class IsImpatient(Client):
    first_byte = 1.0


@breaks("reads-unknown-finish-reasons")
class KnowsAllReasons(Client):
    def finish(self, reason):
        if reason not in {"stop", "length", "tool_calls", "content_filter"}:
            raise FailedError(f"unknown reason {reason}")
        return reason


@breaks(
    "reports-finish-length", "reports-finish-content-filter", "reports-cut-thoughts"
)
class EverythingStops(Client):
    def finish(self, reason):
        return "stop"


@breaks("reports-errors-in-streams", "reports-truncated-streams")
class IgnoresErrorsInStreams(Client):
    def check_error(self, value):
        pass

    def at_end(self, finish, *, done):
        pass

    def finish(self, reason):
        return reason or "stop"


@breaks("reports-cut-streams", "reports-cut-responses")
class IgnoresResets(Client):
    def parts(self, reply):
        yield from (frame.data for frame in reply.frames)

    def at_end(self, finish, *, done):
        pass

    def whole(self, reply):
        try:
            return super().whole(reply)
        except ValueError:
            return "", "", [], "stop", None


@breaks("reads-answers-after-thoughts", "streams-answers-after-thoughts")
@breaks("reads-mixed-deltas", "reads-resumed-thoughts", "reads-huge-thoughts")
@breaks("keeps-cut-thoughts-apart", "answers-whatever-the-field")
@breaks("keeps-thoughts-out-of-messages", "reads-structured-output-after-a-thought")
@breaks("keeps-thoughts-out-of-calls")
class MixesThoughtAndText(Client):
    def text(self, part):
        return self.thought(part) + super().text(part)

    def replay(self, thought, text, calls):
        return super().replay("", thought + text, calls)


@breaks("reads-thoughts", "streams-thoughts", "reads-either-field")
class LosesThoughts(Client):
    def thought(self, part):
        return ""


@breaks("reads-one-of-both-fields")
class AddsBothFields(Client):
    def thought(self, part):
        names = ("reasoning", "reasoning_content")
        return "".join(part.get(name) or "" for name in names)


@breaks("ignores-unknown-chunks")
class KnowsAllChunks(Client):
    def chunks(self, part):
        found = super().chunks(part)
        if any(one["type"] not in {"text", "thinking"} for one in found):
            raise FailedError("unknown chunk")
        return found


@breaks("sends-valid-requests")
class SendsReasoningContent(Client):
    def replay(self, thought, text, calls):
        message = super().replay("", text, calls)
        return {**message, "reasoning_content": thought} if thought else message


@breaks("asks-the-chat-endpoint", "reads-a-plain-answer", "reads-a-plain-stream")
class AsksElsewhere(Client):
    def path(self):
        return "/v1/v1/chat/completions"


@breaks("keeps-the-key-out-of-urls")
class KeyInUrl(Client):
    def path(self):
        return f"{super().path()}?api_key={self.task['api_key']}"


@breaks("sends-the-key-as-bearer")
class KeyWithoutScheme(Client):
    def headers(self):
        return {**super().headers(), "authorization": self.task["api_key"]}


@breaks("sends-json")
class SendsText(Client):
    def headers(self):
        return {**super().headers(), "content-type": "text/plain"}


@breaks("asks-the-named-model")
class AddsAProvider(Client):
    def body(self, messages):
        body = super().body(messages)
        return {**body, "model": f"mistral/{body['model']}"}


@breaks("asks-for-streams")
class NeverStreams(Client):
    def body(self, messages):
        body = super().body(messages)
        body.pop("stream", None)
        body.pop("stream_options", None)
        return body


@breaks("is-bounded", "gives-up", "does-not-repeat-bad-requests")
@breaks("does-not-repeat-denied-requests")
class NeverGivesUp(Client):
    attempts = 20

    def pause(self, reply, attempt):
        return super().pause(reply, attempt) or 0.1


@breaks("sends-the-prompt-verbatim")
class TrimsPrompts(Client):
    def body(self, messages):
        return super().body(json.loads(json.dumps(messages).replace("\\t", " ")))


@breaks("sends-the-system-message")
class DropsTheSystemMessage(Client):
    def body(self, messages):
        return super().body([m for m in messages if m["role"] != "system"])


@breaks("sends-the-options")
class DropsOptions(Client):
    def body(self, messages):
        body = super().body(messages)
        return {k: v for k, v in body.items() if k not in self.task["options"]}


@breaks("sends-the-history")
class ForgetsTheFirstTurn(Client):
    def body(self, messages):
        return super().body(messages[-3:])


@breaks("sends-images")
class SpoilsImages(Client):
    def body(self, messages):
        text = json.dumps(messages).replace("iVBORw0", "iVBORw1")
        return super().body(json.loads(text))


@breaks("asks-for-the-schema", "reads-structured-output")
class SendsNoSchema(Client):
    def body(self, messages):
        body = super().body(messages)
        body.pop("response_format", None)
        return body

    def text(self, part):
        return super().text(part)[1:]


@breaks("reports-usage")
class CountsTokensItself(Client):
    def usage(self, value):
        return {"prompt_tokens": 1, "completion_tokens": 1}


@breaks("waits-for-retry-after", "waits-until-the-date")
class RepeatsAtOnce(Client):
    def pause(self, reply, attempt):
        return None if super().pause(reply, attempt) is None else 0.05


@breaks("tries-again-when-busy", "tries-again-when-down")
class NeverRepeats(Client):
    attempts = 1


@breaks("reports-failing-servers", "reports-errors")
class HidesErrors(Client):
    def play(self):
        try:
            return super().play()
        except FailedError:
            return {"answer": "", "tool_calls": []}


@breaks("reports-the-status", "reports-the-reason")
class HidesReasons(Client):
    def play(self):
        try:
            return super().play()
        except FailedError as error:
            raise RuntimeError("something went wrong") from error


@breaks("offers-the-tools")
class RenamesTools(Client):
    def body(self, messages):
        body = super().body(messages)
        for tool in body.get("tools", ()):
            tool["function"] = {**tool["function"], "name": "tool"}
        return body


@breaks("reads-calls", "replays-calls", "answers-after-tools")
class TakesTheFirstFragment(Client):
    def add(self, calls, index, call):
        if index not in calls:
            super().add(calls, index, call)

    def replay(self, thought, text, calls):
        message = super().replay(thought, text, calls)
        for call in message.get("tool_calls", ()):
            call["function"]["arguments"] = "{}"
        return message

    def ask(self, messages):
        thought, text, calls, finish, usage = super().ask(messages)
        return thought, text[1:], calls, finish, usage


@breaks("answers-each-call")
class AnswersOneCall(Client):
    def results(self, calls):
        first = calls[0]["id"]
        return [{**one, "tool_call_id": first} for one in super().results(calls)]


@breaks("replays-thoughts-unchanged")
class TrimsThoughts(Client):
    def replay(self, thought, text, calls):
        return super().replay(thought[5:], text, calls)


@breaks("replays-thoughts")
class ForgetsThoughts(Client):
    def replay(self, thought, text, calls):
        return super().replay("", text, calls)


@breaks("opens-a-new-connection")
class KeepsOneConnection(Client):
    def post(self, body):
        if getattr(self, "closed", False):
            raise FailedError("the connection is closed")
        reply = super().post(body)
        self.closed = dict(reply.headers).get("connection") == "close"
        return reply


@breaks("reads-gzip", "reads-gzip-streams")
class DoesNotUnpack(Client):
    def parts(self, reply):
        yield from (frame.data for frame in reply.frames)


@breaks("ignores-the-case-of-media-types")
class ComparesMediaTypes(Client):
    def streamed(self, reply):
        if "text/event-stream" not in dict(reply.headers)["content-type"]:
            raise FailedError("no stream")
        return super().streamed(reply)


@breaks("ignores-unknown-headers")
class KnowsAllHeaders(Client):
    def whole(self, reply):
        known = {"content-type", "content-encoding", "connection"}
        strange = {n for n, _ in reply.headers if n not in known}
        if any(not name.startswith(("x-ratelimit", "mistral-")) for name in strange):
            raise FailedError(f"unknown headers {strange}")
        return super().whole(reply)


@breaks("does-not-depend-on-ids")
class IgnoresKnownIds(Client):
    def whole(self, reply):
        self.ids = getattr(self, "ids", set())
        id_ = json.loads(reply.body)["id"] if reply.body[:1] == b"{" else ""
        if id_ in self.ids:
            return "", "", [], "stop", None
        self.ids.add(id_)
        return super().whole(reply)


@breaks("reads-escapes")
class DoesNotUnescape(Client):
    def text(self, part):
        return super().text(part).encode("ascii", "ignore").decode()


@breaks("reads-omitted-nulls")
class NeedsToolCalls(Client):
    def whole(self, reply):
        value = json.loads(b"".join(self.parts(reply)))
        message = value["choices"][0]["message"]
        if "refusal" not in message and self.task["dialect"].startswith("vllm"):
            raise FailedError("refusal is missing")
        return super().whole(reply)


@breaks("ignores-unknown-event-types")
class KnowsAllEvents(ResponsesClient):
    def check_event(self, event):
        super().check_event(event)
        event["sequence_number"]  # each known type of event has one


@breaks("ignores-unknown-items")
class KnowsAllItems(ResponsesClient):
    def known(self, output):
        return [{"content": item["content"], **item} for item in output]


@breaks("reports-failed-responses")
class TakesWhatItGot(ResponsesClient):
    def check_event(self, event):
        self.text_of_deltas = getattr(self, "text_of_deltas", "")
        if event["type"] == "response.output_text.delta":
            self.text_of_deltas += event["delta"]

    def streamed(self, reply):
        try:
            return super().streamed(reply)
        except FailedError:
            self.output = []
            return "", self.text_of_deltas, [], "stop", None
