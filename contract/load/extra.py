"""The packages of the extra `load`, which everything else here imports."""

from __future__ import annotations

from importlib.util import find_spec

from contract.errors import UsageError

PACKAGES = ("gevent", "hdrh", "locust")


def ensure_installed() -> None:
    """Raise `UsageError` unless Locust and the histograms are installed."""
    if any(find_spec(name) is None for name in PACKAGES):
        raise UsageError(
            "Load tests need Locust: run pip install -e '.[load]' in the cloned "
            "repository."
        )
