"""Whether text in any language survives the way to the model and back."""
