"""Whether an answer has the form that response_format asks for."""
