"""The result of a probe: its state, a sentence, and what was learned on the way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contract.model.chat import Json
from contract.model.redaction import sanitise

FORMAT = "probe-v1"
READY, NOT_READY, UNKNOWN = 0, 1, 3
_LONGEST = 400  # characters of a message
_LONGEST_NAME = 100  # characters of a model's name


class State(StrEnum):
    """
    The state of a server, as far as a few requests show it.

    The comments say what was seen. `exit_code` tells what the command line makes of
    it: 0 ready, 1 not ready, 3 not known.
    """

    READY = "ready"
    # Nothing listens, or the server or its gateway answers 502, 503 or 504.
    STARTING = "starting"
    # A connection is accepted, and then no byte, no event, or no further one arrives.
    STUCK = "stuck"
    # The connection is closed before the end of the response.
    CUT_OFF = "cut-off"
    # Status 5xx, or an error in place of the answer.
    FAILING = "failing"
    # The same, with words about memory.
    OUT_OF_MEMORY = "out-of-memory"
    # Status 200 without any text.
    EMPTY = "empty"
    # One character or word repeats, or there are hardly any letters.
    GIBBERISH = "gibberish"
    # Text that makes sense, and not the right answer.
    WRONG_ANSWER = "wrong-answer"
    # The reply is older than the question, or about another one.
    CACHED = "cached"
    # The reasoning is not separated from the answer, or is in another field.
    PARSER_OFF = "parser-off"
    # The answer was labelled as reasoning.
    ANSWER_IN_REASONING = "answer-in-reasoning"
    # The answer repeats the reasoning.
    REASONING_IN_ANSWER = "reasoning-in-answer"
    # Control tokens of the model in the text.
    MARKERS = "markers"
    # The model spent its tokens before it answered.
    NO_ANSWER = "no-answer"
    # The requested model is not listed, not served, or another one answers.
    WRONG_MODEL = "wrong-model"
    # The context window is smaller than the promised one.
    WRONG_WINDOW = "wrong-window"
    # No API at this path.
    WRONG_PATH = "wrong-path"
    # The server redirects; many clients do not follow that with a POST.
    REDIRECTED = "redirected"
    # The request is rejected, or the response is no answer that clients can read.
    MALFORMED = "malformed"
    # Status 401 or 403.
    UNAUTHORISED = "unauthorised"
    # Status 429.
    RATE_LIMITED = "rate-limited"
    # No connection: DNS, TLS, a proxy, a firewall.
    UNREACHABLE = "unreachable"
    # Text that makes sense still arrived when the time was up.
    SLOW = "slow"
    # No profile matches the server.
    UNRECOGNISED = "unrecognised"
    # A window was promised, and the server does not state its own.
    WINDOW_UNKNOWN = "window-unknown"

    @property
    def exit_code(self) -> int:
        """0 if the server is ready, 1 if it is not, 3 if that is not known."""
        if self is State.READY:
            return READY
        return UNKNOWN if self in _UNDECIDED else NOT_READY


_UNDECIDED = frozenset(
    {
        State.UNAUTHORISED,
        State.RATE_LIMITED,
        State.UNREACHABLE,
        State.SLOW,
        State.UNRECOGNISED,
        State.WINDOW_UNKNOWN,
    }
)
_VERDICTS = {READY: "ready", NOT_READY: "not ready", UNKNOWN: "not known"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """
    What a probe found. Every text is masked and on one line when it is shown.

    Usage: `result = probe("http://127.0.0.1:8000"); result.state is State.READY`.
    """

    state: State
    # What was seen, as a clause that quotes the server where it says something.
    message: str
    # Root of the API, without `/v1`.
    url: str
    # Id of the profile that the server is judged by, and why; empty if unknown.
    profile: str = ""
    why: str = ""
    # Name of the model that was requested; empty if none was.
    model: str = ""
    # Context window in tokens that the server states; None if it does not.
    window: int | None = None
    # The question that was asked; empty if none was.
    question: str = ""
    # Number of requests, and the seconds from the first one to the verdict.
    requests: int = 0
    seconds: float = 0.0
    # Seconds from sending the question to the first text; None without text.
    ttft: float | None = None

    @property
    def ready(self) -> bool:
        """Whether the server is ready for traffic."""
        return self.state is State.READY

    @property
    def exit_code(self) -> int:
        """The exit code of the command line."""
        return self.state.exit_code

    @property
    def line(self) -> str:
        """The result on one line, for people and logs."""
        verdict = _VERDICTS[self.exit_code]
        named = verdict if self.ready else f"{verdict} ({self.state})"
        plural = "" if self.requests == 1 else "s"
        spent = f"{self.requests} request{plural} in {self.seconds:.2f} s"
        first = "" if self.ttft is None else f", first text after {self.ttft:.2f} s"
        known = [
            *([_cut(self.model, _LONGEST_NAME)] if self.model else []),
            *([self.profile] if self.profile else []),
            *([f"window {self.window}"] if self.window else []),
        ]
        about = f" [{', '.join(known)}]" if known else ""
        said = _cut(self.message, _LONGEST)
        return sanitise(f"{named}: {self.url}{about}: {said}; {spent}{first}")

    @property
    def json(self) -> dict[str, Json]:
        """The result as a JSON object of the format `probe-v1`."""
        return {
            "format": FORMAT,
            "state": self.state.value,
            "ready": self.ready,
            "exit_code": self.exit_code,
            "message": _cut(self.message, _LONGEST),
            "url": sanitise(self.url),
            "profile": self.profile or None,
            "why": sanitise(self.why) or None,
            "model": _cut(self.model, _LONGEST_NAME) or None,
            "window": self.window,
            "question": self.question or None,
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
            "ttft": None if self.ttft is None else round(self.ttft, 3),
        }


def _cut(text: str, length: int) -> str:
    """Return *text* as outputs show it, cut last: a part of a key is not masked."""
    text = sanitise(text)
    return text if len(text) <= length else text[: length - 1] + "…"
