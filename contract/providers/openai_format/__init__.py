"""The chat format that OpenAI defined, as far as the providers share it."""
