"""Evidence about a server: its model list, headers and auxiliary endpoints."""

from __future__ import annotations

from http import HTTPStatus

from contract.client.recorder import Recorder
from contract.client.throttle import Throttle
from contract.detection.error_message import error_message
from contract.model.chat import MODELS, Json
from contract.model.check import shorten
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.wire import build_request

SERVER_ERROR = 500  # the first status of its class


class ServerEvidence:
    """
    The responses of a server so far; each path is requested once, when needed.

    It implements the `contract.model.provider.Evidence` that fingerprints read.
    """

    def __init__(
        self,
        recorder: Recorder,
        profile: Profile,
        key: str | None,
        throttle: Throttle | None = None,
    ) -> None:
        """
        Send nothing yet.

        Args:
            recorder: Sends the requests.
            profile: Any profile; only status, headers and JSON are read.
            key: API key to send, if any.
            throttle: Repeats requests that a rate limit rejected.
        """
        self._recorder = recorder
        self._profile = profile
        self._key = key
        self._throttle = throttle or Throttle()
        self._exchanges: dict[str, Exchange] = {}

    @property
    def requests(self) -> int:
        """Number of requests sent, without those that the throttle repeated."""
        return len(self._exchanges)

    @property
    def models(self) -> Exchange:
        """The exchange of GET /v1/models."""
        return self.get(MODELS)

    def get(self, path: str) -> Exchange:
        """Return the exchange of GET *path*."""
        if path not in self._exchanges:
            probe = Probe(name=path, method="GET", path=path, reasons=False)
            request = build_request(probe, self._profile, "", self._key)
            self._exchanges[path] = self._throttle.send(
                lambda: self._recorder.record(probe, self._profile, request)
            )
        return self._exchanges[path]

    def member(self, path: str, name: str) -> Json:
        """Return the member *name* of the JSON object at *path*; None if missing."""
        exchange = self.get(path)
        if exchange.status == HTTPStatus.OK and isinstance(exchange.json, dict):
            return exchange.json.get(name)
        return None

    @property
    def flaw(self) -> str:
        """
        Why the response to GET /v1/models is no model list, as a clause; or empty.

        A server without that endpoint (4xx) has none, which is no flaw.
        """
        exchange = self.models
        if exchange.status is not None and exchange.status >= SERVER_ERROR:
            return f"status {exchange.status}, {error_message(exchange) or 'no body'}"
        if not exchange.end.whole:
            return f"an incomplete response: {exchange.note}"
        if exchange.status != HTTPStatus.OK:
            return ""
        if not exchange.is_json:
            return f"no JSON, but {shorten(exchange.text) or 'nothing'}"
        if self._listed is None or (self._listed and not self.names):
            return f"no list of models, but {shorten(exchange.text)}"
        return ""

    @property
    def _listed(self) -> list[Json] | None:
        body = self.models.json
        listed = body.get("data") if isinstance(body, dict) else body
        return listed if isinstance(listed, list) else None

    @property
    def cards(self) -> tuple[dict[str, Json], ...]:
        """The model cards in the model list."""
        return tuple(card for card in self._listed or () if isinstance(card, dict))

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of the model cards."""
        return tuple(name for c in self.cards if isinstance(name := c.get("id"), str))

    @property
    def owners(self) -> tuple[str, ...]:
        """The distinct `owned_by` of the model cards."""
        owners = (card.get("owned_by") for card in self.cards)
        return tuple(dict.fromkeys(name for name in owners if isinstance(name, str)))

    def window(self, model: str) -> int | None:
        """Return the context window on the card of *model*, as `window_of` does."""
        return window_of(self.cards, model)

    def __str__(self) -> str:
        owners = ", ".join(name[:40] for name in self.owners[:5])
        return (
            f"GET {MODELS}: status {self.models.status}, "
            f"owned_by {owners or 'missing'}, "
            f"server {(self.models.header('server') or 'unnamed')[:40]}; "
            f"GET /version: status {self.get('/version').status}"
        )


def window_of(cards: object, model: str) -> int | None:
    """
    Return the context window on the card of *model* among *cards*, the list of models.

    It is in tokens, and None if it is missing. The field is `max_model_len` in vLLM,
    `max_context_length` in Mistral's API and `meta.n_ctx` in llama.cpp. Usage:
    `window_of(models["data"], "magistral-small-2509")`.
    """
    for card in cards if isinstance(cards, list | tuple) else ():
        if isinstance(card, dict) and card.get("id") == model:
            meta = card.get("meta")
            window = (
                card.get("max_model_len")
                or card.get("max_context_length")
                or (meta.get("n_ctx") if isinstance(meta, dict) else None)
            )
            if isinstance(window, int) and window > 1:
                return window
    return None
