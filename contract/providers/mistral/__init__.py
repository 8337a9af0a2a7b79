"""Mistral's hosted API, of 2025 and of 2026."""

from contract.model.provider import define
from contract.providers.mistral.dialect import (
    MISTRAL_2025_10,
    MISTRAL_2026_08,
    MISTRAL_2026_10,
)
from contract.providers.mistral.fingerprint import FINGERPRINT

PROVIDER = define(
    __name__,
    dialects=(MISTRAL_2025_10, MISTRAL_2026_08, MISTRAL_2026_10),
    fingerprint=FINGERPRINT,
    aliases={"mistral": "mistral-2025-10"},
)
