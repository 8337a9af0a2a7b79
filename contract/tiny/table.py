"""Scripts as a table of next tokens, by active script and current token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contract.errors import SpecError
from contract.mock_server.scripts import Script
from contract.tiny.vocabulary import Vocabulary
from contract.tokens.tekken import Control

# Tokens that activate the scripts without a trigger word; `<s>` begins every prompt.
_ACTIVATED_BY = {
    "default": Control.BEGIN,
    "image": Control.IMAGE_END,
    "tool": Control.TOOLS_END,
    "result": Control.RESULT_END,
}
# Last tokens of a prompt, after which the output starts.
_STARTS = (int(Control.USER_END), int(Control.RESULT_END))
# Output where no script has a next token, in order of preference within a grammar: the
# end, or the shortest way to close a JSON document. For llama.cpp's grammars the end of
# reasoning is text that may occur in a JSON string, so it comes last.
_FALLBACKS = ("</s>", '"', "}", "]", ":", ",", "1", "true", "{", "[", "[/THINK]")

Step = tuple[int, ...]  # tokens with equal probability


@dataclass(frozen=True, slots=True)
class Row:
    """One script as next tokens."""

    # Name of the script.
    name: str
    # Token whose presence in the context activates the script.
    trigger: int
    # The next tokens after each token.
    next_tokens: Mapping[int, Step]
    # Token after which the sequence ends within the reasoning. vLLM's grammars do not
    # allow such an end; there the reasoning is closed instead.
    unclosed: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """All scripts."""

    # Of several active scripts the last one wins.
    rows: tuple[Row, ...]
    # Tokens where no script has a next token, in order of preference.
    fallbacks: tuple[int, ...]

    @property
    def tokens(self) -> tuple[int, ...]:
        """All tokens in the table, in ascending order."""
        tokens = {*self.fallbacks, *(row.trigger for row in self.rows)}
        for row in self.rows:
            for token, step in row.next_tokens.items():
                tokens |= {token, *step}
        return tuple(sorted(tokens))


def table(scripts: Mapping[str, Script], vocabulary: Vocabulary) -> Table:
    """Return *scripts* as a table; `SpecError` names one that cannot be one."""
    return Table(
        rows=tuple(_row(name, script, vocabulary) for name, script in scripts.items()),
        fallbacks=tuple(vocabulary.ids(text)[0] for text in _FALLBACKS),
    )


def _row(name: str, script: Script, vocabulary: Vocabulary) -> Row:
    steps = list(_steps(script, vocabulary))
    loop = _each(vocabulary, script.loop)
    return Row(
        name,
        _trigger(name, script, vocabulary),
        _next_tokens(name, [_STARTS, *steps], loop, vocabulary),
        unclosed=steps[-2][0] if script.unclosed else None,
    )


def _trigger(name: str, script: Script, vocabulary: Vocabulary) -> int:
    if not script.trigger:
        try:
            return int(_ACTIVATED_BY[name])
        except KeyError:
            raise SpecError(
                f"The script {name!r} has no trigger; give it one in scripts.toml."
            ) from None
    sign, *rest = vocabulary.ids(script.trigger)
    if vocabulary.token_bytes(sign) != b"#" or len(rest) != 1:
        raise SpecError(
            f"The trigger {script.trigger!r} of the script {name!r} is not '#' and one "
            "token; choose another word in scripts.toml."
        )
    return rest[0]


def _steps(script: Script, vocabulary: Vocabulary) -> Iterator[Step]:
    """Yield the output of a script up to its end or its loop."""
    if script.reasoning is not None:
        yield (Control.THINK,)
        yield from _each(vocabulary, script.reasoning)
        if not script.unclosed and not (script.answer is None and script.loop):
            yield (Control.THINK_END,)
    if script.unclosed:
        yield (Control.END,)
        return
    if script.call:
        call = f"[TOOL_CALLS]{script.call}[ARGS]{script.arguments}"
        yield from _each(vocabulary, call)
    elif script.one_of:
        yield tuple(token for word in script.one_of for token in vocabulary.ids(word))
    yield from _each(vocabulary, script.answer or "")
    if not script.loop:
        yield (Control.END,)


def _each(vocabulary: Vocabulary, text: str) -> list[Step]:
    return [(token,) for token in vocabulary.ids(text)]


def _next_tokens(
    name: str, steps: list[Step], loop: list[Step], vocabulary: Vocabulary
) -> Mapping[int, Step]:
    """
    Return what follows each token of *steps*, then of the *loop*.

    Raises `SpecError` that names the script if a token occurs twice.
    """
    following: dict[int, Step] = {}
    path = steps + loop
    # The last step of the loop leads to its first.
    for here, then in zip(path, [*path[1:], *loop[:1]], strict=False):
        for token in here:
            if token in following:
                raise SpecError(
                    f"{vocabulary.token_bytes(token)!r} occurs twice in the script "
                    f"{name!r}; a table of next tokens does not support that."
                )
            following[token] = then
    return following
