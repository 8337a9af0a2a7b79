"""A folder for the PYTHONPATH of vLLM's processes; see `sitecustomize`."""
