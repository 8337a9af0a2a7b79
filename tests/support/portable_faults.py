"""Faults that a collection of portable checks finds, for tests with real clients."""

import pytest

# Each breaks the reply to the request with which a collection asks its check: those
# that always run, and a third of the others.
QUICK = ("done-missing", "field-renamed", "total-without-prompt", "accepts-n-zero")
MORE = (
    "only-json-acceptable",
    "preflight-asked-for-a-key",
    "model-listed-twice",
    "accepts-truncated-image",
    "accepts-bomb",
    "beginning-shown",
    "open-thought-sent-as-answer",
    "closing-marker-shown",
    "typed-marker-obeyed",
    "thought-resumes",
    "unmarked-taken-for-thought",
    "accepts-wrong-method",
    "accepts-truncated-json",
    "accepts-not-an-object",
    "accepts-image-not-an-image",
    "accepts-file-url-image",
    "accepts-messages-empty",
    "accepts-content-wrong-type",
    "accepts-last-message-is-assistant",
    "accepts-top-p-out-of-range",
    "accepts-response-format-unknown",
    "accepts-tool-choice-unknown",
    "limit-required",
    "created-zero",
    "id-per-chunk",
    "index-missing",
    "error-with-empty-choices",
    "done-twice",
    "finish-twice",
    "finish-too-early",
    "log-line-in-stream",
    "usage-repeated",
    "document-by-way-of-a-tool",
    "first-tool-called",
    "forced-call-announced",
    "named-call-finishes-as-before",
    "name-in-a-namespace",
    "id-null-as-text",
    "error-called-ok",
    "answer-cut-short",
    "one-choice-counted",
    "counts-as-text",
    "opening-marker-shown",
    "ping-as-data",
    "stream-called-json",
    "refuses-in-the-stream",
    "required-taken-as-auto",
)


def slow(names, quick):
    """Parameters: the *quick* ones, and *names*, which run with `-m tools` alone."""
    rest = [name for name in names if name not in quick]
    return [*quick, *(pytest.param(one, marks=pytest.mark.agreement) for one in rest)]
