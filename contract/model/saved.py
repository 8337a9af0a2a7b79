"""The saved form of an exchange: `exchange-v1` JSON, written and read back."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json

from contract.errors import UsageError
from contract.model.chat import Json
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.redaction import redact_headers
from contract.model.strict_json import MISSING, read_json
from contract.model.wire import Request

FORMAT = "exchange-v1"
MOST_SECONDS = 1e12  # more than any moment since the epoch


def digest(request: Request, probe: Probe) -> str:
    """
    Return the identity of a request in saved exchanges: 12 hexadecimal digits.

    It covers method, path, body, headers other than authorization, and the fields of
    *probe* that repeat or interrupt a request; it does not depend on the API key.
    """
    headers = [pair for pair in request.headers if pair[0] != "authorization"]
    parts = [
        request.method,
        request.path,
        repr(sorted(headers)),
        probe.key.value,
        str(probe.sample),
    ]
    if probe.hang_up_after is not None:
        parts.append(f"hang up after {probe.hang_up_after}")
    # A server may list a model whose name has a lone surrogate.
    text = "\n".join(parts).encode(errors="surrogatepass")
    seed = text + b"\n" + request.body
    return hashlib.sha256(seed).hexdigest()[:12]


def dump(exchange: Exchange) -> dict[str, Json]:
    """Return the exchange as JSON that `load` reads; text stays readable in it."""
    return {
        "format": FORMAT,
        "profile": exchange.profile.id,
        "name": exchange.probe.name,
        "digest": digest(exchange.request, exchange.probe),
        "sample": exchange.probe.sample,
        "request": {
            "method": exchange.request.method,
            "path": exchange.request.path,
            "headers": [[k, v] for k, v in redact_headers(exchange.request.headers)],
            **_dump_body(exchange.request.body),
        },
        "response": {
            "status": exchange.status,
            "headers": [[k, v] for k, v in exchange.headers],
            "arrivals": [
                [round(a.at, 6), _dump_text(a.data)] for a in exchange.arrivals
            ],
            "end": exchange.end.value,
            "note": exchange.note,
            **({} if exchange.visits is None else {"visits": [*exchange.visits]}),
            "elapsed": round(exchange.elapsed, 6),
        },
        **({} if exchange.sent_at is None else {"sent_at": round(exchange.sent_at)}),
        **({"repeats": exchange.repeats} if exchange.repeats else {}),
        **({"echoes": [*exchange.echoes]} if exchange.echoes else {}),
    }


def _dump_body(body: bytes) -> dict[str, Json]:
    if not body:
        return {}
    value = read_json(body)
    if value is not MISSING:
        same = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if same.encode(errors="surrogatepass") == body:
            return {"body": value}  # type: ignore[dict-item]  # it is not MISSING
    try:
        return {"body_text": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


def _dump_text(data: bytes) -> Json:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def load(saved: Json, profile: Profile, probe: Probe | None = None) -> Exchange:
    """
    Return the exchange in *saved*, JSON made by `dump`.

    *profile* is the profile to judge it by. Without *probe*, a placeholder with the
    saved name is used: enough to decode and judge the response, but not to send the
    request again. Raises `UsageError` when *saved* is not a saved exchange.
    """
    try:
        if not isinstance(saved, dict) or saved["format"] != FORMAT:
            raise UsageError(f"Not a saved exchange: its format is not {FORMAT!r}.")
        request = _dict(saved["request"])
        response = _dict(saved["response"])
        status = response["status"]
        arrivals = tuple(
            Arrival(_seconds(at), _load_text(data))
            for at, data in map(_list, _list(response["arrivals"]))
        )
        return Exchange(
            probe=probe or _placeholder(saved, request),
            profile=profile,
            request=Request(
                str(request["method"]),
                str(request["path"]),
                _load_headers(request.get("headers")),
                _load_body(request),
            ),
            status=status if isinstance(status, int) else None,
            headers=_load_headers(response.get("headers")),
            arrivals=arrivals,
            end=End(str(response.get("end", "complete"))),
            note=str(response.get("note", "")),
            visits=_load_visits(response.get("visits")),
            elapsed=_seconds(
                response.get("elapsed", arrivals[-1].at if arrivals else 0.0)
            ),
            sent_at=_seconds(saved["sent_at"]) if "sent_at" in saved else None,
            repeats=int(_seconds(saved.get("repeats", 0))),
            echoes=_load_echoes(saved.get("echoes")),
        )
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise UsageError(
            f"A saved exchange is damaged ({type(error).__name__}: {error}); "
            "record it again with verify --save DIR."
        ) from error


def _load_body(request: dict[str, Json]) -> bytes:
    if "body" in request:
        text = json.dumps(request["body"], ensure_ascii=False, separators=(",", ":"))
        return text.encode(errors="surrogatepass")
    if "body_base64" in request:
        return base64.b64decode(str(request["body_base64"]), validate=True)
    return str(request.get("body_text", "")).encode()


def _load_text(value: Json) -> bytes:
    if isinstance(value, dict):
        return base64.b64decode(str(value["base64"]), validate=True)
    return str(value).encode()


def _placeholder(saved: dict[str, Json], request: dict[str, Json]) -> Probe:
    body = request.get("body")
    return Probe(
        name=str(saved.get("name", "saved")),
        method=str(request["method"]),
        path=str(request["path"]),
        stream=isinstance(body, dict) and body.get("stream") is True,
    )


def _dict(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise TypeError("an object was expected")
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return value


def _seconds(value: Json) -> float:
    if not isinstance(value, int | float):
        raise TypeError("seconds were expected")
    if not 0 <= value <= MOST_SECONDS:
        raise ValueError("a number of seconds is out of range")
    return float(value)


def _load_echoes(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _load_visits(value: Json) -> tuple[str, ...] | None:
    return None if value is None else tuple(map(str, _list(value)))


def _load_headers(value: Json) -> tuple[tuple[str, str], ...]:
    pairs = value.items() if isinstance(value, dict) else _list(value or [])
    return tuple((str(k).lower(), str(v)) for k, v in pairs)  # type: ignore[misc,str-unpack]  # damaged pairs raise ValueError, caught in load
