"""
What the model card of Magistral Small 1.2 recommends: its system prompt and sampling.

The prompt is test data: `system_prompt.txt` holds it word for word, because a model is
trained on these words and a server has to take them. It was published with the model
under the Apache License 2.0.
"""

from __future__ import annotations

from importlib import resources

from contract.model.chat import Message, Options, Text, Thinking
from contract.model.probes import MAX_TOKENS
from contract.model.think import CLOSE, OPEN

PROMPT_TEXT = (
    resources.files("contract.checks.combined")
    .joinpath("system_prompt.txt")
    .read_text("utf-8")
)
INSTRUCTION, _, _rest = PROMPT_TEXT.partition(OPEN)
TEMPLATE, _, CLOSING = _rest.partition(CLOSE)
# As the card spells it: the markers are control tokens, so what they enclose is a chunk
# of its own. A dialect without such chunks writes the markers into the text.
SYSTEM = Message("system", (Text(INSTRUCTION), Thinking(TEMPLATE), Text(CLOSING)))
# The card's max_tokens is the whole window; a short question needs less of it.
SAMPLING = Options(max_tokens=MAX_TOKENS, temperature=0.7, top_p=0.95, seed=7)
