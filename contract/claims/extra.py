"""The packages of the extra `claims`, which are imported only when they are used."""

from __future__ import annotations

from importlib.util import find_spec

from contract.errors import UsageError


def ensure_installed(package: str, purpose: str) -> None:
    """Raise `UsageError` unless *package* is installed, which *purpose* needs."""
    if find_spec(package) is None:
        raise UsageError(
            f"{purpose} needs {package.replace('_', '-')}: run pip install -e "
            "'.[claims]' in the cloned repository."
        )
