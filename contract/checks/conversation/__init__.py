"""Whether a conversation reaches the model whole: every turn, every part, in order."""
