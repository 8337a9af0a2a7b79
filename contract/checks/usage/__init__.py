"""Whether the token counts of a reply add up, and to what was really said."""
