"""
What `openapi.yaml` says about a JSON value: a fast verdict, and reasons on demand.

`accepts` asks jsonschema-rs and takes microseconds. `violations` asks jsonschema, which
takes milliseconds and knows why; ask it only after `accepts` has said no.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import jsonschema_rs
import yaml

from contract.errors import SpecError
from contract.model.chat import Json
from contract.model.provider import Provider
from contract.plugins.discovery import find
from contract.schema.explain import (
    SchemaError,
    reasons,
    shown,
)

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

FILE = "openapi.yaml"
UNIONS = {
    "ChatRequest": "ChatRequest",
    "ChatResponse": "ChatResponse",
    "ChatEvent": "ChatEvent",
    "ErrorBody": "Error",
    "ModelList": "ModelList",
    "Model": "Model",
}
"""The schemas that list every dialect, and how each dialect's own is named."""

_HOME = "#/components/schemas/"
# What only self-hosted servers have; each branch is named after one of them.
_EXTRAS = ("TokenizeRequest", "TokenizeResponse")
_DEFAULT = "Vllm"  # what serves a model whose thoughts nobody separates
# What a validator raises instead of a verdict: half a surrogate pair and some numbers
# do not exist in Rust, and nesting has an end in both.
_UNREADABLE = (ArithmeticError, RecursionError, TypeError, ValueError)


@cache
def document() -> Json:
    """The parsed `openapi.yaml`, from the source tree or from inside the wheel."""
    package = Path(__file__).resolve().parent.parent
    places = (package.parent / FILE, package / FILE)
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise SpecError(f"{FILE} is not installed. Reinstall magistral-contract.")
    text = path.read_text(encoding="utf-8")
    # The C loader is ten times as fast; not every platform has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: Any = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe
    schemas = found["components"]["schemas"]
    for provider in find("providers", Provider).values():
        for name, schema in _own_schemas(provider).items():
            if name in schemas:
                raise SpecError(
                    f"The provider {provider.id!r} defines the schema {name!r}, which "
                    f"{FILE} or another provider has already; rename it."
                )
            schemas[name] = schema
    return cast("Json", found)


def _own_schemas(provider: Provider) -> dict[str, Any]:
    try:
        found = yaml.safe_load(provider.schemas or "{}")
    except yaml.YAMLError as error:
        raise SpecError(
            f"The schemas of the provider {provider.id!r} are not YAML: {error}."
        ) from error
    if not isinstance(found, dict):
        raise SpecError(
            f"The schemas of the provider {provider.id!r} are not a mapping of names "
            "to schemas."
        )
    return found


def missing(prefix: str) -> tuple[str, ...]:
    """The schemas that a dialect with this *prefix* needs and that nobody defines."""
    schemas = cast("Any", document())["components"]["schemas"]
    return tuple(prefix + own for own in UNIONS.values() if prefix + own not in schemas)


def narrowed(dialect: str, prefix: str, paths: Collection[str] | None = None) -> Json:
    """
    A copy of the document that knows one dialect: its schemas, its examples.

    Of the *paths*, if they are given, all others are left out.
    """
    narrow: Any = copy.deepcopy(document())
    if paths is not None:
        narrow["paths"] = {k: v for k, v in narrow["paths"].items() if k in paths}
    for union, own in UNIONS.items():
        _named(prefix + own)
        narrow["components"]["schemas"][union] = {"$ref": f"{_HOME}{prefix}{own}"}
    family = prefix.rstrip("0123456789")
    for extra in _EXTRAS:
        union = narrow["components"]["schemas"][extra]
        its = _branches(union, family) or _branches(union, _DEFAULT)
        union["anyOf"] = its
    for holder in _holders(narrow, "examples"):
        if holder is not narrow["components"]:
            kept = {
                k: v for k, v in holder["examples"].items() if k.startswith(dialect)
            }
            holder["examples"] = kept
            if not kept:
                del holder["examples"]
    return cast("Json", narrow)


def _branches(union: Any, family: str) -> list[Json]:
    start = _HOME + family
    return [one for one in union["anyOf"] if one.get("$ref", "").startswith(start)]


def schema(name: str) -> Json:
    """The named schema and all it refers to, as one JSON Schema 2020-12."""
    reached: dict[str, Json] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in reached:
            reached[current] = _moved(_named(current), waiting)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": f"#/$defs/{name}",
        "$defs": reached,
    }


def accepts(name: str, instance: Json) -> bool:
    """Whether the value is what the named schema describes; never raises on a value."""
    try:
        return _fast(name).is_valid(instance)
    except _UNREADABLE:
        return _accepts_slowly(name, instance)


def schema_errors(
    name: str, instance: Json, *, most: int = 5
) -> tuple[SchemaError, ...]:
    """
    Up to `most` reasons why the named schema refuses the value, in document order.

    Empty exactly when `accepts` says yes; never raises on a value.
    """
    if accepts(name, instance):
        return ()
    slow = _slow(name)
    defs = cast("dict[str, Any]", slow.schema)["$defs"]
    try:
        found = [v for e in slow.iter_errors(instance) for v in reasons(e, defs)]
    except _UNREADABLE:
        found = []
    if not found:
        # Only jsonschema-rs refuses it (NaN), or nobody can follow its nesting.
        message = f"the value is not a {name}: it cannot be written as JSON"
        found = [SchemaError("", "type", message, f"a {name}", shown(instance))]
    mistyped = {v.pointer for v in found if v.keyword == "type"}
    told = (v for v in found if v.keyword == "type" or v.pointer not in mistyped)
    return tuple(dict.fromkeys(told))[:most]


def _named(name: str) -> Json:
    schemas = cast("Any", document())["components"]["schemas"]
    if name not in schemas:
        close = difflib.get_close_matches(name, schemas, n=3, cutoff=0.5)
        hint = f"; close names are {', '.join(close)}" if close else ""
        raise SpecError(f"{FILE} has no schema {name!r}{hint}. See components.schemas.")
    return cast("Json", schemas[name])


def _moved(node: Json, reached: list[str]) -> Json:
    """A copy whose references lead to `$defs`; what they lead to joins `reached`."""
    if isinstance(node, list):
        return [_moved(item, reached) for item in node]
    if not isinstance(node, dict):
        return node
    moved: dict[str, Json] = {}
    for key, value in node.items():
        if key == "$ref" and isinstance(value, str):
            target = value.removeprefix(_HOME)
            reached.append(target)
            moved[key] = f"#/$defs/{target}"
        elif key != "discriminator":  # OpenAPI's own word; its mapping has addresses
            moved[key] = _moved(value, reached)
    return moved


def _holders(node: Any, key: str) -> Iterator[dict[str, Any]]:
    """Every object that has `key`, however deep, outermost first."""
    if isinstance(node, dict):
        if isinstance(node.get(key), dict):
            yield node
        for value in list(node.values()):
            yield from _holders(value, key)
    elif isinstance(node, list):
        for item in node:
            yield from _holders(item, key)


@cache
def _fast(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(cast("Any", schema(name)))


@cache
def _slow(name: str) -> Validator:
    # Takes longer to import than everything else here, and most runs never need it.
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    return Draft202012Validator(cast("Any", schema(name)))


def _accepts_slowly(name: str, instance: Json) -> bool:
    try:
        return _slow(name).is_valid(instance)
    except _UNREADABLE:
        return False
