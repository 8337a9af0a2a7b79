"""Changes to replies that the faults of several families share."""
