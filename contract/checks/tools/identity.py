"""Checks of the name, id and index of tool calls."""

from __future__ import annotations

import re

from contract.checks.combined.requests import PAIR, PAIR_WHOLE
from contract.checks.sources import OPENAI_TOOLS
from contract.checks.tools.calls import (
    CALLED,
    FORCED,
    STREAMED_TOOLS,
    TOOLS,
    Object,
    call_objects,
    calls,
    complete_calls,
    reply_location,
    request_options,
    rewrite_calls,
    tool_schemas,
)
from contract.checks.tools.probes import REQUIRED
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.probes import TOOL, TOOL_WHOLE, WEATHER
from contract.model.reply import Reply
from contract.model.rewrite import decode_reply
from contract.portable.requirement import decided
from contract.portable.schemas import (
    FORMED,
    anything_but,
    both,
    either,
    every,
    has,
    matching,
    some,
)

MISTRAL_IDS = "mistralai/mistral-common, validation of tool call ids"
SEVERAL = 2  # the fewest calls, or fragments, that can be confused


@check(
    "tools.name-is-declared",
    "A tool call SHOULD have the exact name of a tool from the request.",
    source=f"{OPENAI_TOOLS}; MoonshotAI/K2-Vendor-Verifier",
    sends=(TOOL, TOOL_WHOLE),
    needs=STREAMED_TOOLS,
    every=Scope.ANSWERS,
)
@decided(
    either(
        has(calls=every(has(declared=True))),
        has(
            request=has(tools=anything_but(some(WEATHER.name))),
            calls=every(either(has(declared=True), has(resembles=False))),
        ),
    ),
    when=CALLED,
)
def name_is_declared(exchange: Exchange) -> Findings:
    """A model that is asked to use another tool than it knows may invent a name."""
    defined = tool_schemas(exchange)
    for one in complete_calls(exchange):
        altered = any(_resembles(one.name, name) for name in defined)
        if one.name not in defined and (altered or WEATHER.name in defined):
            yield Finding(
                "an undefined tool was called",
                expected=" or ".join(defined),
                actual=shorten(one.name) or "no name",
                at=reply_location(exchange),
            )


def _resembles(called: str, declared: str) -> bool:
    """Return whether *called* is *declared* in another spelling, or a part of it."""
    one, other = called.casefold(), declared.casefold()
    return bool(one) and (one in other or other in one)


@fault(breaks=name_is_declared)
def name_in_a_namespace(reply: Reply) -> Reply:
    """The call has the prompt template's name for the tool, functions.get_weather."""
    if request_options(reply).tool_choice not in {None, "auto"}:
        return reply

    def add_namespace(call: Object) -> None:
        function = call.get("function")
        if isinstance(function, dict) and function.get("name"):
            function["name"] = f"functions.{function['name']}"

    return rewrite_calls(reply, add_namespace)


def _ids_match_pattern(exchange: Exchange) -> Findings:
    """Yield a finding for each call whose id does not match the dialect's pattern."""
    pattern = exchange.profile.dialect.call_id
    for one in complete_calls(exchange):
        if one.id is None or not re.fullmatch(pattern, one.id):
            yield Finding(
                f"the id of the call of {one.name or 'a tool without a name'} "
                "is malformed",
                expected=f"an id that matches {pattern}",
                actual="no id" if one.id is None else shorten(spell(one.id)),
                at=reply_location(exchange),
            )


@check(
    "tools.ids-are-well-formed",
    "The id of a tool call MUST have the form that the API accepts with the result.",
    source=MISTRAL_IDS,
    sends=(TOOL, TOOL_WHOLE),
    needs=STREAMED_TOOLS,
    every=Scope.ANSWERS,
)
@decided(
    lambda dialect: has(calls=every(has(id=matching(f"^(?:{dialect.call_id})$")))),
    when=CALLED,
)
def ids_are_well_formed(exchange: Exchange) -> Findings:
    yield from _ids_match_pattern(exchange)


@fault(breaks=ids_are_well_formed)
def ids_of_another_kind(reply: Reply) -> Reply:
    """A gateway prefixes the ids with text that contains a blank."""
    auto = request_options(reply).tool_choice in {None, "auto"}
    return rewrite_calls(reply, _prefix_id) if auto else reply


def _prefix_id(call: Object) -> None:
    if isinstance(call.get("id"), str):
        call["id"] = f"call {call['id']}"


@fault(breaks=ids_are_well_formed, also=("tools", "schema"))
def ids_empty(reply: Reply) -> Reply:
    """Calls have an empty id (lmstudio-bug-tracker#830)."""

    def empty(call: Object) -> None:
        if isinstance(call.get("id"), str):
            call["id"] = ""

    return rewrite_calls(reply, empty)


@fault(
    breaks=ids_are_well_formed,
    also=("tools", "streaming", "structured"),
    where=lambda dialect: not re.fullmatch(dialect.call_id, "null"),
)
def id_null_as_text(reply: Reply) -> Reply:
    """Fragments of a call have the text "null" as an id (zed#53605)."""
    if not reply.streamed:
        return reply
    fragments = [call for _, call, _ in call_objects(decode_reply(reply))]
    single = all(call.get("id") for call in fragments)

    def null(call: Object) -> None:
        if single or not call.get("id"):
            call["id"] = "null"

    return rewrite_calls(reply, null)


