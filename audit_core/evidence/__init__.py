"""Evidence of a violation that can be heard and seen: short clips, and a picture of them."""
