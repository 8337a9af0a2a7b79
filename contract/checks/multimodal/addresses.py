"""SSRF checks: which URLs in a request a server fetches, seen by a local canary."""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus

from contract.checks.faults.rejection import accept_request
from contract.checks.judging.rejection import status_and_body
from contract.checks.multimodal.image_cost import QUESTION, VISION, ask
from contract.model.chat import Image, Text
from contract.model.check import ANY, Finding, Findings, NotApplicable, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import CANARY
from contract.model.reply import Reply

# Paths of the URL in an image part, and of the URL in a text.
_IMAGE, _TEXT = "/canary.png", "/text.png"
IMAGE_URL = replace(
    ask("image-of-canary", QUESTION, Image(url=CANARY + _IMAGE)), canary=True
)
URL_IN_TEXT = replace(
    ask("text-about-canary", Text(f"What do you know about {CANARY}{_TEXT} ?")),
    canary=True,
)


def _visits(exchange: Exchange) -> tuple[str, ...]:
    """Return the paths fetched from the canary during the exchange."""
    if exchange.visits is None:
        raise NotApplicable("no SSRF canary was running")
    return exchange.visits


def _requested_urls(reply: Reply, path: str) -> tuple[str, ...]:
    """Return the URLs with *path* in the request, on any host."""
    body = reply.request.body.decode(errors="replace")
    return tuple(re.findall(r"http://[\w.:]+" + re.escape(path), body))


def _rejected_urls(reply: Reply) -> tuple[str, ...]:
    """Return the image URL in the request, if *reply* rejects it."""
    rejected = reply.status >= HTTPStatus.BAD_REQUEST
    return _requested_urls(reply, _IMAGE) if rejected else ()


@check(
    "multimodal.opens-or-refuses-addresses",
    "An image URL MUST be fetched or rejected, not silently ignored.",
    source="0xPlaygrounds/rig#2331; OpenAI API reference, image_url",
    sends=IMAGE_URL,
    needs=VISION,
    expects=ANY,
)
def opens_or_refuses_addresses(exchange: Exchange) -> Findings:
    visits = _visits(exchange)
    if exchange.status == HTTPStatus.OK and _IMAGE not in visits:
        yield Finding(
            "the image URL was accepted but not fetched",
            expected="a GET request for the URL, or a rejection",
            actual=status_and_body(exchange),
            at=exchange.probe.name,
        )


@fault(breaks=opens_or_refuses_addresses)
def address_taken_for_an_image(reply: Reply) -> Reply:
    """An adapter forwards data URIs and drops images given by URL."""
    return accept_request(reply) if _rejected_urls(reply) else reply


@check(
    "multimodal.opens-no-loopback",
    "A server SHOULD NOT fetch URLs on its own machine for a client.",
    source="CWE-918; vLLM documentation, security, media URL restrictions",
    sends=IMAGE_URL,
    needs=VISION,
    expects=ANY,
    unless="opens-any-address",
)
def opens_no_loopback(exchange: Exchange) -> Findings:
    """Servers documented to fetch every URL tolerate `opens-any-address`."""
    if _IMAGE in _visits(exchange):
        yield Finding(
            "the server fetched an image from its own machine",
            expected="no request to the canary",
            actual=f"GET {_IMAGE}",
            at=exchange.probe.name,
        )


@fault(breaks=opens_no_loopback)
def loopback_opened(reply: Reply) -> Reply:
    """Any URL that a client sends is fetched from inside the network."""
    urls = _rejected_urls(reply)
    return replace(accept_request(reply), visits=urls) if urls else reply


@check(
    "multimodal.opens-no-address-in-text",
    "A URL in a text MUST NOT be fetched.",
    source="CWE-918; OpenAI API reference, text content parts",
    sends=URL_IN_TEXT,
)
def opens_no_address_in_text(exchange: Exchange) -> Findings:
    """A chat endpoint generates text and does not browse."""
    for path in _visits(exchange):
        yield Finding(
            "the server fetched a URL that only appears in the text",
            expected="no request to the canary",
            actual=f"GET {path}",
            at=exchange.probe.name,
        )


@fault(breaks=opens_no_address_in_text)
def links_in_texts_followed(reply: Reply) -> Reply:
    """A gateway replaces every link to an image in a text with the image itself."""
    urls = _requested_urls(reply, _TEXT)
    return replace(reply, visits=urls) if urls else reply
