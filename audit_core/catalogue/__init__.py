"""The catalogue of datasets, as it is and as it was at every revision."""
