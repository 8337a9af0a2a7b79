"""Latency checks: samples, sent one at a time, against the budgets of the profile."""
