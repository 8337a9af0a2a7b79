"""`verify`: check that targets keep their contract."""

from __future__ import annotations

from typing import Any

import click

from contract.cli import completion, options
from contract.cli.config import MOST_CONCURRENT, Config
from contract.client.timeouts import RETRY_BUDGET, Limits
from contract.model.profile import MOST_WINDOW


def _limit(name: str, bound: str, description: str) -> options.Decorator:
    """Return the option *name* for the field *bound* of `Limits`."""
    return click.option(
        name,
        bound,
        metavar="TIME",
        callback=options.timeout,
        help=f"{description} (default {getattr(Limits(), bound):g}s).",
    )


@click.command("verify")
@click.argument(
    "targets",
    nargs=-1,
    metavar="[TARGET]…",
    shell_complete=completion.names(completion.targets),
)
@options.configuration
@options.selection
@options.trust
@click.option(
    "--slow",
    is_flag=True,
    help="Run slow checks too: many samples, 128k prompts.",
)
@click.option(
    "--thorough",
    is_flag=True,
    help="Send each check's own requests, none that stands for those of several.",
)
@options.profile
@click.option("--model", metavar="NAME", help="The model to request.")
@options.api_key
@options.route
@click.option(
    "--concurrency",
    type=click.IntRange(1, MOST_CONCURRENT),
    metavar="N",
    help="Concurrent requests (default: the profile's).",
)
@click.option(
    "--max-requests",
    type=click.IntRange(1),
    metavar="N",
    help="Send no more than this (default: the profile's).",
)
@click.option(
    "--within",
    metavar="TIME",
    callback=options.timeout,
    help="Ask what finds most first, and only what this time allows, e.g. 60s.",
)
@click.option(
    "--retry-budget",
    metavar="TIME",
    default=f"{RETRY_BUDGET:g}s",
    show_default=True,
    callback=options.seconds,
    help="Wait this long in all for rate limits (429, and 503 with Retry-After) and "
    "repeat the requests; 0 repeats none.",
)
@click.option(
    "--context-window",
    type=click.IntRange(2, MOST_WINDOW),
    metavar="N",
    help="The context window in tokens (default: the reported one, or the profile's).",
)
@options.budget
@options.offer
@click.option(
    "--max-examples",
    type=click.IntRange(1),
    metavar="N",
    help="Generated requests per property (default: the profile's).",
)
@click.option(
    "--seed",
    type=int,
    metavar="N",
    help="Seed of the generated requests of properties.",
)
@_limit("--connect-timeout", "connect", "Until the connection is established")
@_limit("--first-byte-timeout", "first_byte", "Until a stream's first byte")
@_limit("--idle-timeout", "between", "Between two chunks of a stream")
@_limit("--timeout", "total", "For a whole request")
@click.option(
    "--save", metavar="DIR", help="Save all exchanges, for `replay` and bug reports."
)
@options.behind
@options.baseline
@options.remembering
@options.reporting
@click.pass_context
def verify_command(context: click.Context, /, **settings: Any) -> int:
    """
    Check that each TARGET keeps its contract: send requests, judge the responses.

    \b
    A TARGET is
      mock                       the mock, started for this run
      mock:vllm?ttft=80ms        … in another dialect, with options
      http://127.0.0.1:8000/v1   a running server
      llamacpp:tiny              llama.cpp, started with a scripted model
      llamacpp:FILE.gguf         … with your own model
      vllm:tiny                  vLLM on the CPU; see `engines install`
      transformers:tiny          Hugging Face Transformers on the CPU

    Without a TARGET, those of [tool.magistral-contract] in pyproject.toml are
    verified, or else the mock. That table can hold every option but --save and those
    for the output; `magistral-contract init URL` writes it.

    \b
    Exit codes
      0  PASSED: no MUST failed (with --strict, no SHOULD either)
      1  FAILED: a MUST failed (with --strict, or a SHOULD), or chats are redirected
      2  the command line or a file is wrong
      3  INCONCLUSIVE: a target could not be reached, answers garbage, or could not be
         fully judged
      4  ERROR: a check crashed, or this program did
    130  interrupted; the results until then are reported
    """  # noqa: D301  # click keeps the lines after \b
    from contract.cli.repeating import repeated_options
    from contract.cli.verifying import verify_targets

    found = context.meta.get("contract.settings") or Config()
    settings["targets"] = settings["targets"] or found.values.get("targets", ())
    return verify_targets(**settings, note=found.note, repeat=repeated_options(context))
