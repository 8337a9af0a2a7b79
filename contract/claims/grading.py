"""
Compares an expression with its key by math-verify: a program of its own, with limits.

Run as `python -m contract.claims.grading`: it reads `{"text": …, "key": …}` from
standard input, and writes `{"read": …, "right": …, "found": …}`.
"""

from __future__ import annotations

import json
import logging
import sys

MEMORY = 2 * 2**30  # bytes


def main() -> None:
    """Read one answer, and write what math-verify says of it."""
    try:
        import resource  # noqa: PLC0415  # Windows has none

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except ImportError:
        pass
    from math_verify import parse, verify  # noqa: PLC0415  # an extra

    logging.disable(logging.CRITICAL)
    asked = json.loads(sys.stdin.read())
    found = parse(asked["text"])
    right = bool(found) and bool(verify(parse(f"${asked['key']}$"), found))
    result = {"read": bool(found), "right": right, "found": str(found[-1:])}
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
