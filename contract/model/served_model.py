"""Served models: what one model of an API promises where its models differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from contract.errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """
    One model of an API whose models differ in their limits.

    A profile has them as tables, `[PROFILE.models.ID]`, with these fields as keys.
    """

    # The canonical id, such as "mistral-large-4".
    id: str
    # Further ids of the same model.
    aliases: tuple[str, ...] = ()
    # Ids of retired models under which this one answers; the model list lacks them.
    replaces: tuple[str, ...] = ()
    # Context window in tokens; None is the profile's.
    context_window: int | None = None
    # Most tokens of a completion; None where only the window limits it.
    max_output: int | None = None
    # Images that a request may hold; None is the profile's.
    image_limit: int | None = None
    # Accepted values of `reasoning_effort`; empty for a model that does not reason.
    efforts: tuple[str, ...] = ()
    # Whether it reasons when the request says nothing about it.
    thinks: bool = False
    # Whether it accepts requests for log-probabilities.
    logprobs: bool = False
    # Where these values come from.
    source: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The ids under which the model list has it, the canonical one first."""
        return (self.id, *self.aliases)


Models = Mapping[str, ServedModel]
"""Models by their canonical id, the most important one first."""

_LISTS = frozenset({"aliases", "replaces", "efforts"})
_NUMBERS = frozenset({"context_window", "max_output", "image_limit"})
_MOST = 2**31


def find_model(models: Iterable[ServedModel], name: str | None) -> ServedModel | None:
    """Return the model that answers under *name*, also under a retired one; or None."""
    for model in models:
        if name in model.names or name in model.replaces:
            return model
    return None


def parse_models(where: str, tables: Mapping[str, Any]) -> dict[str, ServedModel]:
    """
    Return the models in the tables of a profile, by id.

    *where* names the profile in messages. Raises `SpecError` for an unknown key, a
    value of another type, and an id that two models have.
    """
    found: dict[str, ServedModel] = {}
    owners: dict[str, str] = {}
    for id_, table in tables.items():
        place = f"{where}: models.{id_}"
        if not isinstance(table, Mapping):
            raise SpecError(f"{place} must be a table, not {table!r}.")
        model = ServedModel(id=id_, **_values(place, table))
        for name in (*model.names, *model.replaces):
            if name in owners:
                raise SpecError(f"{place}: {name} is also an id of {owners[name]}.")
            owners[name] = id_
        found[id_] = model
    return found


def _values(place: str, table: Mapping[str, Any]) -> dict[str, Any]:
    known = {field.name for field in fields(ServedModel)} - {"id"}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            names = ", ".join(sorted(known))
            raise SpecError(f"{place}: unknown key {key!r}; known: {names}.")
        if key in _LISTS:
            texts = isinstance(value, list) and all(isinstance(x, str) for x in value)
            if not texts:
                raise SpecError(f"{place}: {key} must be a list of texts.")
            values[key] = tuple(value)
        elif key in _NUMBERS:
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole or not 0 < value <= _MOST:
                raise SpecError(f"{place}: {key} must be a whole number above 0.")
            values[key] = value
        elif not isinstance(value, str if key == "source" else bool):
            words = "text" if key == "source" else "true or false"
            raise SpecError(f"{place}: {key} must be {words}, not {value!r}.")
        else:
            values[key] = value
    return values
