"""Conversation checks: message content, order, history and prefixes."""
