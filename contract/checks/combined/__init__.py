"""Requests that several families of checks share, and what they are made of."""
