"""A workspace's settings: `cratecheck.toml` in its folder, and the environment, which wins.

Secrets (tokens, the signing secret, a database's address with its password) come from the environment alone.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, cast, get_origin

from pydantic import AliasChoices, Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as NotJson

from audit_core.catalogue.store import sqlite_url
from audit_core.errors import CratecheckError, Location, Problems, SettingsError
from audit_core.toml_lines import line_of
from audit_core.wording import quoted

__all__ = ["SETTINGS_FILE", "Clips", "Settings", "load_settings"]

SETTINGS_FILE = "cratecheck.toml"

_PREFIX: Final = "CRATECHECK_"
_SLACK_ID: Final = re.compile(r"[UW][A-Z0-9]+")

Clips = Literal["unless_forbidden", "only_if_allowed", "never"]
"""Whether a licence that is silent about copies, unknown or not stated will do for a clip to be heard by reviewers."""

GroupHandle = Annotated[str, StringConstraints(pattern=r"^@[\w.-]+$")]


def _secret(name: str) -> SecretStr | None:
    field: SecretStr | None = Field(default=None, validation_alias=name)
    return field


class Settings(BaseSettings):
    """What a workspace is told: where its data is, who its people are, how Slack is reached."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="forbid", frozen=True)

    workspace: Path
    demo: bool = Field(default=False, description="A workspace for trying, which the desk may show.")
    people: dict[str, str] = Field(default_factory=dict, description="Slack user id → name.")
    groups: dict[GroupHandle, list[str]] = Field(
        default_factory=dict, description="@group → Slack user ids, or names of [people]."
    )
    policy_approvers: list[str] = Field(
        default_factory=list,
        description=(
            "Who may confirm a change of a policy, in place of its own reviewers: Slack user ids, names of [people],"
            " and @groups. None named: the reviewers of the policy as it is in force, or as it was activated last; of a"
            " new policy, those of any policy in force. Where nothing was ever activated, those whom the text names."
        ),
    )
    licences: Path | None = Field(default=None, description="A licence table of the workspace's own.")
    audio: dict[str, str] = Field(default_factory=dict, description="Dataset → folder or address of its audio.")
    clips: Clips = Field(
        default="unless_forbidden", description="Which tracks reviewers get clips of, by what the licences say."
    )
    features: Path = Field(default=Path("features"), description="Where a scan keeps what it heard.")
    embedder: str = Field(default="chroma", description="What finds versions: chroma, onnx, or that of a package.")
    embedder_model: Path | None = Field(default=None, description="The embedder's model, where it takes one.")
    host: str = Field(default="127.0.0.1", description="Where `serve` listens for Slack's requests.")
    port: int = Field(default=3000, ge=0, le=65535)

    database_url: SecretStr | None = _secret("DATABASE_URL")
    slack_bot_token: SecretStr | None = _secret("SLACK_BOT_TOKEN")
    slack_app_token: SecretStr | None = _secret("SLACK_APP_TOKEN")
    slack_signing_secret: SecretStr | None = _secret("SLACK_SIGNING_SECRET")
    slack_api_url: str = Field(
        default="https://slack.com/api/", validation_alias=AliasChoices("SLACK_API_URL", "slack_api_url")
    )

    @property
    def database(self) -> str:
        """The database's address: DATABASE_URL, or the SQLite file of the workspace."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return sqlite_url(self.workspace.resolve() / "cratecheck.sqlite")

    @property
    def policies(self) -> Path:
        """The folder of the policies that people edit."""
        return self.workspace / "policies"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let what is said in code win over the environment, and that over the file."""
        workspace = Path(cast(InitSettingsSource, init_settings).init_kwargs["workspace"])
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, workspace / SETTINGS_FILE)


def load_settings(workspace: Path) -> Settings:
    """Read the settings of a workspace.

    Raises
    ------
    SettingsError, Problems
        If the folder is no workspace, the file can't be read, or it says what it shouldn't.
    """
    path = workspace / SETTINGS_FILE
    at = Location(str(path))
    try:
        text = path.read_text(encoding="utf-8")
        written = tomllib.loads(text)
    except OSError as error:
        raise SettingsError(
            f"no {SETTINGS_FILE} in {workspace}",
            mend="Make a workspace with `cratecheck init FOLDER`, or name one with --workspace.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"not valid TOML: {error}", at=at) from error
    secrets = {
        field.validation_alias for field in Settings.model_fields.values() if field.annotation == SecretStr | None
    }
    problems: list[CratecheckError] = [
        SettingsError(
            f"{key} is a secret and may not stand in a file",
            at=Location(str(path), line_of(text, [key])),
            mend="Set it in the environment.",
        )
        for key in written
        if key.upper() in secrets
    ]
    if problems:
        raise Problems(problems)
    said = _variables()

    def at_of(setting: Sequence[int | str]) -> Location:
        return Location(said[setting[0]]) if setting[0] in said else Location(str(path), line_of(text, setting))

    try:
        settings = Settings(workspace=workspace)
    except ValidationError as error:
        raise Problems(
            SettingsError(
                f"{'.'.join(map(str, mistake['loc']))}: {mistake['msg']}",
                at=at_of(mistake["loc"]),
            )
            for mistake in error.errors(include_input=False, include_url=False)
        ) from error
    except NotJson as error:
        mend = f"Write it as JSON, such as {{}}, or say it in {SETTINGS_FILE}."
        raise Problems(
            SettingsError("this variable is not valid JSON", at=Location(variable), mend=mend)
            for variable in _not_json(said)
        ) from error
    beside: dict[str, object] = {
        "groups": _with_ids(settings, lambda group: at_of(["groups", group])),
        "audio": {name: where if "://" in where else str(workspace / where) for name, where in settings.audio.items()},
        "features": workspace / settings.features,
    }
    if settings.licences is not None:
        beside["licences"] = workspace / settings.licences
    if settings.embedder_model is not None:
        beside["embedder_model"] = workspace / settings.embedder_model
    return settings.model_copy(update=beside)


def _with_ids(settings: Settings, at: Callable[[str], Location]) -> dict[str, list[str]]:
    """Put ids in place of names of [people] in groups, and refuse what is neither: nobody could decide by it."""
    ids: dict[str, list[str]] = {}
    for person, name in settings.people.items():
        ids.setdefault(_folded(name), []).append(person)
    problems: list[CratecheckError] = []
    groups: dict[str, list[str]] = {}
    for group, members in settings.groups.items():
        groups[group] = []
        for member in members:
            named = ids.get(_folded(member), [])
            if member in settings.people or (not named and _SLACK_ID.fullmatch(member)):
                groups[group].append(member)
            elif len(named) == 1:
                groups[group].append(named[0])
            else:
                why = "is the name of more than one of [people]" if named else "is no Slack user id, nor in [people]"
                mend = "Write an id, such as U0123ABCD, or a name that [people] gives to one."
                problems.append(
                    SettingsError(f"{quoted(member)}, in the group {group}, {why}", at=at(group), mend=mend)
                )
    if problems:
        raise Problems(problems)
    return groups


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _variables() -> dict[int | str, str]:
    """Give the settings that the environment says, each with the name of its variable."""
    known = {f"{_PREFIX}{name}".upper(): name for name in Settings.model_fields}
    return {known[name.upper()]: name for name in os.environ if name.upper() in known}


def _not_json(said: dict[int | str, str]) -> Iterator[str]:
    for setting, variable in said.items():
        if get_origin(Settings.model_fields[str(setting)].annotation) in (dict, list):
            try:
                json.loads(os.environ[variable])
            except ValueError:
                yield variable
