"""What requirements share: the result that is expected, compared with what was said."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from contract.clients.scenario import Run, Sent, has_items
from contract.model.chat import Json
from contract.model.check import Finding, Findings, NotApplicable, shorten, spell
from contract.model.rewrite import decode_reply

SLACK = 0.02
"""Seconds by which clocks of two processes, and their timers, may differ."""


def ensure_result(run: Run) -> None:
    """Raise `NotApplicable` if the program printed no result that can be judged."""
    if run.output.trouble is not None:
        raise NotApplicable(f"no result: {run.output.reason}")


def no_error(run: Run) -> Findings:
    """Yield a finding if the program reports an error where it should answer."""
    ensure_result(run)
    error = run.output.error
    if error is not None:
        yield Finding(
            "the program reports an error",
            expected="an answer",
            actual=shorten(_words(error), 200),
            at=run.scenario.id,
        )


def _words(error: object) -> str:
    """Return type and message of *error* in one line."""
    if not isinstance(error, dict):
        return spell(error)
    parts = (error.get("type"), error.get("status"), error.get("message"))
    return ": ".join(str(part) for part in parts if part not in {None, ""})


def same_answer(run: Run) -> Findings:
    """Yield a finding unless the program says the answer, and nothing but it."""
    error = list(no_error(run))
    if error:
        yield from error
        return
    expected = run.last.answer or ""
    if not run.output.has("answer"):
        raise NotApplicable("the program does not say the answer")
    answer = run.output.answer or ""
    if answer != expected:
        thought = run.last.thought or ""
        mixed = bool(thought) and thought in answer
        yield Finding(
            "the answer holds the reasoning" if mixed else "the answer is another one",
            expected=shorten(expected or "no text"),
            actual=shorten(spell(run.output.result.get("answer")), 160),
            at=run.scenario.id,
        )


def same_reasoning(run: Run) -> Findings:
    """Yield a finding unless the program says the reasoning, once and whole."""
    error = list(no_error(run))
    if error:
        yield from error
        return
    if not run.output.has("reasoning"):
        raise NotApplicable("the program does not say the reasoning")
    expected, said = run.last.thought or "", run.output.reasoning
    if run.scenario.turns[-1].thought and not expected:
        raise NotApplicable("the client did not ask for reasoning")
    if said != expected:
        message = "the reasoning is another one"
        if not said:
            message = "the reasoning is lost"
        elif said == 2 * expected:
            message = "the reasoning is there twice"
        yield Finding(
            message,
            expected=shorten(expected or "no reasoning"),
            actual=shorten(said or spell(run.output.result.get("reasoning")), 160),
            at=run.scenario.id,
        )


def same_usage(run: Run) -> Findings:
    """Yield a finding unless the program says the token counts of the last reply."""
    yield from no_error(run)
    said = run.output.result.get("usage")
    if not run.output.has("usage"):
        raise NotApplicable("the program does not say the usage")
    if not run.chats:
        raise NotApplicable("no chat was sent")
    usage = decode_reply(run.chats[-1].reply).usage
    if not usage:
        raise NotApplicable("the reply has no usage: the program did not ask for it")
    counts = said if isinstance(said, dict) else {}
    for name in ("prompt_tokens", "completion_tokens"):
        is_given = name in counts or not counts
        if is_given and counts.get(name) != usage.get(name):
            yield Finding(
                f"{name} is not that of the reply",
                expected=spell(usage.get(name)),
                actual=spell(counts.get(name)),
                at=run.scenario.id,
            )


def same_finish(run: Run, expected: str) -> Findings:
    """Yield a finding unless the program says the finish reason *expected*."""
    error = list(no_error(run))
    if error:
        yield from error
        return
    if not run.output.has("finish_reason"):
        raise NotApplicable("the program does not say the finish reason")
    said = run.output.result.get("finish_reason")
    same = _ITEMS.get(expected, ()) if has_items(run.dialect) else ()
    if not isinstance(said, str) or _plain(said) not in {expected, *same}:
        yield Finding(
            "the finish reason is another one",
            expected=expected,
            actual=spell(said),
            at=run.scenario.id,
        )


# What a response of /v1/responses says in place of a finish reason.
_ITEMS = {
    "length": ("max_output_tokens", "incomplete"),
    "content_filter": ("incomplete",),
}


def _plain(reason: str) -> str:
    """Return *reason* without the differences of spelling between packages."""
    return reason.lower().replace("-", "_").rpartition(".")[2]


def reports_error(run: Run) -> Findings:
    """Yield a finding unless the program reports an error."""
    ensure_result(run)
    if run.output.error is None:
        yield Finding(
            "the failure is not reported",
            expected="an error",
            actual=shorten(spell(dict(run.output.result)), 160),
            at=run.scenario.id,
        )


def attempts(run: Run) -> tuple[Sent, ...]:
    """Return the chat requests; raise `NotApplicable` if there is none."""
    if not run.chats:
        raise NotApplicable("the program sent no chat request")
    return run.chats


def repeats(run: Run) -> Iterator[tuple[Sent, Sent]]:
    """Yield each chat request with the one before it."""
    chats = attempts(run)
    yield from pairwise(chats)


def text_of(content: Json) -> str:
    """Return the text of the *content* of a message: itself, or that of text parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "".join(
        str(part.get("text") or "")
        for part in parts
        if isinstance(part, dict) and part.get("type") == "text"
    )


def thought_of(content: Json) -> str:
    """Return the text of the thinking chunks in the *content* of a message."""
    found = ""
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and part.get("type") == "thinking":
            thinking = part.get("thinking")
            found += thinking if isinstance(thinking, str) else text_of(thinking)
    return found
