"""Conversation: the command line, Slack, the schedule."""
