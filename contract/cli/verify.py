"""`verify`: check that targets keep their contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from contract.cli import completion, options
from contract.client.timeouts import Limits

if TYPE_CHECKING:
    from contract.cli.outputs import Output
    from contract.model.profile import Capability


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
@options.selection
@options.trust
@click.option(
    "--slow", is_flag=True, help="Run slow checks too: many samples, 128k prompts."
)
@options.profile
@click.option("--model", metavar="NAME", help="The model to request.")
@click.option(
    "--api-key-env",
    metavar="NAME",
    help="The variable that holds the API key (default: MISTRAL_API_KEY, then "
    "OPENAI_API_KEY).",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
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
    "--context-window",
    type=click.IntRange(2),
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
@options.reporting
def verify_command(  # noqa: PLR0913  # each parameter is an option
    *,
    targets: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    trust_plugins: bool,
    slow: bool,
    profile: str | None,
    profiles: str | None,
    model: str | None,
    api_key_env: str | None,
    concurrency: int | None,
    max_requests: int | None,
    max_examples: int | None,
    seed: int | None,
    context_window: int | None,
    budget: Mapping[str, float],
    offer: frozenset[Capability],
    save: str | None,
    strict: bool,
    report: tuple[Output, ...],
    quiet: bool,
    verbose: bool,
    color: bool | None,
    **bounds: float | None,
) -> int:
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

    \b
    Exit codes
      0  PASSED: no MUST failed (with --strict, no SHOULD either)
      1  FAILED: a MUST failed (with --strict, or a SHOULD)
      2  the command line or a file is wrong
      3  INCONCLUSIVE: a target could not be reached or could not be fully judged
      4  ERROR: a check crashed, or this program did
    130  interrupted; the results until then are reported
    """  # noqa: D301  # click keeps the lines after \b
    from contract.cli.verifying import verify_targets

    return verify_targets(
        targets=targets,
        select=select,
        ignore=ignore,
        trust_plugins=trust_plugins,
        slow=slow,
        profile=profile,
        profiles=profiles,
        model=model,
        api_key_env=api_key_env,
        concurrency=concurrency,
        max_requests=max_requests,
        max_examples=max_examples,
        seed=seed,
        context_window=context_window,
        budget=budget,
        offer=offer,
        save=save,
        strict=strict,
        report=report,
        quiet=quiet,
        verbose=verbose,
        color=color,
        bounds={name: value for name, value in bounds.items() if value is not None},
    )
