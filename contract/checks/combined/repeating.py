"""Requests to repeat a text: what arrives shows what happened to it on the way."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from contract.model.chat import Options
from contract.model.probe import Probe
from contract.model.probes import MAX_TOKENS, user

ORDER = "Repeat exactly: "
MARKUP = (
    'Use <b>5 &lt; 7</b> & "straight" or \u201ccurly\u201d quotes, it\'s *fine*, '
    "it\u2019s **bold**: see [a](b_c), `x**2` and AT&amp;T."
)
# Composed letters, emoji of several code points, and compatibility characters.
COMPOSED = unicodedata.normalize("NFC", "Café Zoë, Ångström, Việt Nam, naïve: ") + (
    "\U0001f469\U0001f3fd\u200d\U0001f680 \U0001f1fa\U0001f1e6 \u2764\ufe0f "
    "\u00bd m\u00b2 \u2122 \ufb01n \uff21\uff22 done"
)
LINES = "Shopping list:\n- bread\n- two eggs\n\nThat is all."


def repeating(name: str, text: str) -> tuple[Probe, Probe]:
    """Return the request to repeat *text*, whole and streamed."""
    whole = Probe(
        name=f"repeat-{name}-whole",
        messages=(user(ORDER + text),),
        options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
    )
    return whole, replace(whole, name=f"repeat-{name}-streamed", stream=True)


# Three texts in one, and so in two requests instead of six.
PLAIN_AT_ONCE = repeating("all", f"{MARKUP}\n\n{COMPOSED}\n\n{LINES}")
