"""Real engines as our processes: found, started, waited for, never left behind."""
