"""Facts: the catalogue, what was measured on it, and the ledger. Knows neither rules nor Slack."""
