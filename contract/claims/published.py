"""The published figures, read from `published.toml`, their only place."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from contract.errors import UsageError
from contract.plugins.discovery import suggestion

PATH = Path(__file__).with_name("published.toml")
_TEXT = frozenset({"title", "names", "source", "unread"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """The sampling of the published figures."""

    temperature: float
    top_p: float
    # Most tokens of an answer with its reasoning.
    max_tokens: int
    # Where it stands, and what of it was not read there; the latter may be empty.
    source: str
    unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A set of items for which figures are published."""

    id: str
    title: str
    source: str
    # The number of items of the whole set; None if it is not known.
    items: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One published figure, or one that the user gives."""

    # The share of right answers, 0 to 1: the mean of pass@1 over the items.
    share: float
    # Whose figure it is, in words.
    of: str
    # Where it stands.
    source: str
    # What of it was not read there; empty if all was.
    unread: str = ""
    # The items of the set on which it was measured; None for those that are run.
    items: int | None = None

    @property
    def percent(self) -> str:
        """The figure as the card prints it, such as `12.34 %`."""
        return f"{100 * self.share:.2f} %"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model with published figures."""

    id: str
    title: str
    # Names under which servers serve it, in lower case, without an organisation.
    names: tuple[str, ...]
    source: str
    # The figures in percent, by the id of the set.
    figures: Mapping[str, float]
    unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Everything in `published.toml`."""

    sampling: Sampling
    sets: Mapping[str, Benchmark]
    models: Mapping[str, Model]

    def model_named(self, served: str) -> Model | None:
        """
        Return the model that a server calls *served*; None if that is not known.

        An organisation and the suffixes of files and formats do not count, so
        `mistralai/Magistral-Small-2509-GGUF` is Magistral Small 1.2. A name such as
        `magistral-small-latest` is of no one model, and none is returned.
        """
        name = served.rpartition("/")[2].lower()
        for model in self.models.values():
            for known in model.names:
                rest = name.removeprefix(known)
                if name.startswith(known) and (not rest or rest[0] in "-.:"):
                    return model
        return None

    def figure(self, model: str, benchmark: str) -> Figure:
        """
        Return the figure of *model* for *benchmark*, both by id.

        Usage: `published().figure("magistral-small-1-2", "aime24").share`.

        Raises `UsageError` for an unknown model or set, and where there is no figure.
        """
        if model not in self.models:
            raise UsageError(
                f"No figures of {model!r} are known"
                f"{suggestion(model, self.models, few=len(self.models))}"
            )
        if benchmark not in self.sets:
            raise UsageError(
                f"No figures for the set {benchmark!r} are known"
                f"{suggestion(benchmark, self.sets, few=len(self.sets))}"
            )
        found, about = self.models[model], self.sets[benchmark]
        if benchmark not in found.figures:
            raise UsageError(
                f"The figure of {found.title} for {about.title} is not known; give "
                "yours with --published PERCENT."
            )
        return Figure(
            share=found.figures[benchmark] / 100,
            of=f"{found.title}, {about.title}",
            source=found.source,
            unread=found.unread,
            items=about.items,
        )


@cache
def published() -> Published:
    """Return the published figures, with their sources."""
    tables = tomllib.loads(PATH.read_text("utf-8"))
    return Published(
        sampling=Sampling(**tables["sampling"]),
        sets={id_: Benchmark(id=id_, **one) for id_, one in tables["sets"].items()},
        models={id_: _model(id_, one) for id_, one in tables["models"].items()},
    )


def _model(id_: str, table: Mapping[str, Any]) -> Model:
    return Model(
        id=id_,
        title=table["title"],
        names=tuple(table["names"]),
        source=table["source"],
        unread=table.get("unread", ""),
        figures={key: value for key, value in table.items() if key not in _TEXT},
    )
