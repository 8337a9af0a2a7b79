"""Chat template of version v13, for engines without mistral-common."""

from __future__ import annotations

import inspect
from typing import Any


def template() -> str:
    """Return mistral-common's chat template of version v13 with thinking and images."""
    # The import takes most of a second, so only writing a model pays for it.
    from mistral_common.integrations.chat_templates.chat_templates import (  # noqa: PLC0415
        generate_chat_template,
    )
    from mistral_common.tokens.tokenizers.base import TokenizerVersion  # noqa: PLC0415

    wanted: dict[str, Any] = {
        "spm": False,
        "tokenizer_version": TokenizerVersion.v13,
        "image_support": True,
        "audio_support": False,
        "thinking_support": True,
        "plain_thinking_support": False,
        "use_special_token_variables": True,
    }
    # Releases of mistral-common differ in their other parameters.
    parameters = inspect.signature(generate_chat_template).parameters
    arguments: dict[str, Any] = {name: wanted.get(name) for name in parameters}
    text: str = generate_chat_template(**arguments)
    return text
