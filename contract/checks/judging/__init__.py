"""Judging helpers that several families share: usage, rejections, chunks, prompts."""
