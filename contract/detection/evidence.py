"""What a server's model list, headers and side paths show about it."""

from __future__ import annotations

from http import HTTPStatus

from contract.client.recorder import Recorder
from contract.model.chat import (
    MODELS,
    Json,
    Probe,
)
from contract.model.exchange import Exchange
from contract.model.profile import Profile
from contract.model.wire import build_request


class ServerEvidence:
    """
    The answers of a server so far; each path is requested once, when needed.

    It is the `contract.model.provider.Evidence` that fingerprints read.
    """

    def __init__(self, recorder: Recorder, profile: Profile, key: str | None) -> None:
        self._recorder = recorder
        # Only status, headers and JSON are read, so any profile will do.
        self._profile = profile
        self._key = key
        self._answers: dict[str, Exchange] = {}

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return len(self._answers)

    @property
    def models(self) -> Exchange:
        """The answer to GET /v1/models."""
        return self.get(MODELS)

    def get(self, path: str) -> Exchange:
        """The answer to GET *path*."""
        if path not in self._answers:
            probe = Probe(name=path, method="GET", path=path, reasons=False)
            request = build_request(probe, self._profile, "", self._key)
            self._answers[path] = self._recorder.record(probe, self._profile, request)
        return self._answers[path]

    def member(self, path: str, name: str) -> Json:
        """One member of the JSON object at *path*; None when there is none."""
        answer = self.get(path)
        if answer.status == HTTPStatus.OK and isinstance(answer.json, dict):
            return answer.json.get(name)
        return None

    @property
    def cards(self) -> tuple[dict[str, Json], ...]:
        """The model cards of the list."""
        body = self.models.json
        listed = body.get("data") if isinstance(body, dict) else body
        if not isinstance(listed, list):
            return ()
        return tuple(card for card in listed if isinstance(card, dict))

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of the model cards."""
        return tuple(name for c in self.cards if isinstance(name := c.get("id"), str))

    @property
    def owners(self) -> tuple[str, ...]:
        """The distinct `owned_by` of the model cards."""
        found = (card.get("owned_by") for card in self.cards)
        return tuple(dict.fromkeys(name for name in found if isinstance(name, str)))

    def window(self, model: str) -> int | None:
        """The context window on the card of *model*, in each provider's spelling."""
        for card in self.cards:
            if card.get("id") == model:
                meta = card.get("meta")
                found = (
                    card.get("max_model_len")
                    or card.get("max_context_length")
                    or (meta.get("n_ctx") if isinstance(meta, dict) else None)
                )
                if isinstance(found, int) and found > 1:
                    return found
        return None

    def __str__(self) -> str:
        owners = ", ".join(name[:40] for name in self.owners[:5])
        return (
            f"GET {MODELS}: status {self.models.status}, "
            f"owned_by {owners or 'missing'}, "
            f"server {(self.models.header('server') or 'unnamed')[:40]}; "
            f"GET /version: status {self.get('/version').status}"
        )
