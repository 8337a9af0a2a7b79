"""
Memory: what weights, cache and images of a model take, by the headers of its files.

Imports: errors.
"""
