"""Which addresses a server opens for a request; a canary on this machine tells."""

from __future__ import annotations

import re
from dataclasses import replace

from contract.checks.faults.refusal import accepted
from contract.checks.judging.refusal import seen
from contract.checks.multimodal.image_cost import (
    QUESTION,
    SEEN,
    asked,
)
from contract.model.chat import (
    CANARY,
    Image,
    Text,
)
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.reply import Reply

OK = 200
CLIENT_ERROR = 400
_IMAGE, _TEXT = "/canary.png", "/text.png"
SHOWN = replace(
    asked("image-of-canary", QUESTION, Image(url=CANARY + _IMAGE)), canary=True
)
TOLD = replace(
    asked("text-about-canary", Text(f"What do you know about {CANARY}{_TEXT} ?")),
    canary=True,
)


def _visits(exchange: Exchange) -> tuple[str, ...]:
    if exchange.visits is None:
        raise NotApplicable("no canary was there to be visited")
    return exchange.visits


def _named(reply: Reply, path: str) -> tuple[str, ...]:
    """The addresses with that path in the request, whoever listens there."""
    body = reply.request.body.decode(errors="replace")
    return tuple(re.findall(r"http://[\w.:]+" + re.escape(path), body))


def _refused(reply: Reply) -> tuple[str, ...]:
    """The address of the image that *reply* refuses."""
    return _named(reply, _IMAGE) if reply.status >= CLIENT_ERROR else ()


@check(
    "multimodal.opens-or-refuses-addresses",
    "An image at an address MUST be opened or refused, not left out in silence.",
    source="0xPlaygrounds/rig#2331; OpenAI API reference, image_url",
    sends=SHOWN,
    needs=SEEN,
    expects=ANY,
)
def opens_or_refuses_addresses(exchange: Exchange) -> Findings:
    visits = _visits(exchange)
    if exchange.status == OK and _IMAGE not in visits:
        yield Finding(
            "an image was accepted that nobody asked for",
            expected="a request for its address, or a refusal",
            actual=seen(exchange),
            at=exchange.probe.name,
        )


@fault(breaks=opens_or_refuses_addresses)
def address_taken_for_an_image(reply: Reply) -> Reply:
    """An adapter passes data URIs on, and drops what is only an address."""
    return accepted(reply) if _refused(reply) else reply


@check(
    "multimodal.opens-no-loopback",
    "A server SHOULD NOT open addresses of its own machine for a client.",
    source="CWE-918; vLLM documentation, security, media URL restrictions",
    sends=SHOWN,
    needs=SEEN,
    expects=ANY,
    unless="opens-any-address",
)
def opens_no_loopback(exchange: Exchange) -> Findings:
    """Who opens every address by design, as its documentation says, tolerates it."""
    if _IMAGE in _visits(exchange):
        yield Finding(
            "the server asked its own machine for an image",
            expected="no visit",
            actual=f"GET {_IMAGE}",
            at=exchange.probe.name,
        )


@fault(breaks=opens_no_loopback)
def loopback_opened(reply: Reply) -> Reply:
    """Whatever address a client names is asked from inside the network."""
    found = _refused(reply)
    return replace(accepted(reply), visits=found) if found else reply


@check(
    "multimodal.opens-no-address-in-text",
    "An address in a text MUST NOT be opened.",
    source="CWE-918; OpenAI API reference, text content parts",
    sends=TOLD,
)
def opens_no_address_in_text(exchange: Exchange) -> Findings:
    """A chat endpoint reads a text; nobody asked it to browse."""
    for path in _visits(exchange):
        yield Finding(
            "the server opened an address that was only mentioned",
            expected="no visit",
            actual=f"GET {path}",
            at=exchange.probe.name,
        )


@fault(breaks=opens_no_address_in_text)
def links_in_texts_followed(reply: Reply) -> Reply:
    """A gateway turns every link to a picture into the picture, to be helpful."""
    found = _named(reply, _TEXT)
    return replace(reply, visits=found) if found else reply
