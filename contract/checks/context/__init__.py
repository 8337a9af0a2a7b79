"""Context window checks: prompt length, overflow, truncation and recall."""
