"""Lookup of the API key in the environment, and its validation."""

from __future__ import annotations

import re
from collections.abc import Mapping

from contract.errors import UsageError
from contract.model.redaction import register_secret


def validate_key(key: str | None) -> str | None:
    """
    Return *key* without surrounding white space; None if nothing is left.

    It is registered, so that no output shows it. Raises `UsageError` if a header cannot
    hold it.
    """
    key = (key or "").strip()
    register_secret(key)
    if not all("!" <= character <= "~" for character in key):
        raise UsageError(
            "The API key contains a space, a control character or a non-ASCII "
            "character; set the variable again."
        )
    return key or None


KEYS = ("MISTRAL_API_KEY", "OPENAI_API_KEY")


# A variable as it is usually named, or a short name: what is no key by mistake.
_NAME = re.compile(r"[A-Z][A-Z0-9_]*|_[A-Z0-9_]+|[A-Za-z_][A-Za-z0-9_]{0,15}")


def unset(variable: str, option: str, holds: str = "") -> UsageError:
    """
    Return the error that *variable* is not set, although *option* names it.

    *holds* says what it would hold, as in ", which holds the header X-Tenant,". Who
    gives a key in place of its variable must not find it in a log, so what may be one
    is not repeated.
    """
    if _NAME.fullmatch(variable):
        return UsageError(
            f"The variable {variable}{holds} is not set; export it first."
        )
    return UsageError(
        f"{option} takes the name of a variable that is set, and none has the given "
        "name, which is not shown, as it may be a key; export the value, as in "
        "`export STAGING_KEY=…`, and give the name."
    )


def api_key(variable: str | None, environ: Mapping[str, str]) -> tuple[str | None, str]:
    """
    Return the API key, if any, and the name of the variable that holds it.

    Without *variable*, MISTRAL_API_KEY and then OPENAI_API_KEY are tried. Raises
    `UsageError` if *variable* is given and not set.

    All three are registered, so that no output shows them.
    """
    register_secret(*(environ.get(name) for name in KEYS))
    if variable:
        if not environ.get(variable):
            raise unset(variable, "--api-key-env")
        register_secret(environ[variable])
        return environ[variable], variable
    name = next((name for name in KEYS if environ.get(name)), KEYS[0])
    return environ.get(name) or None, name
