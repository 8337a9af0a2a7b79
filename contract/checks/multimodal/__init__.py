"""Whether images are seen, counted, bounded, and refused where they must be."""