@check(
    "tools.forced-ids-are-well-formed",
    "The id of a forced call in a stream MUST have the same form as other ids.",
    source=f"vllm-project/vllm#47734; {MISTRAL_IDS}",
    sends=REQUIRED,
    needs=FORCED,
)
@decided(
    lambda dialect: has(calls=every(has(id=matching(f"^(?:{dialect.call_id})$")))),
    when=CALLED,
)
def forced_ids_are_well_formed(exchange: Exchange) -> Findings:
    yield from _ids_match_pattern(exchange)


@fault(breaks=forced_ids_are_well_formed)
def forced_ids_of_another_kind(reply: Reply) -> Reply:
    """A forced call in a stream gets an id of another form (vllm#47734)."""
    required = request_options(reply).tool_choice == "required"
    return rewrite_calls(reply, _prefix_id) if required and reply.streamed else reply


@check(
    "tools.ids-are-unique",
    "The calls of one reply MUST each have a unique id.",
    source=f"{OPENAI_TOOLS}; {MISTRAL_IDS}",
    sends=(PAIR, PAIR_WHOLE),
    needs=STREAMED_TOOLS,
    every=Scope.ANSWERS,
)
@decided(
    has(unclearCalls=0),
    when=both(FORMED, has(calls={"type": "array", "items": {}, "minItems": SEVERAL})),
)
def ids_are_unique(exchange: Exchange) -> Findings:
    found = calls(exchange)
    if len(found) < SEVERAL:
        raise NotApplicable("the model made fewer than two calls")
    unique = {one.id for one in found} - {None}
    if len(unique) < len(found):
        yield Finding(
            "calls share an id or have none",
            expected=f"{len(found)} unique ids",
            actual=shorten(", ".join(spell(one.id) for one in found)),
            at=reply_location(exchange),
        )


@fault(breaks=ids_are_unique)
def one_id_for_all(reply: Reply) -> Reply:
    """Every call of a reply has the id of the first call."""
    first: list[str] = []

    def set_first_id(call: Object) -> None:
        own = call.get("id")
        if isinstance(own, str):
            first.append(own)
            call["id"] = first[0]

    return rewrite_calls(reply, set_first_id)


@check(
    "tools.index-tells-calls-apart",
    "The fragments of each call in a stream MUST have the unique index of the call.",
    source=f"{OPENAI_TOOLS} (delta.tool_calls.index)",
    sends=PAIR,
    needs=STREAMED_TOOLS,
    every=Scope.STREAMS,
    unless="no-such-member",
)
def index_tells_calls_apart(exchange: Exchange) -> Findings:
    """Indexes start at 0 and have no gaps; the first fragment of a call has its id."""
    ids_by_choice: dict[int, dict[object, str]] = {}
    count = 0
    for choice, call, where in call_objects(exchange):
        count += 1
        index = call.get("index")
        ids = ids_by_choice.setdefault(choice, {})
        call_id = call.get("id")
        if not isinstance(index, int) or isinstance(index, bool):
            yield Finding("a fragment has no index", "an index", shorten(index), where)
        elif index not in ids:
            if index != len(ids):
                yield Finding(
                    "an index is left out", f"index {len(ids)}", f"{index}", where
                )
            ids[index] = str(call_id)
        elif call_id and str(call_id) != ids[index]:
            yield Finding(
                "two calls share an index",
                f"index {len(ids)} for call {call_id}",
                f"index {index}, which belongs to call {ids[index]}",
                where,
            )
    if not count:
        raise NotApplicable("the model called no tool")
    if count < SEVERAL:
        raise NotApplicable("the only call was sent in one fragment")


@fault(
    breaks=index_tells_calls_apart,
    also=("schema.event", "tools.name-comes-once", "tools.ids-are-unique"),
)
def every_call_at_index_zero(reply: Reply) -> Reply:
    """A relay sets the index of every fragment to 0, so parallel calls are joined."""

    def zero_index(call: Object) -> None:
        if "index" in call:
            call["index"] = 0

    return rewrite_calls(reply, zero_index) if reply.streamed else reply


@check(
    "tools.name-comes-once",
    "Only the first fragment of a call SHOULD contain its name.",
    source=f"house rule; {OPENAI_TOOLS}",
    sends=TOOL,
    needs=TOOLS | STREAMED_TOOLS,
    every=Scope.STREAMS,
    unless="no-such-member",
)
def name_comes_once(exchange: Exchange) -> Findings:
    """Clients join fragments, so a repeated name becomes get_weatherget_weather."""
    if all(one.fragments == 1 for one in complete_calls(exchange)):
        raise NotApplicable("the call was sent in one fragment")
    started: set[tuple[int, object]] = set()
    for choice, call, where in call_objects(exchange):
        index = call.get("index", 0)
        position = (choice, index if isinstance(index, int) else 0)
        function = call.get("function")
        name = function.get("name") if isinstance(function, dict) else None
        if bool(name) == (position in started):
            yield Finding(
                "a later fragment repeats the name"
                if name
                else "the first fragment has no name",
                expected="the name in the first fragment only",
                actual=shorten(name) if name else "no name",
                at=where,
            )
        started.add(position)


@fault(breaks=name_comes_once)
def name_in_every_fragment(reply: Reply) -> Reply:
    """Each fragment repeats the name, so clients that join them get a wrong name."""
    if not reply.streamed:
        return reply
    names: dict[object, object] = {}

    def repeat_name(call: Object) -> None:
        function = call.get("function")
        if isinstance(function, dict):
            name = function.get("name") or names.get(call.get("index"))
            if isinstance(name, str):
                function["name"] = names[call.get("index")] = name

    return rewrite_calls(reply, repeat_name)
