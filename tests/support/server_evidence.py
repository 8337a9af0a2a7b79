"""Evidence of a fake server, and answers of known ones."""

from __future__ import annotations

import json

from contract.catalog.profiles import builtin
from contract.detection.evidence import ServerEvidence
from contract.model.exchange import Arrival, End, Exchange

PROFILE = builtin()["inline"]
NOT_FOUND = {"status": 404, "json": {"detail": "Not Found"}}
PATHS = {
    "models": "/v1/models",
    "version": "/version",
    "props": "/props",
    "health": "/health",
}
VLLM = {
    "id": "magistral-small-2509",
    "object": "model",
    "owned_by": "vllm",
    "max_model_len": 131072,
}
LLAMACPP = {
    "id": "magistral-small-2509",
    "owned_by": "llamacpp",
    "meta": {"n_ctx": 4096, "n_ctx_train": 131072},
}
MISTRAL = {
    "id": "mistral-small-latest",
    "owned_by": "mistralai",
    "capabilities": {"completion_chat": True},
    "max_context_length": 262144,
}


class FixedAnswers:
    """A fake recorder with a fixed response for each path."""

    def __init__(self, answers):
        self.answers = answers
        self.requested = []

    def record(self, probe, profile, request):
        self.requested.append(request.path)
        answer = self.answers.get(request.path, NOT_FOUND)
        body = json.dumps(answer["json"]).encode() if "json" in answer else b""
        return Exchange(
            probe=probe,
            profile=profile,
            request=request,
            status=answer.get("status", 200),
            headers=tuple(answer.get("headers", ())),
            arrivals=(Arrival(0.0, answer.get("body", body)),),
            end=answer.get("end", End.COMPLETE),
        )


def evidence(**answers):
    """The evidence of a server with these answers, by the keys of `PATHS`."""
    recorder = FixedAnswers({PATHS[name]: answer for name, answer in answers.items()})
    return ServerEvidence(recorder, PROFILE, None)


def listing(*cards, headers=()):
    """The answer to GET /v1/models with these model cards."""
    return {"json": {"object": "list", "data": list(cards)}, "headers": headers}


def version(text):
    """The answer to GET /version."""
    return {"json": {"version": text}}
