"""What is inside an audio file: decoded, measured, fingerprinted."""
