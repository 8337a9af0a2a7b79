"""Schema checks of response bodies and headers."""
