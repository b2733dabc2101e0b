"""The demo: real catalogues, audited, with their threads on the desk."""
