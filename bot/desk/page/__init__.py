"""The page for the browser: channels, threads, modals and the Home tab."""

from __future__ import annotations

from bot.desk.page.routes import page_routes

__all__ = ["page_routes"]
