"""Whether a stream is as fast as its profile says: judged over samples, sent alone."""
