"""The policy language: files into policies, policies into English, and the schema by which editors complete them."""
