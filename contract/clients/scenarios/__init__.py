"""The scenarios and requirements, one module for each topic."""
