"""How tracks are spread over artists, genres and other values."""
