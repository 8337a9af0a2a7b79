"""Whether requests stay apart that are sent together, twice, or given up."""
