"""What gives a provider away: its model list, its headers, its other paths."""

from __future__ import annotations

import re

from contract.chat import MODELS, Json, Probe
from contract.exchange import Exchange, spell
from contract.profile import Profile
from contract.recorder import Recorder

OK = 200
NOT_FOUND = 404
FIRST_RELEASE = (0, 2, 0)
# vLLM called the field reasoning_content, then sent both names, then reasoning only.
VLLM = (
    ((0, 11, 0), "vllm-0.11", "reasoning comes as reasoning_content"),
    ((0, 15, 999), "vllm-0.12", "reasoning comes under both names"),
    ((0, 31, 999), "vllm-0.16", "reasoning comes as reasoning"),
)
NEWEST = "vllm-0.32"
UNKNOWN = "vllm-0.16"

Guess = tuple[str, str]


class Seen:
    """What a provider answered so far; a path is asked once, when it is needed."""

    def __init__(self, recorder: Recorder, profile: Profile, key: str | None) -> None:
        self._recorder = recorder
        # Only status, headers and JSON are read, so any profile will do.
        self._profile = profile
        self._key = key
        self._answers: dict[str, Exchange] = {}

    @property
    def requests(self) -> int:
        """How many requests it took."""
        return len(self._answers)

    @property
    def models(self) -> Exchange:
        """The model list."""
        return self.get(MODELS)

    def get(self, path: str) -> Exchange:
        """What GET *path* brought back."""
        if path not in self._answers:
            probe = Probe(name=path, method="GET", path=path, reasons=False)
            request = spell(probe, self._profile, "", self._key)
            self._answers[path] = self._recorder.record(probe, self._profile, request)
        return self._answers[path]

    def member(self, path: str, name: str) -> Json:
        """One member of the JSON object at *path*; None when there is none."""
        answer = self.get(path)
        if answer.status == OK and isinstance(answer.json, dict):
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
        """Whom the model cards name as owners, each once."""
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


def recognised(seen: Seen) -> Guess | None:
    """The id of the profile that fits, and the clue; None when nothing fits."""
    for clue in (_mistral, _llamacpp, _vllm, _transformers):
        if found := clue(seen):
            return found
    return None


def _mistral(seen: Seen) -> Guess | None:
    if seen.models.header("mistral-correlation-id") is not None:
        sign = "a mistral-correlation-id header"
    elif any(
        # An organisation on a hub is called mistralai too; its cards say no more.
        card.get("owned_by") == "mistralai" and "capabilities" in card
        for card in seen.cards
    ):
        sign = 'cards owned by "mistralai"'
    else:
        return None
    if "magistral-small-2509" in seen.names:
        return "mistral-2025-10", f"{sign}, and it serves magistral-small-2509"
    return "mistral-2026-08", f"{sign}, without magistral-small-2509"


def _llamacpp(seen: Seen) -> Guess | None:
    if "llamacpp" in seen.owners:
        return "llamacpp", 'models owned by "llamacpp"'
    if seen.models.header("server") == "llama.cpp":
        return "llamacpp", "the header server: llama.cpp"
    if seen.member("/props", "default_generation_settings") is not None:
        return "llamacpp", "GET /props answers as llama.cpp's does"
    return None


def _vllm(seen: Seen) -> Guess | None:
    version = seen.member("/version", "version")
    if "vllm" not in seen.owners and (seen.owners or not isinstance(version, str)):
        return None
    if not isinstance(version, str):
        return UNKNOWN, 'models owned by "vllm"; it does not tell its version'
    called = f"vLLM {version[:40]}"
    found = re.match(r"v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})", version)
    step = tuple(int(number) for number in found.groups()) if found else ()
    if step < FIRST_RELEASE:
        return UNKNOWN, f"{called} is no release; taken for a recent one"
    for last, profile, why in VLLM:
        if step <= last:
            return profile, f"{called}: {why}"
    return NEWEST, f"{called}: reasoning comes as reasoning, and is counted"


def _transformers(seen: Seen) -> Guess | None:
    if (
        seen.models.header("x-request-id") is not None
        and seen.member("/health", "status") == "ok"
        and seen.get("/version").status == NOT_FOUND
    ):
        return "transformers", "an x-request-id header, /health and no /version"
    return None
