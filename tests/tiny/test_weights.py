"""Tests of the weights in a minimal transformer: the output is the script."""

from functools import cache

import pytest

from contract.mock_server.scripts import scripts
from contract.tiny.table import table
from contract.tiny.vocabulary import LEAST, vocabulary
from contract.tokens.tekken import Control

np = pytest.importorskip("numpy", reason="the extra [tiny] is not installed")
weights = pytest.importorskip("contract.tiny.weights")

tokens = cache(lambda: vocabulary(LEAST))
rows = cache(lambda: table(scripts(), tokens()))


@cache
def made():
    return weights.weights(rows(), tokens())


def normed(x):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + weights.EPSILON)


def logits(context, far=0):
    """
    The logits of the next token; the last token is *far* positions further on.

    Implements the definition of the architecture for one layer, without a cache.
    """
    w = made()
    x = w.embedding[list(context)]
    n = normed(x)
    half = weights.HEAD // 2
    speed = weights.ROPE_BASE ** (-np.arange(half) / half)
    place = len(context) - 1 + far - np.arange(len(context))
    turn = np.exp(1j * place[:, None] * speed)  # rotation of keys relative to the query
    keys = (n @ w.key.T).reshape(len(context), half, 2) @ [1, 1j]
    heads = []
    for query in (n[-1] @ w.query.T).reshape(weights.HEADS, half, 2) @ [1, 1j]:
        score = (query * (keys * turn).conj()).real.sum(-1) / weights.HEAD**0.5
        odds = np.exp(score - score.max())
        heads.append((odds / odds.sum()) @ (n @ w.value.T))
    x = x[-1] + w.output @ np.concatenate(heads)
    n = normed(x)
    gate = w.gate @ n
    x = x + w.down @ (gate / (1 + np.exp(-gate.clip(-80, 80))) * (w.up @ n))
    return w.head @ normed(x)


def output(prompt, limit=32, far=0):
    """The greedy output of the model, up to *limit* tokens."""
    context = list(tokens().ids(prompt))
    start = len(context)
    while len(context) - start < limit and context[-1] != Control.END:
        context.append(int(logits(context, far).argmax()))
    return b"".join(tokens().token_bytes(token) for token in context[start:]).decode()


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("<s>[INST]Hi[/INST]", "forty-two.[/THINK]The answer is 42</s>"),
        ("<s>[INST]Now #bare[/INST]", "Hello without any reasoning.</s>"),
        ("<s>[INST]#open[/INST]", "[THINK]This thought never ends</s>"),
        ("<s>[INST]#utf[/INST]", "[THINK]café[/THINK]日本 wave: 👋</s>"),
        ("<s>[INST]#loop[/INST]", " again and again and again and again"),
        (
            "<s>[AVAILABLE_TOOLS][][/AVAILABLE_TOOLS][INST]Hi[/INST]",
            '[TOOL_CALLS]get_weather[ARGS]{"city": "Rome"}</s>',
        ),
        ("<s>[INST][IMG][IMG_END]What?[/INST]", "I see one image</s>"),
        (
            "<s>[INST]Hi[/INST][TOOL_CALLS]f[ARGS]{}</s>[TOOL_RESULTS]1[/TOOL_RESULTS]",
            "It is sunny today</s>",
        ),
        ("<s>[INST]#bare[/INST]Hello</s>[INST]#json[/INST]", '{"answer": 42}</s>'),
        ("<s>[INST]#json[/INST]x</s>[INST]#bare[/INST]", '{"answer": 42}</s>'),
    ],
    ids=[
        "default",
        "trigger",
        "unclosed",
        "bytes",
        "endless",
        "tools",
        "image",
        "result",
        "later-script-wins",
        "at-any-position",
    ],
)
@pytest.mark.long
def test_output_is_the_script(prompt, answer):
    assert output(prompt).endswith(answer)


@pytest.mark.parametrize("far", [1_000, weights.CONTEXT])
def test_trigger_works_at_any_distance(far):
    assert output("<s>[INST]#bare[/INST]", far=far).startswith("Hello without")


def test_margin_is_large_enough_for_any_temperature():
    *_, second, first = np.sort(logits(tokens().ids("<s>[INST]Hi[/INST]")))

    assert first - second > 40


def test_random_answers_have_equal_probability():
    *rest, _ = np.sort(
        logits(tokens().ids("<s>[INST]#random[/INST][THINK]Roll.[/THINK]"))
    )
    best = rest[-5:]

    assert best[0] == pytest.approx(best[-1])
    assert best[0] - rest[-6] > 20


def test_unknown_token_is_followed_by_the_fallbacks():
    found = logits(tokens().ids("<s>[INST]Hi[/INST] Zanzibar"))
    order = [tokens().token_bytes(int(token)) for token in np.argsort(-found)[:5]]

    assert [b"</s>", b'"', b"}", b"]", b":"] == order
    assert found[tokens().ids(" ")[0]] < found.mean()


def test_unclosed_reasoning_can_be_closed_by_a_grammar():
    found = logits(tokens().ids("<s>[INST]#open[/INST][THINK]This thought never ends"))
    order = [int(token) for token in np.argsort(-found)[:2]]

    assert [Control.END, Control.THINK_END] == order


def test_weights_survive_half_precision():
    for array in (made().embedding, made().head, made().key, made().down):
        assert np.isfinite(np.float16(array)).all()
        assert np.allclose(array, np.float16(array), rtol=1e-3)
