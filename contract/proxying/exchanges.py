"""Exchanges as judges and recordings know them, of what passed a relay."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from urllib.parse import parse_qsl

from contract.client.recorder import mask_arrivals
from contract.model.exchange import EVENT_STREAM, Arrival, End, Exchange, media_type
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.redaction import HIDDEN_HEADERS, SECRETS, redact_headers
from contract.model.saved import digest
from contract.model.strict_json import read_json
from contract.model.wire import Request
from contract.proxying.passed import Passed

MOST_KEYS = 256  # credentials that are masked in all exchanges, not in their own alone
# Fields of the query in which some servers take a key.
_KEY_FIELDS = re.compile(
    r"(?:api[-_]?)?key|(?:access[-_]?)?token|password", re.IGNORECASE
)


class Reader:
    """
    Makes exchanges of what passed, without the keys of the clients.

    Usage: `Reader(profile).exchange(passed)`. Of equal requests each is a sample of its
    own, numbered in the order in which they came.
    """

    def __init__(self, profile: Profile) -> None:
        """*profile* is that of the server; its dialect decodes the responses."""
        self._profile = profile
        self._samples: Counter[str] = Counter()
        self._keys: set[str] = set()

    def exchange(self, passed: Passed) -> Exchange:
        """Return *passed* as an exchange; its name is `proxied-NUMBER`."""
        keys = [v for n, v in passed.headers if n in HIDDEN_HEADERS]
        query = passed.path.partition("?")[2]
        keys += [v for n, v in parse_qsl(query) if _KEY_FIELDS.fullmatch(n)]
        new = [key for key in keys if key not in self._keys]
        if len(self._keys) + len(new) <= MOST_KEYS:
            self._keys.update(new)
            for key in new:
                SECRETS.register_header(key)
            return self._exchange(passed)
        with SECRETS.scope():
            for key in new:
                SECRETS.register_header(key)
            return self._exchange(passed)

    def _exchange(self, passed: Passed) -> Exchange:
        request = Request(
            passed.method,
            SECRETS.mask(passed.path),
            redact_headers(tuple(passed.headers)),
            SECRETS.mask_bytes(passed.body),
        )
        body = read_json(passed.body)
        probe = Probe(
            name=f"proxied-{passed.number}",
            method=passed.method,
            path=request.path,
            stream=isinstance(body, dict) and body.get("stream") is True,
            # As the probe of the model list has it, with which replies are compared.
            reasons=passed.method == "POST",
        )
        identity = digest(request, probe)
        sample = self._samples[identity]
        self._samples[identity] += 1
        headers = redact_headers(tuple(passed.response_headers))
        kind = next((v for n, v in headers if n == "content-type"), None)
        streamed = media_type(kind) == EVENT_STREAM
        return Exchange(
            probe=replace(probe, sample=sample),
            profile=self._profile,
            request=request,
            status=passed.status,
            headers=headers,
            arrivals=mask_arrivals(tuple(_arrivals(passed)), stream=streamed),
            end=passed.end,
            note="" if passed.end is End.COMPLETE else SECRETS.mask(passed.note),
            elapsed=passed.elapsed,
            connecting=passed.connecting,
            sent_at=passed.sent_at,
            echoes=SECRETS.places(passed.response_headers, [passed.response]),
        )


def _arrivals(passed: Passed) -> list[Arrival]:
    found, start = [], 0
    for at, size in zip(passed.times, passed.sizes, strict=True):
        found.append(Arrival(at, passed.response[start : start + size]))
        start += size
    return found
