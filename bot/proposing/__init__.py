"""Policies on their way into force: proposed, examined, and confirmed by somebody else."""
