"""HTTP requests of probes, with their credentials."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from urllib.parse import quote

from contract.model.chat import CHAT, Json
from contract.model.probe import KeyMode, Probe, apply_patches
from contract.model.profile import Profile
from contract.model.strict_json import MISSING, read_json

WRONG_KEY = "sk-wrong-key-for-testing"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request."""

    # HTTP method in upper case.
    method: str
    # Path from the server's root, with the query string.
    path: str
    # Headers in order, as (lower-case name, value).
    headers: tuple[tuple[str, str], ...] = ()
    # The whole body.
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first header of that name, in lower case, or None."""
        return next((value for key, value in self.headers if key == name), None)


def build_request(
    probe: Probe, profile: Profile, model: str, key: str | None = None
) -> Request:
    """
    Return the HTTP request of *probe*, encoded in the dialect of *profile*.

    *model* is the target's model, used unless the probe names one; *key* is the
    user's API key, or None to send no credentials. The patches are applied.
    """
    headers = [("accept-encoding", "identity")]
    body = b""
    if probe.method == "POST":
        headers.append(("content-type", "application/json"))
        body = _body(probe, profile, probe.model or model)
    if credentials := _credentials(probe.key, key):
        headers.append(("authorization", credentials))
    named = {name.lower() for name, _ in probe.headers}
    kept = [(name, value) for name, value in headers if name not in named]
    added = [(name.lower(), value) for name, value in probe.headers if value]
    path = profile.dialect.path if probe.path == CHAT else probe.path
    path = path.replace("{model}", probe.model or model)
    path = path.replace("{load}", profile.dialect.load)
    if probe.key is KeyMode.QUERY and key:
        path += f"?api_key={quote(key, safe='')}"
    return Request(probe.method, path, (*kept, *added), body)


def _credentials(how: KeyMode, key: str | None) -> str | None:
    """Return the Authorization header of a probe, or None without a *key* for it."""
    if how is KeyMode.WRONG:
        return f"Bearer {WRONG_KEY}"
    if not key:
        return None
    return {
        KeyMode.GIVEN: f"Bearer {key}",
        KeyMode.LOWER: f"bearer {key}",
        KeyMode.BARE: key,
        KeyMode.BASIC: f"Basic {basic_credentials(key)}",
    }.get(how)


def basic_credentials(key: str) -> str:
    """Return HTTP Basic credentials with *key* as the password (RFC 7617)."""
    return base64.b64encode(f"key:{key}".encode()).decode()


def _body(probe: Probe, profile: Profile, model: str) -> bytes:
    if probe.body is not None:
        escaped = json.dumps(model)[1:-1].encode()
        return _respelled(probe.body.replace(b"{model}", escaped), profile)
    dialect = profile.dialect
    encoded: Json = dialect.request(dialect.prepare(probe), model)
    if probe.patches:
        encoded = apply_patches(encoded, probe.patches)
    if dialect.surface is not None and _is_spelled(probe.path, profile):
        encoded = dialect.surface.write(encoded)
    return json.dumps(encoded, ensure_ascii=False, separators=(",", ":")).encode(
        errors="surrogatepass"
    )


def _is_spelled(path: str, profile: Profile) -> bool:
    """Return whether a path is one whose bodies the surface of *profile* spells."""
    return path == CHAT or path.startswith(profile.dialect.path)


def _respelled(body: bytes, profile: Profile) -> bytes:
    """Return the bytes of a chat request in the spelling of the surface, if any."""
    surface = profile.dialect.surface
    value = MISSING if surface is None else read_json(body)
    if surface is None or not isinstance(value, dict) or "messages" not in value:
        return body
    text = json.dumps(
        surface.write(value),
        # What a probe is about may be the spelling of the JSON.
        ensure_ascii=b"\\u" in body,
        indent=1 if body.startswith(b"{\n") else None,
    )
    return text.encode(errors="surrogatepass")
