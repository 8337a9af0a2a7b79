"""The page of the HTML reporter: its content, excerpts, pictures and template."""
