"""Tracks that hold the same: a file, a recording, a stretch of audio, or values by way of these."""
