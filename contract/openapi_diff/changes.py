"""Changes between two OpenAPI documents, operation by operation, as sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from contract.errors import UsageError
from contract.openapi_diff.atoms import Atoms
from contract.openapi_diff.document import Document, members, operations, resolve
from contract.openapi_diff.shapes import Shapes
from contract.openapi_diff.subset import (
    BOUNDS,
    MOST_STEPS,
    Comparer,
    Gap,
    Rules,
    TooLarge,
)

BREAKING, COMPATIBLE = True, False
MOST_CHANGES = 2_000  # of one document
_FEW = 10  # paths that a message names
# Comparisons of two documents, half a minute; the rest is said to be too large.
MOST_STEPS_IN_ALL = 500_000
_MOST_IN_PART = 200  # of a body, a parameter or a header
_PARAMETER = re.compile(r"\{[^{}]*\}")
_PART = re.compile(r"\[\d*\]|<.*>", re.DOTALL)
_PLAIN = re.compile(r"[\w$@-]+|\{\}|\[\d*\]|<.*>", re.DOTALL)
_TITLES = {
    **{keyword: title for keyword, (_, title, _) in BOUNDS.items()},
    "minimum": "the minimum",
    "maximum": "the maximum",
    "pattern": "the pattern",
    "format": "the format",
    "multipleOf": "the divisor",
    "not": "the excluded schema",
}


class Side(StrEnum):
    """Who sends a value."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two documents."""

    # Whether it can break a client that relies on the old document.
    breaking: bool
    # Method and path, such as `POST /v1/chat/completions`.
    operation: str
    # Where in the operation: `request.messages[].role`; empty for the whole of it.
    place: str
    # What changed: a keyword of JSON Schema, or one of `values`, `new`, `gone`, ….
    what: str
    # A clause without a full stop.
    message: str

    def __str__(self) -> str:
        at = f", {self.place}" if self.place else ""
        return f"{self.operation}{at}: {self.message}."


def changes(
    old: Document, new: Document, select: Iterable[str] = ()
) -> tuple[Change, ...]:
    """
    Return what changed from *old* to *new*: breaking changes first, in document order.

    A request breaks a client if something that *old* accepts may be rejected by *new*,
    and a response if it may be something that *old* does not describe.

    Args:
        old: The document that clients were written for.
        new: The document of today.
        select: Paths to compare, or patterns such as `/v1/*`; all if empty.

    Raises `UsageError` if nothing is selected.
    """
    before, after = (_by_shape(operations(document)) for document in (old, new))
    wanted = tuple(select)
    keys = [k for k in {**before, **after} if _selected(k, before, after, wanted)]
    if wanted and not keys:
        paths = sorted({one["path"] for one in (*before.values(), *after.values())})
        raise UsageError(
            f"No path matches {' or '.join(map(repr, wanted))}; the first ones are "
            f"{', '.join(paths[:_FEW]) or 'none'}."
        )
    comparison = _Comparison(old, new)
    found: dict[Change, None] = {}
    for key in keys:
        for change in comparison.operation(key[1], before.get(key), after.get(key)):
            found.setdefault(change)
            if len(found) > MOST_CHANGES:
                raise UsageError(
                    f"There are more than {MOST_CHANGES} changes; compare fewer paths "
                    "with --select PATH."
                )
    return tuple(sorted(found, key=lambda change: not change.breaking))


def _selected(
    key: tuple[str, str],
    before: Mapping[tuple[str, str], Any],
    after: Mapping[tuple[str, str], Any],
    wanted: tuple[str, ...],
) -> bool:
    paths = {side[key]["path"] for side in (before, after) if key in side}
    return not wanted or any(fnmatchcase(p, w) for p in paths for w in wanted)


