"""Requirements on one reply as JSON Schemas, by which judges and scripts decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property, wraps
from typing import TYPE_CHECKING, Any, cast

from contract.errors import UsageError
from contract.model.chat import Json
from contract.model.check import (
    ANY,
    CLIENT_ERRORS,
    Check,
    Finding,
    Findings,
    Judge,
    NotApplicable,
    shorten,
)
from contract.model.dialect import Dialect
from contract.model.exchange import Exchange
from contract.plugins.discovery import find
from contract.portable.assembly import assemble
from contract.portable.schemas import ANSWERED, ANYTHING, SCOPES, Schema, both
from contract.schema.validate import mismatch

if TYPE_CHECKING:
    import jsonschema_rs

# A schema, or what makes one for a dialect.
Form = Schema | Callable[[Dialect], Schema]
_ATTRIBUTE = "__portable__"
# Raised by jsonschema-rs instead of a verdict: lone surrogates and some numbers do not
# exist in Rust.
_UNREADABLE = (ArithmeticError, RecursionError, TypeError, ValueError)


class Verdict(StrEnum):
    """What a requirement says of one reply."""

    PASS = "pass"  # noqa: S105  # a verdict
    FAIL = "fail"
    SKIP = "skip"  # there is nothing to judge


@dataclass(frozen=True)
class Rule:
    """Two schemas of an assembled reply: when a requirement applies, and what holds."""

    holds: Form
    when: Form = field(default_factory=lambda: ANYTHING)

    def applies_in(self, dialect: Dialect) -> Schema:
        """Return the schema of the replies that there is something to judge in."""
        return self.when(dialect) if callable(self.when) else self.when

    def holds_in(self, dialect: Dialect) -> Schema:
        """Return the schema of the replies that keep the requirement."""
        return self.holds(dialect) if callable(self.holds) else self.holds

    @cached_property
    def _compiled(self) -> dict[int, tuple[Dialect, Validator, Validator]]:
        """The validators by `id` of the dialect, which is kept: ids are reused."""
        return {}

    def verdict(self, exchange: Exchange) -> Verdict:
        """Return what the rule says of *exchange*; never raises."""
        dialect = exchange.profile.dialect
        found = self._compiled.get(id(dialect))
        if found is None:
            found = self._compiled[id(dialect)] = (
                dialect,
                Validator(self.applies_in(dialect)),
                Validator(self.holds_in(dialect)),
            )
        _, applies, holds = found
        reply = assemble(exchange)
        if not applies.accepts(reply):
            return Verdict.SKIP
        return Verdict.PASS if holds.accepts(reply) else Verdict.FAIL


@dataclass(frozen=True)
class Requirement:
    """A check that is decided by JSON Schemas of the assembled reply."""

    check: Check
    rule: Rule

    @property
    def check_id(self) -> str:
        """The id of the check."""
        return self.check.id

    def applies(self, dialect: Dialect) -> Schema:
        """
        Return the schema of the replies that the check judges, its scope included.

        A reply of another status than the check expects is no matter of this schema:
        it fails the check.
        """
        if self.check.every is not None:
            scope = SCOPES[self.check.every]
        else:
            rejects = self.check.expects in (CLIENT_ERRORS, ANY)
            scope = ANYTHING if rejects else ANSWERED
        return both(scope, self.rule.applies_in(dialect))

    def schema(self, dialect: Dialect) -> Schema:
        """Return the schema of the replies that keep the requirement."""
        return self.rule.holds_in(dialect)


def decided(holds: Form, *, when: Form = ANYTHING) -> Callable[[Judge], Judge]:
    """
    Let JSON Schemas decide a judge, whose code then only finds the words.

    Where *holds* matches the assembled reply there is no finding; where it does not,
    the findings are those of the decorated function, or one made of the violation if it
    has none. Several exchanges are decided one by one.

    Usage, below `@check` (see `contract.portable.schemas` for the short forms)::

        >>> from contract.model.check import Finding
        >>> from contract.portable.schemas import has
        >>> @decided(has(stream=has(sentinels=1)), when=has(streamed=True))
        ... def ends_with_done(exchange):
        ...     yield Finding("the stream does not end with one [DONE]", "[DONE] once")

    Args:
        holds: The schema of the replies that keep the requirement, or a function from
            the dialect to it.
        when: The schema of the replies in which there is something to judge.
    """
    rule = Rule(holds, when)

    def decorate(judge: Judge) -> Judge:
        @wraps(judge)
        def by_schema(*exchanges: Exchange) -> Findings:
            verdicts = [rule.verdict(exchange) for exchange in exchanges]
            if Verdict.SKIP not in verdicts:
                if Verdict.FAIL in verdicts:
                    broken = exchanges[verdicts.index(Verdict.FAIL)]
                    yield from _words(judge, rule, exchanges, broken)
                return
            # Which replies suffice where some have nothing to judge, the code knows.
            yield from judge(*exchanges)
            if len(exchanges) == 1:
                raise NotApplicable("the reply has nothing that is required of it")

        setattr(by_schema, _ATTRIBUTE, rule)
        return by_schema

    return decorate


def _words(
    judge: Judge, rule: Rule, exchanges: tuple[Exchange, ...], exchange: Exchange
) -> Findings:
    """Yield what *judge* finds, or the violation if it finds no words for it."""
    found = False
    try:
        for finding in judge(*exchanges):
            found = True
            yield finding
    except NotApplicable:
        pass
    if not found:
        schema = rule.holds_in(exchange.profile.dialect)
        reason = Validator(schema).violation(assemble(exchange))
        yield Finding("the reply breaks the requirement", actual=shorten(reason))


def rule_of(check: Check) -> Rule | None:
    """Return the rule that decides *check*; None if Python code alone does."""
    found = getattr(check.judge, _ATTRIBUTE, None)
    return found if isinstance(found, Rule) else None


class Validator:
    """A schema of an assembled reply, compiled: draft 7, which Ajv 6 reads too."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        # Only the members that the schema names are read: texts are long.
        self._names = tuple(dict.fromkeys(_members(schema)))

    @cached_property
    def _validator(self) -> jsonschema_rs.Draft7Validator:
        import jsonschema_rs  # noqa: PLC0415  # takes 15 ms, and listing needs none

        return jsonschema_rs.Draft7Validator(self._schema)

    def accepts(self, reply: Mapping[str, Json]) -> bool:
        """Return whether *reply* matches the schema; never raises."""
        if not self._schema:
            return True
        read = {name: reply[name] for name in self._names}
        try:
            return self._validator.is_valid(read)
        except _UNREADABLE:
            return mismatch(cast("Json", self._schema), read) is None

    def violation(self, reply: Mapping[str, Json]) -> str:
        """Return why *reply* does not match the schema; empty if it does."""
        read = {name: reply[name] for name in self._names}
        return mismatch(cast("Json", self._schema), read) or ""


