"""Image checks: cost, formats, order, limits, URLs, and hostile input."""
