"""Short pieces that sound like music, made up from seeds: CC0, and the same each time."""

from bot.demo.pieces.piece import Piece
from bot.demo.pieces.programme import pieces
from bot.demo.pieces.rendering import SAMPLE_RATE_HZ, render
from bot.demo.pieces.styles import STYLES, Style

__all__ = ["SAMPLE_RATE_HZ", "STYLES", "Piece", "Style", "pieces", "render"]
