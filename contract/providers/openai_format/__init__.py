"""The parts of OpenAI's chat format that the providers share."""
