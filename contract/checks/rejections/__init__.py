"""Which requests a provider must refuse, and what its refusals must look like."""
