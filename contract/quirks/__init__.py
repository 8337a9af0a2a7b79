"""Legal oddities: what a provider may do, and no check may object to."""
