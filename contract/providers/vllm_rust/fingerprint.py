"""Fingerprint of vLLM's Rust frontend: the owner of its models, and its /version."""

from __future__ import annotations

from contract.model.provider import Evidence, Fingerprint, Match

# Recorded with 0.32.0; the Python server says `vllm`, and has no second version.
OWNER = "vllm-frontend-rs"


def recognise(evidence: Evidence) -> Match | None:
    """Return the profile if the models or /version name the Rust frontend."""
    release = evidence.member("/version", "rust_frontend_version")
    if OWNER not in evidence.owners and (
        evidence.owners or not isinstance(release, str)
    ):
        return None
    version = evidence.member("/version", "version")
    named = f"vLLM {version[:40]}" if isinstance(version, str) else "vLLM"
    return Match("vllm-0.32-rust", f"{named} with the Rust frontend: models of {OWNER}")


FINGERPRINT = Fingerprint(recognise=recognise, order=28)
