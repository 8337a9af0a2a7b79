"""The scripts as a table: after this token, while that script is active, comes what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contract.errors import SpecError
from contract.mock_server.scripts import Script
from contract.tiny.vocabulary import Vocabulary
from contract.tokens.tekken import Control

# What a script without a trigger word is chosen by; `<s>` begins every prompt.
_CHOSEN_BY = {
    "default": Control.BEGIN,
    "image": Control.IMAGE_END,
    "tool": Control.TOOLS_END,
    "result": Control.RESULT_END,
}
# The last token of a prompt; what is said begins after it.
_STARTS = (int(Control.USER_END), int(Control.RESULT_END))
# What is said where no script knows on, the first that a grammar allows: the end, or
# the shortest way out of a JSON document. To llama.cpp's grammars the end of a thought
# is text that may stand in a JSON string, so it comes last.
_WAYS_OUT = ("</s>", '"', "}", "]", ":", ",", "1", "true", "{", "[", "[/THINK]")

Step = tuple[int, ...]  # tokens with equal odds


@dataclass(frozen=True, slots=True)
class Row:
    """
    One script: the token that makes it active, and what follows each token.

    *unfinished* is the token after which the sequence ends within the thought. vLLM
    allows no such end; there the thought is closed after all.
    """

    name: str
    trigger: int
    follows: Mapping[int, Step]
    unfinished: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Every script; of several active ones the last wins. *outs* are the ways out."""

    rows: tuple[Row, ...]
    outs: tuple[int, ...]

    @property
    def tokens(self) -> tuple[int, ...]:
        """Every token the table knows, in ascending order."""
        found = {*self.outs, *(row.trigger for row in self.rows)}
        for row in self.rows:
            for token, step in row.follows.items():
                found |= {token, *step}
        return tuple(sorted(found))


def table(scripts: Mapping[str, Script], vocabulary: Vocabulary) -> Table:
    """*scripts* in *vocabulary*; `SpecError` names the one that is no table."""
    return Table(
        rows=tuple(_row(name, script, vocabulary) for name, script in scripts.items()),
        outs=tuple(vocabulary.ids(text)[0] for text in _WAYS_OUT),
    )


def _row(name: str, script: Script, vocabulary: Vocabulary) -> Row:
    steps = list(_steps(script, vocabulary))
    again = _each(vocabulary, script.again)
    return Row(
        name,
        _trigger(name, script, vocabulary),
        _follows(name, [_STARTS, *steps], again, vocabulary),
        unfinished=steps[-2][0] if script.open else None,
    )


def _trigger(name: str, script: Script, vocabulary: Vocabulary) -> int:
    if not script.trigger:
        try:
            return int(_CHOSEN_BY[name])
        except KeyError:
            raise SpecError(
                f"The script {name!r} has no trigger; give it one in scripts.toml."
            ) from None
    sign, *rest = vocabulary.ids(script.trigger)
    if vocabulary.spelled(sign) != b"#" or len(rest) != 1:
        raise SpecError(
            f"The trigger {script.trigger!r} of the script {name!r} is not '#' and one "
            "token; choose another word in scripts.toml."
        )
    return rest[0]


def _steps(script: Script, vocabulary: Vocabulary) -> Iterator[Step]:
    """What the script says until it ends or comes to what is said again and again."""
    if script.thought is not None:
        yield (Control.THINK,)
        yield from _each(vocabulary, script.thought)
        if not script.open and not (script.answer is None and script.again):
            yield (Control.THINK_END,)
    if script.open:
        yield (Control.END,)
        return
    if script.call:
        said = f"[TOOL_CALLS]{script.call}[ARGS]{script.arguments}"
        yield from _each(vocabulary, said)
    elif script.one_of:
        yield tuple(token for word in script.one_of for token in vocabulary.ids(word))
    yield from _each(vocabulary, script.answer or "")
    if not script.again:
        yield (Control.END,)


def _each(vocabulary: Vocabulary, text: str) -> list[Step]:
    return [(token,) for token in vocabulary.ids(text)]


def _follows(
    name: str, steps: list[Step], again: list[Step], vocabulary: Vocabulary
) -> Mapping[int, Step]:
    found: dict[int, Step] = {}
    path = steps + again
    # The last step of what is said again leads to its first.
    for here, then in zip(path, [*path[1:], *again[:1]], strict=False):
        for token in here:
            if token in found:
                raise SpecError(
                    f"{vocabulary.spelled(token)!r} stands twice in the script "
                    f"{name!r}; a table of next tokens cannot say that."
                )
            found[token] = then
    return found
