"""What was found and what was decided: append-only, attributed, chained by hash."""
