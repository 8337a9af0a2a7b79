"""The command `magistral-contract`, and `python -m contract`."""

from __future__ import annotations

import sys

INTERRUPTED = 130  # the exit code, as in `contract.cli`


def main() -> None:
    """
    Run the command line and exit with its exit code.

    The rest is imported here, so that Ctrl-C during the imports is a sentence too.
    """
    try:
        from contract.cli import main as run  # noqa: PLC0415

        run()
    except KeyboardInterrupt:
        print("error: interrupted.", file=sys.stderr)  # noqa: T201  # click may be missing
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
