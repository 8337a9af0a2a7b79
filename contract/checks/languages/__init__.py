"""Language checks: text in any language reaches the model and returns unchanged."""
