"""Tests of recordings of misconfigured engines: failing checks and their hints."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from contract.model.check import Check, Finding
from contract.plugins.discovery import find
from contract.reporters.markdown import code, text
from contract.run.opening import open_recordings
from contract.run.report import Outcome, Result
from contract.run.verification import Verification

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "wrong-flags.md"
MARK = "<!-- from here on: "
WINDOW = "--context-window 131072"
SMALL, WHOLE = ROOT / "fixtures/wrong-flags", ROOT / "fixtures/exchanges"
# By title: the recording, further arguments of `verify`, and the checks that detect the
# wrong flag, each with a part of its hint.
CASES = {
    "vLLM without a reasoning parser": (
        WHOLE / "vllm-0.32.0-no-reasoning-parser",
        "",
        {
            "reasoning.right-field": "--reasoning-parser mistral",
            "reasoning.present": "--reasoning-parser mistral",
        },
    ),
    "vLLM without a tool call parser": (
        SMALL / "vllm-no-tool-call-parser",
        "",
        {
            "tools.required-is-called": "--tool-call-parser mistral",
            "reasoning.right-field": "--tool-call-parser mistral",
        },
    ),
    "vLLM with a smaller context window than promised": (
        SMALL / "vllm-short-window",
        WINDOW,
        {"models.context-length-is-as-promised": "--max-model-len 131072"},
    ),
    "vLLM with a limit of one image per request": (
        SMALL / "vllm-one-image",
        "",
        {
            "multimodal.takes-promised-images": "--limit-mm-per-prompt",
            "multimodal.each-image-counts": "--limit-mm-per-prompt",
        },
    ),
    "vLLM with forced usage in streams": (
        SMALL / "vllm-force-include-usage",
        "",
        {
            "streaming.usage-only-when-asked": "--enable-force-include-usage",
            "streaming.usage-comes-once": "--enable-force-include-usage",
        },
    ),
    "llama.cpp with --reasoning-format none": (
        WHOLE / "llamacpp-b11549-reasoning-format-none",
        "",
        {
            "reasoning.right-field": "--reasoning-format none",
            "reasoning.present": "--reasoning-format none",
        },
    ),
    "llama.cpp without --jinja": (
        SMALL / "llamacpp-no-jinja",
        "",
        {
            "tools.required-is-called": "--jinja",
            "reasoning.present": "--jinja",
        },
    ),
    "llama.cpp with a smaller context window than promised": (
        SMALL / "llamacpp-small-window",
        WINDOW,
        {
            "models.context-length-is-as-promised": "--ctx-size 131072",
            "context.serves-8k": "--ctx-size 131072",
        },
    ),
}
# These recordings have a URL as target; the page shows an equivalent engine target.
STARTED = {
    "vllm-0.32.0-no-reasoning-parser": "vllm:tiny?without=--reasoning-parser",
    "llamacpp-b11549-reasoning-format-none": "llamacpp:tiny?reasoning_format=none",
}


@cache
def recording(path: Path) -> Verification:
    (found,) = open_recordings(path)
    return found


def judged(path: Path, check: str) -> Result:
    return recording(path).run(find("checks", Check)[check])


def first(path: Path, check: str) -> Finding:
    return judged(path, check).findings[0]


@pytest.mark.parametrize(
    ("path", "check", "flag"),
    [
        pytest.param(path, check, flag, id=f"{path.name}-{check}")
        for path, _, checks in CASES.values()
        for check, flag in checks.items()
    ],
)
def test_a_wrong_flag_is_detected_and_named_in_the_hint(path, check, flag):
    assert Outcome.FAIL is judged(path, check).outcome
    assert flag in first(path, check).hint


@pytest.mark.parametrize("path", sorted(SMALL.iterdir()), ids=lambda path: path.name)
def test_trimmed_recordings_are_small_and_on_the_page(path):
    assert path in [case[0] for case in CASES.values()]
    assert sum(each.stat().st_size for each in path.iterdir()) < 100_000


def sections() -> Iterator[str]:
    for title, (path, more, checks) in CASES.items():
        target = STARTED.get(path.name, recording(path).target)
        yield f"## {title}"
        yield f"```sh\nmagistral-contract verify {shlex.join([target])} {more}".rstrip()
        yield "```"
        for check in checks:
            found = first(path, check)
            seen = f"expected {code(found.expected)}, actual {code(found.actual)}"
            yield f"- {code(check)}: {text(found.message)}: {seen}"
            yield f"  - hint: {text(found.hint)}"


def test_the_page_shows_the_findings(request):
    head, mark, rest = PAGE.read_text(encoding="utf-8").partition(MARK)
    line = rest.partition("\n")[0]
    body = (
        "\n".join(sections()).replace("\n## ", "\n\n## ").replace("```\n-", "```\n\n-")
    )
    body = body.replace("\n```sh", "\n\n```sh")
    page = f"{head}{mark}{line}\n\n{body}\n"
    if request.config.getoption("--update-golden"):
        PAGE.write_text(page, encoding="utf-8", newline="\n")

    assert page == PAGE.read_text(encoding="utf-8")
