"""HTTP checks: API keys, methods, paths, CORS, encodings and header fields."""
