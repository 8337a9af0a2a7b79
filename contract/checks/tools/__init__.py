"""Whether tools are called as the request says, and their calls can be relied on."""
