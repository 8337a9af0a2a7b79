"""
Validation of JSON values against the schemas of `openapi.yaml`.

`accepts` uses jsonschema-rs and takes microseconds. `schema_errors` uses jsonschema,
which takes milliseconds and reports reasons; call it only for rejected values.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Collection, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from contract.errors import SpecError
from contract.files.derived import derived
from contract.model.chat import Json
from contract.model.folding import TEXTS
from contract.model.provider import Provider
from contract.plugins.discovery import find
from contract.schema.explain import SchemaError, explain_error, preview

if TYPE_CHECKING:
    import jsonschema_rs
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
"""Name of a union over all dialects -> suffix of the schema of one dialect."""
SURFACE_UNIONS = {
    "ResponsesRequest": "ChatRequest",
    "ResponsesReply": "ChatResponse",
    "ResponsesEvent": "ChatEvent",
}
"""Name of a union over the dialects of /v1/responses -> suffix of a schema of one."""

_HOME = "#/components/schemas/"
# Unions over the self-hosted servers only; each branch is named after one of them.
_EXTRAS = ("TokenizeRequest", "TokenizeResponse")
_DEFAULT = "Vllm"  # the branch for a server without a reasoning parser
# Raised by a validator instead of a verdict: lone surrogates and some numbers do not
# exist in Rust, and both validators limit nesting.
_UNREADABLE = (ArithmeticError, RecursionError, TypeError, ValueError)


@cache
def document() -> Json:
    """
    Return the parsed `openapi.yaml`, with the schemas of all providers.

    It is read from the source tree or from the wheel. Raises `SpecError` when it is
    missing or when a provider's schemas are not valid YAML or not new.
    """
    package = Path(__file__).resolve().parent.parent
    places = (package.parent / FILE, package / FILE)
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise SpecError(f"{FILE} is not installed. Reinstall magistral-contract.")
    parsed: Any = derived(path, __file__, lambda: _parsed(path.read_text("utf-8")))
    schemas = parsed["components"]["schemas"]
    for provider in find("providers", Provider).values():
        for name, schema in _own_schemas(provider).items():
            if name in schemas:
                raise SpecError(
                    f"The provider {provider.id!r} defines the schema {name!r}, which "
                    f"{FILE} or another provider already defines; rename it."
                )
            schemas[name] = schema
    return cast("Json", parsed)


def _parsed(text: str) -> Any:
    # Takes 20 ms to import, and is not needed where the parsed document is cached.
    import yaml  # noqa: PLC0415

    # The C loader is ten times as fast; not every platform has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(text, Loader=loader)  # noqa: S506 - both are safe


def _own_schemas(provider: Provider) -> dict[str, Any]:
    if not provider.schemas:
        return {}
    import yaml  # noqa: PLC0415  # as above

    try:
        parsed = yaml.safe_load(provider.schemas)
    except yaml.YAMLError as error:
        raise SpecError(
            f"The schemas of the provider {provider.id!r} are not YAML: {error}."
        ) from error
    if not isinstance(parsed, dict):
        raise SpecError(
            f"The schemas of the provider {provider.id!r} are not a mapping of names "
            "to schemas."
        )
    return parsed


def missing_schemas(prefix: str) -> tuple[str, ...]:
    """Return the names of the undefined schemas that a dialect's *prefix* requires."""
    schemas = cast("Any", document())["components"]["schemas"]
    return tuple(prefix + own for own in UNIONS.values() if prefix + own not in schemas)


