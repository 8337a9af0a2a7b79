"""OpenAPI documents as plain values, whose references are never fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from contract.errors import UsageError

MOST_BYTES = 16 * 2**20  # of a document
_DEEPEST = 100  # levels of nesting in a document
_LONGEST_CHAIN = 50  # references that lead to a reference
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MISSING = object()


class Ref(str):
    """The text of a `$ref`, which knows the document that it is in."""

    __slots__ = ("document",)
    document: Document

    def target(self) -> Any:
        """Return what it refers to; `MISSING` if that is nowhere in the document."""
        return self.document.at(self)

    @property
    def name(self) -> str:
        """The last part, such as the name of a schema."""
        return self.rpartition("/")[2]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """
    An OpenAPI 3 document.

    Usage: `parse("old.yaml", Path("old.yaml").read_bytes())`.
    """

    # What messages call it.
    name: str
    # The value: objects with string keys, lists and scalars; it has no cycles, and
    # each `$ref` in it is a `Ref`.
    root: dict[str, Any] = field(default_factory=dict)

    def at(self, reference: str) -> Any:
        """Return what a local *reference* points at (RFC 6901), or `MISSING`."""
        if not reference.startswith("#"):
            return MISSING  # another document, which is never fetched
        node: Any = self.root
        for part in reference[1:].split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict) and key in node:
                node = node[key]
            elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
                node = node[int(key)]
            else:
                return MISSING
        return node

    @property
    def base(self) -> str:
        """The path of the first server, which precedes each path; often empty."""
        servers = self.root.get("servers")
        first = servers[0] if isinstance(servers, list) and servers else {}
        url = first.get("url") if isinstance(first, dict) else None
        if not isinstance(url, str) or "{" in url:
            return ""
        try:
            return urlsplit(url).path.rstrip("/")
        except ValueError:
            return ""


def resolve(node: Any) -> dict[str, Any]:
    """
    Return the object that *node* is or refers to; an empty one for anything else.

    It is meant for parameters, bodies and the like, which are either a reference or
    the thing itself.
    """
    for _ in range(_LONGEST_CHAIN):
        if not isinstance(node, dict):
            break
        reference = node.get("$ref")
        if not isinstance(reference, Ref):
            return node
        node = reference.target()
    return {}


def members(node: Any) -> dict[str, Any]:
    """Return *node* if it is an object, and an empty one otherwise."""
    return node if isinstance(node, dict) else {}


def parse(name: str, content: bytes) -> Document:
    """
    Return the document that *content* is, JSON or YAML.

    *name* is what messages call it. Raises `UsageError` for anything that is not an
    OpenAPI 3 document; no content makes it raise anything else.
    """
    if len(content) > MOST_BYTES:
        raise UsageError(f"{name} is larger than {MOST_BYTES // 2**20} MiB.")
    return adopt(name, _read(name, content))


def adopt(name: str, value: Any) -> Document:
    """Return the document that the parsed *value* is; raise as `parse` does."""
    if not isinstance(value, dict) or not isinstance(value.get("paths", {}), dict):
        raise UsageError(
            f"{name} is not an OpenAPI document; name one as JSON or YAML."
        )
    version = str(value.get("openapi", ""))
    if not version.startswith("3."):
        what = "Swagger 2" if "swagger" in value else "not OpenAPI 3"
        raise UsageError(
            f"{name} is {what}; name a document with `openapi: 3.0` or later."
        )
    document = Document(name)
    copy = _Copy(document, old=version.startswith("3.0"))
    document.root.update(copy.of(value, 0))
    return document


def _read(name: str, content: bytes) -> Any:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8; name an OpenAPI document.") from error
    try:
        if text.lstrip().startswith("{"):
            try:
                return json.loads(text)
            except json.JSONDecodeError:
                pass  # a flow mapping of YAML begins like JSON
        import yaml  # noqa: PLC0415  # not needed for JSON

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return yaml.load(text, Loader=loader)  # noqa: S506  # both are safe
    except RecursionError as error:
        raise UsageError(f"{name} is nested too deeply to be read.") from error
    except ValueError as error:
        # Integers of thousands of digits, and dates that do not exist.
        raise UsageError(f"{name} holds a value that cannot be read.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f" (line {mark.line + 1})"
        raise UsageError(f"{name} is neither JSON nor YAML{where}.") from error


class _Copy:
    """Copies a value of YAML as JSON; what is shared in it stays shared."""

    def __init__(self, document: Document, *, old: bool) -> None:
        self._document, self._old = document, old
        self._done: dict[int, Any] = {}
        self._open: set[int] = set()

    def of(self, node: Any, depth: int) -> Any:
        if not isinstance(node, dict | list):
            # YAML has dates and bytes; numbers that JSON lacks compare to nothing.
            return node if isinstance(node, str | int | float | None) else str(node)
        if id(node) in self._done:
            return self._done[id(node)]
        if id(node) in self._open or depth > _DEEPEST:
            why = (
                "contains itself" if id(node) in self._open else "is nested too deeply"
            )
            raise UsageError(f"{self._document.name} {why}; use $ref instead.")
        self._open.add(id(node))
        copied: Any
        if isinstance(node, list):
            copied = [self.of(item, depth + 1) for item in node]
        else:
            copied = {_key(key): self.of(node[key], depth + 1) for key in node}
            self._adapt(copied)
        self._open.discard(id(node))
        self._done[id(node)] = copied
        return copied

    def _adapt(self, node: dict[str, Any]) -> None:
        """Bind a reference to its document; spell a schema of 3.0 as one of 3.1."""
        if isinstance(node.get("$ref"), str):
            node["$ref"] = Ref(node["$ref"])
            node["$ref"].document = self._document
        if not self._old:
            return
        if node.get("nullable") is True and isinstance(node.get("type"), str):
            node["type"] = [node["type"], "null"]
        for bound, exclusive in _EXCLUSIVE:
            if node.get(exclusive) is True and bound in node:
                node[exclusive] = node.pop(bound)
            elif isinstance(node.get(exclusive), bool):
                del node[exclusive]


_EXCLUSIVE = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))


def _key(key: object) -> str:
    """Return a key of YAML as JSON has it: `200`, `true` and `null` are texts."""
    if isinstance(key, bool):
        return str(key).lower()
    return "null" if key is None else str(key)


def operations(document: Document) -> Mapping[tuple[str, str], dict[str, Any]]:
    """
    Return each operation by its path and method.

    The path begins with that of the first server. An operation is a copy that has the
    parameters and the security of its path and document, and `path` as it is written.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for path, item in members(document.root.get("paths")).items():
        shared = resolve(item)
        for method in METHODS:
            operation = shared.get(method)
            if not isinstance(operation, dict):
                continue
            parameters = [*_list(shared, "parameters"), *_list(operation, "parameters")]
            security = operation.get("security", document.root.get("security"))
            found[document.base + path, method] = {
                **operation,
                "parameters": parameters,
                "security": security,
                "path": document.base + path,
            }
    return found


def _list(node: dict[str, Any], key: str) -> list[Any]:
    value = node.get(key)
    return value if isinstance(value, list) else []
