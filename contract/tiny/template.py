"""The chat template of version v13, which engines without mistral-common render."""

from __future__ import annotations

import inspect
from typing import Any


def template() -> str:
    """The chat template of version v13 with thinking and images, by mistral-common."""
    # It takes most of a second to import, which only those who write a model wait for.
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
    # Releases of mistral-common differ in what else can be asked for.
    known = inspect.signature(generate_chat_template).parameters
    asked: dict[str, Any] = {name: wanted.get(name) for name in known}
    made: str = generate_chat_template(**asked)
    return made