def for_dialect(
    dialect: str, prefix: str, paths: Collection[str] | None = None
) -> Json:
    """
    Return a copy of the document with the schemas and examples of one dialect.

    *dialect* is its id, *prefix* the prefix of its schemas, and *paths* the paths to
    keep; None keeps all. Raises `SpecError` for an unknown prefix.
    """
    narrow: Any = copy.deepcopy(document())
    if paths is not None:
        narrow["paths"] = {k: v for k, v in narrow["paths"].items() if k in paths}
    for union, own in UNIONS.items():
        _named(prefix + own)
        narrow["components"]["schemas"][union] = {"$ref": f"{_HOME}{prefix}{own}"}
    for union, own in SURFACE_UNIONS.items():
        one = {"$ref": f"{_HOME}{prefix}{own}"}
        if one in narrow["components"]["schemas"][union]["anyOf"]:
            narrow["components"]["schemas"][union] = one
    family = prefix.rstrip("0123456789")
    # A server tokenizes in the same way for each surface that it has.
    server = family.removesuffix("Responses")
    for extra in _EXTRAS:
        union = narrow["components"]["schemas"][extra]
        branches = _branches(union, server) or _branches(union, _DEFAULT)
        alone = len(branches) == 1
        narrow["components"]["schemas"][extra] = (
            branches[0] if alone else union | {"anyOf": branches}
        )
    for holder in _holders(narrow, "examples"):
        if holder is not narrow["components"]:
            holder["examples"] = _examples(holder, dialect, family, server)
            if not holder["examples"]:
                del holder["examples"]
    return cast("Json", narrow)


def _examples(
    media: dict[str, Any], dialect: str, family: str, server: str
) -> dict[str, Json]:
    """
    Return the examples of a dialect; if there are none, those of its relatives.

    *family* is that of its schemas, *server* that of what does not depend on a surface.
    """
    union = media["schema"].get("$ref", "").removeprefix(_HOME)
    relatives = (family,) if union in UNIONS else (server, _DEFAULT)
    for start in (dialect, *map(str.lower, relatives)):
        kept = {k: v for k, v in media["examples"].items() if k.startswith(start)}
        if kept:
            return kept
    return {}


def standalone(dialect: str, prefix: str, paths: Collection[str]) -> Json:
    """
    Return the document of one dialect alone: its paths and what they refer to.

    Usage: `standalone("vllm-0.16", "Vllm016", {"/v1/chat/completions"})`. The
    parameters and errors are those of `for_dialect`.
    """
    narrow: Any = for_dialect(dialect, prefix, paths)
    components = narrow["components"]
    reached: set[str] = set()
    waiting = list(_references(narrow["paths"]))
    while waiting:
        place = waiting.pop()
        if place not in reached:
            reached.add(place)
            _, _, kind, name = place.split("/")
            waiting += _references(components[kind][name])
    for kind in set(components) - {"securitySchemes"}:
        kept = {k: v for k, v in components[kind].items() if _place(kind, k) in reached}
        components[kind] = kept
    operations = _holders(narrow["paths"], "responses")
    used = {tag for operation in operations for tag in operation["tags"]}
    narrow["tags"] = [tag for tag in narrow["tags"] if tag["name"] in used]
    narrow["info"]["title"] += f", {dialect}"
    narrow["info"]["description"] = (
        f"The part of {FILE} that describes the dialect {dialect}. Written by "
        "`magistral-contract openapi`."
    )
    return cast("Json", narrow)


def _place(kind: str, name: str) -> str:
    return f"#/components/{kind}/{name}"


