"""Whether each body and header has the shape its dialect promises."""
