"""What stands around a request: keys, methods, paths, encodings and other headers."""