def _by_shape(
    found: Mapping[tuple[str, str], dict[str, Any]],
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return operations by path and method; parameters in a path have no name there."""
    return {(_PARAMETER.sub("{}", path), m): one for (path, m), one in found.items()}


class _Comparison:
    """The comparison of two documents, and what it knows of their schemas."""

    def __init__(self, old: Document, new: Document) -> None:
        self._old, self._new = old, new
        self._shapes, self._atoms = Shapes(), Atoms()
        self._steps_left = MOST_STEPS_IN_ALL
        self._name = ""

    def operation(
        self, method: str, old: dict[str, Any] | None, new: dict[str, Any] | None
    ) -> Iterator[Change]:
        path = (old or new or {})["path"]
        self._name = f"{method.upper()} {path}"
        if old is None or new is None:
            word = "gone" if new is None else "new"
            yield self._change(new is None, "", word, f"the operation is {word}")
            return
        yield from self._parameters(old, new)
        yield from self._body(old, new)
        yield from self._responses(members(old.get("responses")), new)
        yield from self._security(old.get("security"), new.get("security"))

    def _change(self, breaking: bool, place: str, what: str, message: str) -> Change:  # noqa: FBT001  # the first field
        """Return a change of the present operation."""
        return Change(breaking, self._name, place, what, message)

    def _parameters(self, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
        before, after = _parameters(old), _parameters(new)
        for key, one in before.items():
            place = f"{one.get('in')} parameter {one.get('name')}"
            other = after.get(key)
            if other is None:
                yield self._change(BREAKING, place, "gone", "is gone")
                continue
            was, now = _required(one), _required(other)
            if was != now:
                message = "is required, was optional" if now else _NOW_OPTIONAL
                yield self._change(now, place, "required", message)
            for field in ("style", "explode"):
                if _style(one)[field] != _style(other)[field]:
                    message = (
                        f"the {field} is {_style(other)[field]}, "
                        f"was {_style(one)[field]}"
                    )
                    yield self._change(BREAKING, place, field, message)
            yield from self._schemas(
                Side.REQUEST, place, _parameter_schema(one), _parameter_schema(other)
            )
        for key, one in after.items():
            if key not in before:
                place = f"{one.get('in')} parameter {one.get('name')}"
                needed = _required(one)
                message = "is new and required" if needed else "is new"
                yield self._change(needed, place, "new", message)

    def _body(self, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
        before, after = resolve(old.get("requestBody")), resolve(new.get("requestBody"))
        place = Side.REQUEST.value
        if not before and not after:
            return
        if not before:
            needed = after.get("required") is True
            message = "a body is new and required" if needed else "a body is new"
            yield self._change(needed, place, "new", message)
            return
        if not after:
            yield self._change(BREAKING, place, "gone", "the body is gone")
            return
        was, now = (one.get("required") is True for one in (before, after))
        if was != now:
            message = (
                "a body is required, was optional"
                if now
                else ("a body is optional, was required")
            )
            yield self._change(now, place, "required", message)
        yield from self._content(Side.REQUEST, place, before, after)

    def _content(
        self, side: Side, place: str, old: dict[str, Any], new: dict[str, Any]
    ) -> Iterator[Change]:
        before, after = _media(old), _media(new)
        for name, one in before.items():
            other = after.get(name)
            if other is None:
                kind = name.partition("/")[0]
                ranges = (f"{kind}/*", "*/*") if side is Side.REQUEST else ()
                other = next((after[r] for r in ranges if r in after), None)
            if other is None:
                yield self._change(BREAKING, place, "gone", f"{name} is gone")
                continue
            within = place if len(before) == 1 else f"{place} {name}"
            yield from self._schemas(
                side, within, one.get("schema", True), other.get("schema", True)
            )
            if "itemSchema" in one or "itemSchema" in other:
                items = (m.get("itemSchema", True) for m in (one, other))
                yield from self._schemas(side, f"{within} event", *items)
        for name in after:
            if name not in before:
                yield self._change(COMPATIBLE, place, "new", f"{name} is new")

    def _responses(
        self, before: dict[str, Any], new: dict[str, Any]
    ) -> Iterator[Change]:
        after = members(new.get("responses"))
        for status, one in before.items():
            match = next((s for s in _covering(status) if s in after), None)
            place = f"response {status}"
            if match is None:
                narrowed = status.endswith("XX") and any(
                    s.startswith(status[0]) for s in after
                )
                breaking = not _is_error(status) and not narrowed
                yield self._change(breaking, place, "gone", "is gone")
                continue
            was, now = resolve(one), resolve(after[match])
            yield from self._content(Side.RESPONSE, place, was, now)
            yield from self._headers(place, was, now)
        for status in after:
            if not any(s in before for s in _covering(status)):
                place = f"response {status}"
                yield self._change(not _is_error(status), place, "new", "is new")

    def _headers(
        self, place: str, old: dict[str, Any], new: dict[str, Any]
    ) -> Iterator[Change]:
        before, after = (
            {n.lower(): resolve(h) for n, h in members(one.get("headers")).items()}
            for one in (old, new)
        )
        for name, one in before.items():
            within = f"{place} header {name}"
            other = after.get(name)
            if other is None:
                yield self._change(BREAKING, within, "gone", "is gone")
                continue
            was, now = (h.get("required") is True for h in (one, other))
            if was != now:
                message = (
                    "is always present, was optional"
                    if now
                    else ("is optional, was always present")
                )
                yield self._change(was, within, "required", message)
            yield from self._schemas(
                Side.RESPONSE, within, _parameter_schema(one), _parameter_schema(other)
            )
        for name in after.keys() - before.keys():
            yield self._change(COMPATIBLE, f"{place} header {name}", "new", "is new")

    def _security(self, old: Any, new: Any) -> Iterator[Change]:
        before = _alternatives(old, self._old)
        after = _alternatives(new, self._new)
        for names, needs in before:
            if not any(needs >= less for _, less in after):
                message = f"{names} is no longer enough; it takes {_all_names(after)}"
                yield self._change(BREAKING, "security", "security", message)
        for names, needs in after:
            if not any(needs >= less for _, less in before):
                message = f"{names} is enough; before, it took {_all_names(before)}"
                yield self._change(COMPATIBLE, "security", "security", message)

    def _schemas(self, side: Side, place: str, old: Any, new: Any) -> Iterator[Change]:
        """Yield the changes of one schema, breaking ones first."""
        if self._shapes.equal(old, new):
            return
        request = side is Side.REQUEST
        reported: set[tuple[tuple[str, ...], str]] = set()
        for breaking in (True, False):
            rules = Rules(old_first=breaking == request, breaking=breaking)
            comparer = Comparer(
                rules, self._shapes, self._atoms, most=min(MOST_STEPS, self._steps_left)
            )
            pair = (old, new) if rules.old_first else (new, old)
            found: dict[Change, Gap] = {}
            try:
                for gap in comparer.gaps(*pair):
                    message = _sentence(gap, side, rules)
                    if not message or (gap.place, _kind(gap)) in reported:
                        continue
                    if _kind(gap) == _PRESENCE:
                        reported.add((gap.place, _PRESENCE))
                    where = place + _pointer(gap.place)
                    change = self._change(breaking, where, gap.what, message)
                    found.setdefault(change, gap)
                    if len(found) >= _MOST_IN_PART:
                        break
            except (TooLarge, RecursionError):
                if breaking:
                    found[self._change(BREAKING, place, "size", _TOO_LARGE)] = Gap(
                        (), ""
                    )
            self._steps_left = max(0, self._steps_left - comparer.spent)
            yield from found
            reported |= {(gap.place, _kind(gap)) for gap in found.values()}


_TOO_LARGE = "is too large to be compared to the end"
_NOW_OPTIONAL = "is optional, was required"


_PRESENCE = "presence"


def _kind(gap: Gap) -> str:
    """Return what a gap is about, for which a compatible change is reported once."""
    return _PRESENCE if gap.what in {"new", "gone", "required"} else gap.what


def _pointer(place: tuple[str, ...]) -> str:
    """Return a place as text: `.messages[].role`; odd names are quoted."""
    named = [repr(p) if not _PLAIN.fullmatch(p) else p for p in place]
    return "".join(p if _PART.fullmatch(p) else f".{p}" for p in named)


def _parameters(operation: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return parameters by place and name; those in the path by their position."""
    in_path = [name[1:-1] for name in _PARAMETER.findall(operation["path"])]
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for item in operation["parameters"]:
        one = resolve(item)
        where, name = str(one.get("in", "")), str(one.get("name", ""))
        if where == "header":
            name = name.lower()
        elif where == "path" and name in in_path:
            name = str(in_path.index(name))
        if one:
            found[where, name] = one
    return found


def _required(parameter: dict[str, Any]) -> bool:
    return parameter.get("required") is True


def _style(parameter: dict[str, Any]) -> dict[str, Any]:
    where = parameter.get("in")
    style = parameter.get("style", "form" if where in {"query", "cookie"} else "simple")
    explode = parameter.get("explode", style == "form")
    return {"style": style, "explode": explode}


def _parameter_schema(parameter: dict[str, Any]) -> Any:
    for media in members(parameter.get("content")).values():
        return members(media).get("schema", True)
    return parameter.get("schema", True)


def _media(holder: dict[str, Any]) -> dict[str, dict[str, Any]]:
    content = members(holder.get("content"))
    return {n.partition(";")[0].strip().lower(): resolve(m) for n, m in content.items()}


def _covering(status: str) -> tuple[str, ...]:
    """Return the keys of a document that describe a *status*, the nearest first."""
    return tuple(dict.fromkeys((status, f"{status[:1]}XX", "default")))


def _is_error(status: str) -> bool:
    """Return whether a status is none that a client relies on."""
    return status[:1] in {"4", "5"} or status == "default"


def _alternatives(
    security: Any, document: Document
) -> list[tuple[str, frozenset[tuple[str, ...]]]]:
    """Return the alternatives of access: in words, and what each needs."""
    components = members(document.root.get("components"))
    schemes = members(components.get("securitySchemes"))
    found: list[tuple[str, frozenset[tuple[str, ...]]]] = []
    for one in security if isinstance(security, list) else []:
        needs: set[tuple[str, ...]] = set()
        for name, scopes in members(one).items():
            scheme = resolve(schemes.get(name))
            kind = tuple(
                str(scheme.get(field, "")).lower()
                for field in ("type", "scheme", "in", "name", "openIdConnectUrl")
            )
            needs.add(kind)
            needs |= {(*kind, str(s)) for s in scopes if isinstance(scopes, list)}
        found.append((" with ".join(members(one)) or "no key", frozenset(needs)))
    return found or [("no key", frozenset())]


def _all_names(alternatives: list[tuple[str, frozenset[tuple[str, ...]]]]) -> str:
    return " or ".join(dict.fromkeys(names for names, _ in alternatives))


def _sentence(gap: Gap, side: Side, rules: Rules) -> str:
    """Return the clause that describes *gap*; empty if another one describes it."""
    old, new = (gap.here, gap.there) if rules.old_first else (gap.there, gap.here)
    if gap.what in _WORDED:
        return _WORDED[gap.what][side, rules.breaking].format(gap.here)
    if gap.what == "required":
        return _presence(gap, side, rules)
    if gap.what in _UNKNOWN:
        return _UNKNOWN[gap.what].format(gap.there) if rules.breaking else ""
    if gap.what == "enum":
        restricted = f"is restricted to {new}, was not"
        return restricted if rules.old_first else f"is no longer restricted to {old}"
    title = _TITLES.get(gap.what, f"`{gap.what}`")
    return f"{title} is {new}, was {old}"


_Wording = Mapping[tuple[Side, bool], str]
_UNKNOWN = {
    "depth": "is too deeply nested to be compared",
    "$ref": "{0} is not in the document, so it cannot be compared",
}
_NEWS = {
    (Side.REQUEST, True): "is new, and no other properties were accepted",
    (Side.REQUEST, False): "is new",
    (Side.RESPONSE, True): "is new, and there were no other properties",
    (Side.RESPONSE, False): "is new",
}
_WORDED: Mapping[str, _Wording] = {
    "new": _NEWS,
    "gone": dict.fromkeys(_NEWS, "is gone"),
    "values": {
        (Side.REQUEST, True): "no longer accepts {0}",
        (Side.REQUEST, False): "accepts {0} too",
        (Side.RESPONSE, True): "may be {0}, which is new",
        (Side.RESPONSE, False): "is no longer {0}",
    },
    "additionalProperties": {
        (Side.REQUEST, True): "no longer accepts other properties",
        (Side.REQUEST, False): "accepts other properties too",
        (Side.RESPONSE, True): "may have other properties, which is new",
        (Side.RESPONSE, False): "no longer has other properties",
    },
}


def _presence(gap: Gap, side: Side, rules: Rules) -> str:
    """Return how a property is required by the one document and not by the other."""
    always = "required" if side is Side.REQUEST else "always present"
    if not rules.old_first:  # the old document requires it
        if gap.here == "undescribed":
            return "is gone" if rules.breaking else ""
        return f"is optional, was {always}"
    if gap.here == "undescribed" and gap.there == "described":
        return f"is new and {always}"
    return f"is {always}, was optional"
