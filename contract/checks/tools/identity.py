"""What a call is known by: its name, its id, and its index in a stream."""

from __future__ import annotations

import re

from contract.checks.sources import OPENAI_TOOLS
from contract.checks.tools.asking import (
    PAIR,
    PAIR_WHOLE,
    REQUIRED,
)
from contract.checks.tools.calls import (
    FORCED,
    STREAMED_TOOLS,
    TOOLS,
    Object,
    asked,
    at,
    calls,
    entries,
    made,
    respelled,
    tools,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    TOOL,
    TOOL_WHOLE,
)
from contract.model.reply import Reply

MISTRAL_IDS = "mistralai/mistral-common, validation of tool call ids"


@check(
    "tools.name-is-declared",
    "A tool call SHOULD name a tool that the request gave, letter for letter.",
    source=f"{OPENAI_TOOLS}; MoonshotAI/K2-Vendor-Verifier",
    sends=(TOOL, TOOL_WHOLE),
    needs=STREAMED_TOOLS,
)
def name_is_declared(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        given = tools(exchange)
        for one in made(exchange):
            if one.name not in given:
                yield Finding(
                    "a tool was called that was not given",
                    expected=" or ".join(given),
                    actual=shorten(one.name) or "no name",
                    at=at(exchange),
                )


@fault(breaks=name_is_declared)
def name_in_a_namespace(reply: Reply) -> Reply:
    """The template's own spelling of the name gets through: functions.get_weather."""
    if asked(reply).tool_choice not in {None, "auto"}:
        return reply

    def prefixed(entry: Object) -> None:
        function = entry.get("function")
        if isinstance(function, dict) and function.get("name"):
            function["name"] = f"functions.{function['name']}"

    return respelled(reply, prefixed)


def _ids(exchange: Exchange) -> Findings:
    pattern = exchange.profile.dialect.call_id
    for one in made(exchange):
        if one.id is None or not re.fullmatch(pattern, one.id):
            yield Finding(
                f"the id of the call of {one.name} has another form",
                expected=f"an id like {pattern}",
                actual="no id" if one.id is None else shorten(repr(one.id)),
                at=at(exchange),
            )


@check(
    "tools.ids-are-well-formed",
    "The id of a tool call MUST have the form that the provider takes back with the "
    "result.",
    source=MISTRAL_IDS,
    sends=(TOOL, TOOL_WHOLE),
    needs=STREAMED_TOOLS,
)
def ids_are_well_formed(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from _ids(exchange)


@fault(breaks=ids_are_well_formed)
def ids_of_another_kind(reply: Reply) -> Reply:
    """A gateway prefixes the ids, with a blank that no template takes back."""
    auto = asked(reply).tool_choice in {None, "auto"}
    return respelled(reply, _renumbered) if auto else reply


def _renumbered(entry: Object) -> None:
    if isinstance(entry.get("id"), str):
        entry["id"] = f"call {entry['id']}"


@check(
    "tools.forced-ids-are-well-formed",
    "The id of a forced call in a stream MUST have the form of any other id.",
    source=f"vllm-project/vllm#47734; {MISTRAL_IDS}",
    sends=REQUIRED,
    needs=FORCED,
)
def forced_ids_are_well_formed(exchange: Exchange) -> Findings:
    yield from _ids(exchange)


@fault(breaks=forced_ids_are_well_formed)
def forced_ids_of_another_kind(reply: Reply) -> Reply:
    """A forced call in a stream gets an id of another kind (vllm#47734)."""
    other = asked(reply).tool_choice == "required" and reply.streamed
    return respelled(reply, _renumbered) if other else reply


@check(
    "tools.ids-are-unique",
    "The calls of one reply MUST each have an id of their own.",
    source=f"{OPENAI_TOOLS}; {MISTRAL_IDS}",
    sends=(PAIR, PAIR_WHOLE),
    needs=STREAMED_TOOLS,
)
def ids_are_unique(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        found = calls(exchange)
        if len(found) < 2:  # noqa: PLR2004  # of one call nothing can be said
            raise NotApplicable("the model made fewer than two calls")
        own = {one.id for one in found} - {None}
        if len(own) < len(found):
            yield Finding(
                "calls share an id, or have none",
                expected=f"{len(found)} ids",
                actual=shorten(", ".join(repr(one.id) for one in found)),
                at=at(exchange),
            )


@fault(breaks=ids_are_unique)
def one_id_for_all(reply: Reply) -> Reply:
    """Every call of a reply carries the id of the reply's first call."""
    first: list[str] = []

    def same(entry: Object) -> None:
        own = entry.get("id")
        if isinstance(own, str):
            first.append(own)
            entry["id"] = first[0]

    return respelled(reply, same)


@check(
    "tools.index-tells-calls-apart",
    "The fragments of each call in a stream MUST carry an index of its own.",
    source=f"{OPENAI_TOOLS} (delta.tool_calls.index)",
    sends=PAIR,
    needs=STREAMED_TOOLS,
)
def index_tells_calls_apart(exchange: Exchange) -> Findings:
    """From 0 on, without a gap; a fragment that begins a call has its id."""
    seen: dict[int, dict[object, str]] = {}
    count = 0
    for choice, entry, where in entries(exchange):
        count += 1
        index = entry.get("index")
        owners = seen.setdefault(choice, {})
        own = entry.get("id")
        if not isinstance(index, int) or isinstance(index, bool):
            yield Finding("a fragment has no index", "an index", shorten(index), where)
        elif index not in owners:
            if index != len(owners):
                yield Finding(
                    "an index is left out", f"index {len(owners)}", f"{index}", where
                )
            owners[index] = str(own)
        elif own and str(own) != owners[index]:
            yield Finding(
                "two calls share an index",
                f"index {len(owners)} for the call {own}",
                f"index {index}, which is of {owners[index]}",
                where,
            )
    if not count:
        raise NotApplicable("the model called no tool")
    if all(len(owners) < 2 for owners in seen.values()) and count == 1:  # noqa: PLR2004  # of one call nothing can be said
        raise NotApplicable("the one call came in one fragment")


@fault(
    breaks=index_tells_calls_apart,
    also=("schema.event", "tools.name-comes-once", "tools.ids-are-unique"),
)
def every_call_at_index_zero(reply: Reply) -> Reply:
    """A relay writes index 0 into every fragment, and parallel calls run together."""

    def first(entry: Object) -> None:
        if "index" in entry:
            entry["index"] = 0

    return respelled(reply, first) if reply.streamed else reply


@check(
    "tools.name-comes-once",
    "The fragments of a call SHOULD tell its name once, with the first of them.",
    source=f"house rule; {OPENAI_TOOLS}",
    sends=TOOL,
    needs=TOOLS | STREAMED_TOOLS,
)
def name_comes_once(exchange: Exchange) -> Findings:
    """Readers join the fragments: a name told twice becomes get_weatherget_weather."""
    if all(one.fragments == 1 for one in made(exchange)):
        raise NotApplicable("the call came whole, in one fragment")
    begun: set[tuple[int, object]] = set()
    for choice, entry, where in entries(exchange):
        index = entry.get("index", 0)
        strand = (choice, index if isinstance(index, int) else 0)
        function = entry.get("function")
        name = function.get("name") if isinstance(function, dict) else None
        if bool(name) == (strand in begun):
            yield Finding(
                "a later fragment tells the name again"
                if name
                else "the first fragment tells no name",
                expected="the name with the first fragment only",
                actual=shorten(name) if name else "no name",
                at=where,
            )
        begun.add(strand)


@fault(breaks=name_comes_once)
def name_in_every_fragment(reply: Reply) -> Reply:
    """Each fragment repeats the name, and clients that join them call nothing known."""
    if not reply.streamed:
        return reply
    names: dict[object, object] = {}

    def repeated(entry: Object) -> None:
        function = entry.get("function")
        if isinstance(function, dict):
            name = function.get("name") or names.get(entry.get("index"))
            if isinstance(name, str):
                function["name"] = names[entry.get("index")] = name

    return respelled(reply, repeated)
