"""Which tracks hold the same: matches between fingerprints, the recordings that they make, versions for ears."""
