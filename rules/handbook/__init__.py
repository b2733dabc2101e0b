"""The handbook of policies, gathered from what policies are read by."""