def _members(schema: Any) -> Iterator[str]:  # a JSON Schema
    """Yield the members of the outermost object that *schema* reads."""
    yield from schema.get("properties", ())
    inner = [schema[name] for name in ("not", "if", "then", "else") if name in schema]
    for one in (*inner, *schema.get("allOf", ()), *schema.get("anyOf", ())):
        yield from _members(one)


class _Portable(Mapping[str, Requirement]):
    """The requirements by check id, found when they are first asked for."""

    def __getitem__(self, check_id: str) -> Requirement:
        return _found()[check_id]

    def __iter__(self) -> Iterator[str]:
        return iter(_found())

    def __len__(self) -> int:
        return len(_found())


@cache
def _found() -> Mapping[str, Requirement]:
    return {
        check.id: Requirement(check, rule)
        for check in find("checks", Check).values()
        if (rule := rule_of(check)) is not None
    }


PORTABLE: Mapping[str, Requirement] = _Portable()
"""The requirements that JSON Schemas decide, by check id."""


def verdict_of(check_id: str, exchange: Exchange) -> Verdict:
    """
    Return what the portable requirement *check_id* says of *exchange*.

    Usage: `verdict_of("usage.sums-up", exchange) is Verdict.PASS`. Raises `UsageError`
    for a check that is not portable.
    """
    if check_id not in PORTABLE:
        raise UsageError(f"{check_id} is not portable; see docs/portable.md.")
    return PORTABLE[check_id].rule.verdict(exchange)
