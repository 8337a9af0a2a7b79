"""Finds the API key in the environment and validates it."""

from __future__ import annotations

from collections.abc import Mapping

from contract.errors import UsageError


def validate_key(key: str | None) -> str | None:
    """*key* without surrounding white space; `UsageError` if no header can hold it."""
    key = (key or "").strip()
    if not all("!" <= character <= "~" for character in key):
        raise UsageError(
            "The API key holds a blank, a control character or a letter outside "
            "ASCII; set the variable again."
        )
    return key or None


KEYS = ("MISTRAL_API_KEY", "OPENAI_API_KEY")


def api_key(variable: str | None, environ: Mapping[str, str]) -> tuple[str | None, str]:
    """
    The API key and the variable that holds (or would hold) it.

    Without a *variable* it is MISTRAL_API_KEY, then OPENAI_API_KEY.
    """
    if variable:
        if not environ.get(variable):
            raise UsageError(f"The variable {variable} is not set; export it first.")
        return environ[variable], variable
    name = next((name for name in KEYS if environ.get(name)), KEYS[0])
    return environ.get(name) or None, name
