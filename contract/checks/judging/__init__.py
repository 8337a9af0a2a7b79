"""What several families of checks judge by: usage, refusals, chunks, prompts."""
