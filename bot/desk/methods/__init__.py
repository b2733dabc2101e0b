"""The Web API methods that the desk plays, by name."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from bot.desk.methods import apps, chat, conversations, files, users, views
from bot.desk.methods.call import Call
from bot.desk.store import Json

__all__ = ["APP_TOKEN_METHODS", "METHODS", "Call"]

METHODS: MappingProxyType[str, Callable[[Call], Json]] = MappingProxyType(
    {
        "apps.connections.open": apps.connections_open,
        "auth.test": users.auth_test,
        "chat.delete": chat.delete,
        "chat.getPermalink": chat.get_permalink,
        "chat.postEphemeral": chat.post_ephemeral,
        "chat.postMessage": chat.post_message,
        "chat.update": chat.update,
        "conversations.history": conversations.history,
        "conversations.info": conversations.info,
        "conversations.join": conversations.join,
        "conversations.list": conversations.list_,
        "conversations.members": conversations.members,
        "conversations.open": conversations.open_,
        "conversations.replies": conversations.replies,
        "files.completeUploadExternal": files.complete_upload_external,
        "files.delete": files.delete,
        "files.getUploadURLExternal": files.get_upload_url_external,
        "files.info": files.info,
        "usergroups.list": users.groups,
        "usergroups.users.list": users.group_members,
        "users.info": users.info,
        "users.list": users.list_,
        "users.lookupByEmail": users.lookup_by_email,
        "views.open": views.open_,
        "views.publish": views.publish,
        "views.push": views.push,
        "views.update": views.update,
    }
)
APP_TOKEN_METHODS = frozenset({"apps.connections.open"})
"""The methods that take the app-level token (``xapp-``); all others take the bot's (``xoxb-``)."""
