"""Writes a scripted model of Magistral's shape that real engines serve on a CPU."""
