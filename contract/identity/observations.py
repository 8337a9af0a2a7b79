"""Observations: what one reply shows of the identity of the model that wrote it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from contract.detection.error_message import error_message
from contract.errors import UsageError
from contract.model.chat import Json
from contract.model.check import shorten
from contract.model.exchange import Exchange

LOWEST = -100.0  # nats; less is written for tokens that cannot occur
_LONGEST = 300  # characters of a text that is kept


@dataclass(frozen=True, slots=True)
class Step:
    """One generated token, with the log probabilities of the likeliest ones."""

    token: str
    # Log probability in nats by token, that of the generated one included.
    top: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one reply shows."""

    # HTTP status; None if no response came.
    status: int | None = None
    # Why there is no answer; empty if there is one.
    error: str = ""
    # Counters of the usage; None where it has none.
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    # The answer and the thought as text.
    text: str = ""
    thought: str = ""
    finish: str | None = None
    # The tokens in order; empty without log probabilities.
    steps: tuple[Step, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.status == HTTPStatus.OK and not self.error

    @property
    def refused(self) -> bool:
        """Whether the request was rejected, rather than failed or limited in rate."""
        return (
            self.status is not None
            and HTTPStatus.BAD_REQUEST <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR
            and self.status
            not in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
        )


def read(exchange: Exchange) -> Reading:
    """Return what *exchange* shows; whatever was received, nothing is raised."""
    if exchange.status != HTTPStatus.OK or not exchange.end.whole:
        reason = error_message(exchange) or exchange.note or "no answer"
        return Reading(status=exchange.status, error=shorten(reason, _LONGEST))
    if not exchange.choices:
        return Reading(status=exchange.status, error="a response without a choice")
    return Reading(
        status=exchange.status,
        prompt_tokens=exchange.count("prompt_tokens"),
        completion_tokens=exchange.count("completion_tokens"),
        text=exchange.answer[:_LONGEST],
        thought=exchange.reasoning[:_LONGEST],
        finish=exchange.finish,
        steps=tuple(one for _, c in exchange.choices for one in _steps(c)),
    )


def _steps(choice: dict[str, Json]) -> list[Step]:
    logprobs = choice.get("logprobs")
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    steps: list[Step] = []
    for entry in content if isinstance(content, list) else ():
        if not isinstance(entry, dict):
            return steps
        top = entry.get("top_logprobs")
        pairs = [_pair(one) for one in (top if isinstance(top, list) else ())]
        known = dict(pair for pair in (*pairs, _pair(entry)) if pair is not None)
        token = entry.get("token")
        if not isinstance(token, str) or not known:
            return steps
        steps.append(Step(token, known))
    return steps


def _pair(entry: Json) -> tuple[str, float] | None:
    if not isinstance(entry, dict):
        return None
    token, value = entry.get("token"), entry.get("logprob")
    if not isinstance(token, str) or isinstance(value, bool):
        return None
    if not isinstance(value, int | float) or not LOWEST < value <= 1:
        return None
    return token, round(float(value), 6)


def dump(reading: Reading) -> dict[str, Json]:
    """Return *reading* as JSON that `load` reads, without what it does not have."""
    found: dict[str, Json] = {"status": reading.status}
    plain: dict[str, Json] = {
        "error": reading.error,
        "prompt_tokens": reading.prompt_tokens,
        "completion_tokens": reading.completion_tokens,
        "text": reading.text,
        "thought": reading.thought,
        "finish": reading.finish,
        "steps": [{"token": s.token, "top": {**s.top}} for s in reading.steps],
    }
    return found | {key: value for key, value in plain.items() if value}


def load(value: Any) -> Reading:
    """Return the reading in JSON made by `dump`; raise `UsageError` for another."""
    try:
        steps = tuple(
            Step(_text(one["token"]), {_text(k): _nats(v) for k, v in _pairs(one)})
            for one in value.get("steps", ())
        )
        status = value["status"]
        return Reading(
            status=None if status is None else _count(status),
            error=_text(value.get("error", "")),
            prompt_tokens=_optional(value.get("prompt_tokens")),
            completion_tokens=_optional(value.get("completion_tokens")),
            text=_text(value.get("text", "")),
            thought=_text(value.get("thought", "")),
            finish=None if value.get("finish") is None else _text(value["finish"]),
            steps=steps,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"a reading is damaged ({type(error).__name__})") from error


def _pairs(step: Any) -> Any:
    return step["top"].items()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _optional(value: Any) -> int | None:
    return None if value is None else _count(value)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError
    return value


def _nats(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not math.isfinite(value):
        raise ValueError
    return float(value)