def _references(node: Any) -> Iterator[str]:
    """Yield what a node refers to; the mapping of a discriminator repeats some."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)


def as_yaml(value: Json) -> str:
    """Return a document as YAML, with texts of several lines as blocks."""
    import yaml  # noqa: PLC0415  # not needed where documents are only read

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style)

    Dumper.add_representer(str, text)
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, width=100)


def _branches(union: Any, family: str) -> list[Json]:
    start = _HOME + family
    return [one for one in union["anyOf"] if one.get("$ref", "").startswith(start)]


def schema(name: str) -> Json:
    """
    Return the named schema with all that it refers to, as one JSON Schema 2020-12.

    Raises `SpecError` with similar names for an unknown one.
    """
    reached: dict[str, Json] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in reached:
            reached[current] = _relocated(_named(current), waiting)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": f"#/$defs/{name}",
        "$defs": reached,
    }


def accepts(name: str, instance: Json) -> bool:
    """Return whether the value matches the named schema; no value makes it raise."""
    return acceptor(name)(instance)


@cache
def acceptor(name: str) -> Callable[[Json], bool]:
    """Return `accepts` of the named schema, for many values."""
    is_valid = _fast(name).is_valid

    def accepts_instance(instance: Json) -> bool:
        try:
            return is_valid(instance)
        except _UNREADABLE:
            return _accepts_slowly(name, instance)

    return accepts_instance


# Members of a chunk that hold its text, and keywords that constrain a text.
_TEXTS = TEXTS | {"text", "thinking"}
_CONSTRAINTS = frozenset(
    {
        *("const", "contentEncoding", "contentMediaType", "enum", "format", "if"),
        *("maxLength", "minLength", "not", "pattern"),
    }
)


@cache
def is_blind_to_text(name: str) -> bool:
    """
    Return whether the named schema has one verdict about chunks of different texts.

    No schema that a text is judged by may constrain it: its type alone counts.
    """
    definitions = cast("dict[str, Any]", schema(name))["$defs"]
    seen: set[tuple[str, bool]] = set()

    def blind(node: Any, *, text: bool) -> bool:
        if not isinstance(node, dict):
            return True
        if text and _CONSTRAINTS & node.keys():
            return False
        home, _, target = str(node.get("$ref", "")).rpartition("/")
        if home == "#/$defs" and (target, text) not in seen:
            seen.add((target, text))
            if not blind(definitions[target], text=text):
                return False
        for keyword, value in node.items():
            if keyword in {"properties", "patternProperties"}:
                parts = [(one, member in _TEXTS) for member, one in value.items()]
            elif keyword in {"$defs", "required", "enum", "const", "examples"}:
                continue
            else:
                several = value if isinstance(value, list) else [value]
                parts = [(one, text) for one in several]
            if not all(blind(one, text=inside) for one, inside in parts):
                return False
        return True

    return blind(definitions[name], text=False)


def schema_errors(
    name: str, instance: Json, *, most: int = 5
) -> tuple[SchemaError, ...]:
    """
    Return up to *most* reasons why the value does not match the named schema.

    They are in document order, and empty exactly when `accepts` returns True. No
    value makes it raise; an unknown *name* raises `SpecError`.
    """
    if accepts(name, instance):
        return ()
    slow = _slow(name)
    defs = cast("dict[str, Any]", slow.schema)["$defs"]
    try:
        found = [v for e in slow.iter_errors(instance) for v in explain_error(e, defs)]
    except _UNREADABLE:
        found = []
    if not found:
        # Only jsonschema-rs rejects it (NaN), or its nesting is too deep for both.
        message = f"the value is not a {name}: it cannot be written as JSON"
        found = [SchemaError("", "type", message, f"a {name}", preview(instance))]
    mistyped = {v.pointer for v in found if v.keyword == "type"}
    relevant = (v for v in found if v.keyword == "type" or v.pointer not in mistyped)
    return tuple(dict.fromkeys(relevant))[:most]


def _named(name: str) -> Json:
    schemas = cast("Any", document())["components"]["schemas"]
    if name not in schemas:
        close = difflib.get_close_matches(name, schemas, n=3, cutoff=0.5)
        hint = f"; close names are {', '.join(close)}" if close else ""
        raise SpecError(f"{FILE} has no schema {name!r}{hint}. See components.schemas.")
    return cast("Json", schemas[name])


def _relocated(node: Json, reached: list[str]) -> Json:
    """Return a copy with references to `$defs`; append their targets to *reached*."""
    if isinstance(node, list):
        return [_relocated(item, reached) for item in node]
    if not isinstance(node, dict):
        return node
    relocated: dict[str, Json] = {}
    for key, value in node.items():
        if key == "$ref" and isinstance(value, str):
            target = value.removeprefix(_HOME)
            reached.append(target)
            relocated[key] = f"#/$defs/{target}"
        elif key != "discriminator":  # OpenAPI only; its mapping holds references
            relocated[key] = _relocated(value, reached)
    return relocated


def _holders(node: Any, key: str) -> Iterator[dict[str, Any]]:
    """Yield every object at any depth that has an object as *key*, outermost first."""
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
    # Takes 10 ms to import, and listing checks does not need it.
    import jsonschema_rs  # noqa: PLC0415

    return jsonschema_rs.Draft202012Validator(cast("Any", schema(name)))


@cache
def _slow(name: str) -> Validator:
    # The slowest import of this module, and most runs do not need it.
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    return Draft202012Validator(cast("Any", schema(name)))


def _accepts_slowly(name: str, instance: Json) -> bool:
    try:
        return _slow(name).is_valid(instance)
    except _UNREADABLE:
        return False
