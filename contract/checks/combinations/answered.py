"""
Checks that combined features are answered or rejected.

What they are answered with is judged by the invariants: a server that handles every
feature alone may still lose one of two.
"""

from __future__ import annotations

from http import HTTPStatus

from contract.checks.combinations import requests
from contract.checks.faults.rejection import crash
from contract.checks.judging.answered import (
    ANSWERED_OR_REJECTED,
    expect_answered_or_rejected,
)
from contract.checks.judging.rejection import is_reply_to, status_and_body
from contract.checks.sources import OPENAI_CHAT
from contract.model.check import (
    ANY,
    Check,
    Combined,
    Fault,
    Finding,
    Findings,
    Scope,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Capability
from contract.model.reply import Reply

STREAMING = Capability.STREAMING


def _at_once(*probes: Probe, needs: frozenset[Capability] = frozenset()) -> Combined:
    """Return *probes*, which combine more features, and settle it if answered."""
    return Combined(sends=probes, needs=needs)


CALLS = _at_once(
    *requests.CALL_CHOICES_STOP,
    needs=frozenset({Capability.TOOLS, Capability.CHOICES, Capability.STOP}),
)
FORMATS = _at_once(
    *requests.PICTURE_FORMAT_CHOICES,
    needs=frozenset({Capability.VISION, Capability.JSON_SCHEMA, Capability.CHOICES}),
)
PICTURES = _at_once(
    *requests.PICTURE_CALL_TURNS,
    needs=frozenset({Capability.VISION, Capability.TOOLS}),
)
STOPS = _at_once(
    *requests.CALL_CHOICES_STOP,
    *requests.STOPPED_TOOLS_TURNS,
    needs=CALLS.needs,
)


def combination(
    name: str,
    words: str,
    sends: tuple[Probe, ...],
    *needs: Capability,
    combined: Combined | tuple[Combined, ...] = (),
) -> Check:
    """
    Return the check `combinations.NAME`: *sends* are answered, or rejected with 4xx.

    *words* are the features that are combined, *needs* the capabilities for them,
    *combined* requests with these features and others.
    """

    def judge(*exchanges: Exchange) -> Findings:
        for exchange in exchanges:
            yield from expect_answered_or_rejected(exchange)

    judge.__name__ = judge.__qualname__ = name.replace("-", "_")
    return check(
        f"combinations.{name}",
        f"A request with {words} MUST be answered or rejected.",
        source=f"{OPENAI_CHAT}; RFC 9110 §15.5",
        sends=sends,
        needs={STREAMING, *needs},
        expects=ANSWERED_OR_REJECTED,
        combined=combined,
    )(judge)


def crashes(broken: Check, description: str) -> Fault:
    """Return the fault that answers the requests of the check *broken* with 500."""

    def apply(reply: Reply) -> Reply:
        sent = (broken.sends, *(one.sends for one in broken.combined))
        met = any(is_reply_to(reply, probe) for probes in sent for probe in probes)
        return crash(reply) if met else reply

    name = f"crashes-on-{broken.id.partition('.')[2]}"
    return Fault(
        id=name,
        breaks=broken,
        apply=apply,
        description=description,
        also=frozenset({"combinations.never-5xx"}),
    )


of_turns = combination(
    "of-turns",
    "a system message, earlier turns, a long prompt or thinking off",
    (*requests.TURNS, *requests.UNTHOUGHT, *requests.LONG_TURNS),
    combined=_at_once(
        *requests.UNTHOUGHT,
        *requests.LONG_SYSTEM_TURNS,
        needs=frozenset({Capability.STOP}),
    ),
)
of_turns_crashes = crashes(of_turns, "The template fails on a system message.")

images_after_turns = combination(
    "images-after-turns",
    "an image after earlier turns",
    requests.PICTURE_TURNS,
    Capability.VISION,
    combined=PICTURES,
)
images_after_turns_crashes = crashes(
    images_after_turns, "Images are read in the first message only."
)

images_and_tools = combination(
    "images-and-tools",
    "an image and tools",
    requests.PICTURE_CALL,
    Capability.VISION,
    Capability.TOOLS,
    combined=PICTURES,
)
images_and_tools_crashes = crashes(
    images_and_tools, "The tool parser cannot read the tokens of an image."
)

images_and_formats = combination(
    "images-and-formats",
    "an image and a response_format",
    requests.PICTURE_FORMAT,
    Capability.VISION,
    Capability.JSON_SCHEMA,
    combined=FORMATS,
)
images_and_formats_crashes = crashes(
    images_and_formats, "The grammar is compiled before the image is read."
)

images_and_choices = combination(
    "images-and-choices",
    "an image and n above 1",
    requests.PICTURE_CHOICES,
    Capability.VISION,
    Capability.CHOICES,
    combined=FORMATS,
)
images_and_choices_crashes = crashes(
    images_and_choices, "The image is released with the first choice."
)

tools_after_results = combination(
    "tools-after-results",
    "tools, after a result and its answer",
    requests.CALL_AGAIN,
    Capability.TOOLS,
    combined=CALLS,
)
tools_after_results_crashes = crashes(
    tools_after_results, "A second call in a conversation is not expected."
)

tools_and_stop = combination(
    "tools-and-stop",
    "tools and stop",
    requests.CALL_OR_STOP,
    Capability.TOOLS,
    Capability.STOP,
    combined=STOPS,
)
tools_and_stop_crashes = crashes(
    tools_and_stop, "The stop strings are searched in a call, which has no text."
)

tools_and_choices = combination(
    "tools-and-choices",
    "tools and n above 1",
    requests.CALL_CHOICES,
    Capability.TOOLS,
    Capability.CHOICES,
    combined=CALLS,
)
tools_and_choices_crashes = crashes(
    tools_and_choices, "The tool parser keeps the state of a single choice."
)

formats_after_turns = combination(
    "formats-after-turns",
    "a response_format after earlier turns",
    requests.FORMAT_TURNS,
    Capability.JSON_SCHEMA,
    combined=FORMATS,
)
formats_after_turns_crashes = crashes(
    formats_after_turns, "The schema is put into a system message that exists already."
)

formats_and_choices = combination(
    "formats-and-choices",
    "a response_format and n above 1",
    requests.FORMAT_CHOICES,
    Capability.JSON_SCHEMA,
    Capability.CHOICES,
    combined=FORMATS,
)
formats_and_choices_crashes = crashes(
    formats_and_choices, "The grammar keeps the state of a single choice."
)

stop_after_turns = combination(
    "stop-after-turns",
    "stop after earlier turns",
    (*requests.STOP_TURNS, *requests.STOPPED_TURNS),
    Capability.STOP,
    combined=STOPS,
)
stop_after_turns_crashes = crashes(
    stop_after_turns, "The stop strings are searched in the prompt too."
)

choices_after_turns = combination(
    "choices-after-turns",
    "n above 1 after earlier turns",
    requests.CHOICES_TURNS,
    Capability.CHOICES,
    combined=CALLS,
)
choices_after_turns_crashes = crashes(
    choices_after_turns, "The cached prefix is read by the first choice only."
)


@check(
    "combinations.never-5xx",
    "A valid request MUST NOT get a status of 500 or more.",
    source="RFC 9110 §15.6",
    sends=requests.UNTHOUGHT,
    needs={STREAMING},
    expects=ANY,
    every=Scope.COMBINED,
)
def never_5xx(exchange: Exchange) -> Findings:
    """
    Judged where a failure would fail no MUST by itself.

    That is a request that settles several checks, each of which is asked again if it
    fails, or one that a SHOULD is about. So a server that fails once in a hundred
    requests would pass every one of them.
    """
    if (exchange.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        yield Finding(
            "the server failed at a valid request",
            expected="an answer, or a rejection with a status from 400 to 499",
            actual=status_and_body(exchange),
            at=exchange.probe.name,
        )


@fault(breaks=never_5xx, also=(of_turns,))
def crashes_on_turns_without_thought(reply: Reply) -> Reply:
    """Each is answered alone; turns and a system message with thinking off are not."""
    met = any(is_reply_to(reply, probe) for probe in requests.UNTHOUGHT)
    return crash(reply) if met else reply
