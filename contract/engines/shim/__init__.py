"""Folder for the PYTHONPATH of engine processes; see `sitecustomize`."""
