"""
Hypothesis strategies for chat requests.

Imports: model, schema. Third parties: hypothesis.
"""
