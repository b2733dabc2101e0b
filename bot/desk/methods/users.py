"""`auth.test`, `users.*` and `usergroups.*`: who is who."""

from __future__ import annotations

from bot.desk.config import Person, UserGroup
from bot.desk.failure import SlackFailure
from bot.desk.methods.call import Call
from bot.desk.methods.conversations import page_of
from bot.desk.store import Json

__all__ = ["auth_test", "described", "group_members", "groups", "info", "list_", "lookup_by_email"]


def auth_test(call: Call) -> Json:
    """Say who the token is (https://docs.slack.dev/reference/methods/auth.test)."""
    config = call.desk.config
    return {
        "url": f"{call.base_url}/",
        "team": config.team,
        "user": config.bot_name.casefold(),
        "team_id": config.team_id,
        "user_id": config.bot_user_id,
        "bot_id": config.bot_id,
        "is_enterprise_install": False,
    }


def info(call: Call) -> Json:
    """Describe a user (https://docs.slack.dev/reference/methods/users.info)."""
    user = call.required("user")
    if user == call.desk.config.bot_user_id:
        return {"user": _bot(call)}
    person = call.desk.person(user)
    if person is None:
        raise SlackFailure("user_not_found")
    return {"user": described(call, person)}


def list_(call: Call) -> Json:
    """List the users (https://docs.slack.dev/reference/methods/users.list)."""
    everyone = [described(call, person) for person in call.desk.config.users]
    part, cursor = page_of(call, [*everyone, _bot(call)], default=1000)
    return {
        "members": part,
        "cache_ts": int(call.desk.store.db.clock()),
        "response_metadata": {"next_cursor": cursor},
    }


def lookup_by_email(call: Call) -> Json:
    """Find a user (https://docs.slack.dev/reference/methods/users.lookupByEmail)."""
    email = call.required("email").casefold()
    for person in call.desk.config.users:
        if person.email.casefold() == email:
            return {"user": described(call, person)}
    raise SlackFailure("users_not_found")


def groups(call: Call) -> Json:
    """List the user groups (https://docs.slack.dev/reference/methods/usergroups.list)."""
    return {"usergroups": [_group(call, group) for group in call.desk.usergroups()]}


def group_members(call: Call) -> Json:
    """List a group's members (https://docs.slack.dev/reference/methods/usergroups.users.list)."""
    wanted = call.required("usergroup")
    for group in call.desk.usergroups():
        if group.id == wanted:
            return {"users": call.desk.ids_of(group.members)}
    raise SlackFailure("no_such_subteam")


def described(call: Call, person: Person) -> Json:
    """Write a user object (https://docs.slack.dev/reference/objects/user-object)."""
    team = call.desk.config.team_id
    return {
        "id": person.id,
        "team_id": team,
        "name": person.name,
        "deleted": False,
        "real_name": person.real_name,
        "tz": person.tz,
        "is_bot": False,
        "is_app_user": False,
        "is_admin": False,
        "updated": 0,
        "profile": {
            "title": person.title,
            "real_name": person.real_name,
            "real_name_normalized": person.real_name,
            "display_name": person.name,
            "display_name_normalized": person.name,
            "email": person.email,
            "team": team,
        },
    }


def _bot(call: Call) -> Json:
    config = call.desk.config
    bot = Person(config.bot_name.casefold(), config.bot_name, id=config.bot_user_id)
    user = described(call, bot)
    user["is_bot"] = True
    user["profile"] |= {"api_app_id": config.app_id, "bot_id": config.bot_id}
    return user


def _group(call: Call, group: UserGroup) -> Json:
    answer: Json = {
        "id": group.id,
        "team_id": call.desk.config.team_id,
        "is_usergroup": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": 0,
        "date_update": 0,
        "date_delete": 0,
        "prefs": {"channels": [], "groups": []},
    }
    if call.flag("include_users"):
        answer["users"] = call.desk.ids_of(group.members)
    if call.flag("include_count"):
        answer["user_count"] = len(group.members)
    return answer
