"""A workspace's settings come from its file and the environment; secrets from the environment alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit_core.errors import CratecheckError, Problems, SettingsError
from audit_core.settings import load_settings

SECRETS = ("DATABASE_URL", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)


def written(folder: Path, text: str) -> Path:
    (folder / "cratecheck.toml").write_text(text, encoding="utf-8")
    return folder


def test_an_empty_file_gives_a_sqlite_file_in_the_workspace(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, ""))
    assert settings.database == f"sqlite:///{tmp_path / 'cratecheck.sqlite'}"
    assert not settings.demo


def test_a_group_may_name_people_by_their_names(tmp_path: Path) -> None:
    people = '[people]\nU1 = "Ada  Adams"\nU2 = "Grace"\n'
    settings = load_settings(written(tmp_path, f'{people}[groups]\n"@legal" = ["ada adams", "U2", "U9"]\n'))
    assert settings.groups == {"@legal": ["U1", "U2", "U9"]}


@pytest.mark.parametrize("member", ["Adah", "Bo"])
def test_a_member_of_a_group_who_is_nobody_is_told_with_the_line(tmp_path: Path, member: str) -> None:
    text = f'[people]\nU1 = "Bo"\nU2 = "Bo"\n[groups]\n"@legal" = ["{member}"]\n'
    with pytest.raises(Problems, match=rf'cratecheck.toml:5: "{member}", in the group @legal, is'):
        load_settings(written(tmp_path, text))


def test_groups_and_people_are_read(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, '[people]\nU1 = "Ada"\n[groups]\n"@legal" = ["U1"]\n'))
    assert settings.groups == {"@legal": ["U1"]}
    assert settings.people == {"U1": "Ada"}


def test_the_environment_names_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone@host/audit")
    assert load_settings(written(tmp_path, "")).database == "postgresql://someone@host/audit"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRATECHECK_PORT", "4001")
    assert load_settings(written(tmp_path, "port = 4000")).port == 4001


def test_an_unprefixed_variable_of_another_program_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "80")
    assert load_settings(written(tmp_path, "")).port == 3000


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_in_the_file_is_refused_and_not_repeated(name: str, tmp_path: Path) -> None:
    with pytest.raises(CratecheckError, match="Set it in the environment") as refusal:
        load_settings(written(tmp_path, f'{name.lower()} = "xoxb-very-secret"'))
    assert "xoxb-very-secret" not in str(refusal.value)


def test_a_secret_does_not_show_in_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-very-secret")
    assert "xoxb-very-secret" not in repr(load_settings(written(tmp_path, "")))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(CratecheckError) as refusal:
        load_settings(written(tmp_path, 'port = "many"\nchanel = 1\n'))
    assert "port" in str(refusal.value)
    assert "chanel" in str(refusal.value)


def test_a_folder_that_is_no_workspace_is_told_how_to_become_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cratecheck init"):
        load_settings(tmp_path)


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cratecheck\.toml: not valid TOML"):
        load_settings(written(tmp_path, "port = "))


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CRATECHECK_GROUPS", "x", "CRATECHECK_GROUPS: this variable is not valid JSON"),
        ("CRATECHECK_PEOPLE", "[1", "CRATECHECK_PEOPLE: this variable is not valid JSON"),
        ("CRATECHECK_PORT", "abc", "CRATECHECK_PORT: port: "),
        ("CRATECHECK_GROUPS", '{"legal": []}', "CRATECHECK_GROUPS: groups.legal"),
    ],
)
def test_a_mistake_of_the_environment_names_the_variable_and_not_the_file(
    variable: str, value: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(CratecheckError) as refusal:
        load_settings(written(tmp_path, "port = 4000"))
    assert said in str(refusal.value)
    assert "cratecheck.toml:" not in str(refusal.value)


def test_folders_of_audio_lie_beside_the_settings_and_addresses_where_they_say(tmp_path: Path) -> None:
    text = 'features = "cache"\n[audio]\ncrate = "music"\nfar = "s3://bucket/x"\nabsolute = "/srv/music"\n'
    settings = load_settings(written(tmp_path, text))
    assert settings.audio == {"crate": str(tmp_path / "music"), "far": "s3://bucket/x", "absolute": "/srv/music"}
    assert settings.features == tmp_path / "cache"
    assert load_settings(written(tmp_path, "")).features == tmp_path / "features"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("# a comment\n\nport = 'many'\n", "cratecheck.toml:3: port"),
        ("[people]\nU1 = 'Ada'\n# of them\nU2 = 7\n", "cratecheck.toml:4: people.U2"),
        ("[people]\n\n[groups]\n'@legal' = [\n  'U1',\n]\n'@lead' = 'U1'\n", "cratecheck.toml:7: groups.@lead"),
        ("[groups]\n'@a' = ['U1']\nlegal = []\n", "cratecheck.toml:3: groups.legal"),
        ("demo = true\r\nchanel = 1\r\n", "cratecheck.toml:2: chanel"),
        ("demo = true\nslack_bot_token = 'xoxb'\n", "cratecheck.toml:2: slack_bot_token is a secret"),
    ],
)
def test_a_mistake_of_the_file_names_its_line(text: str, place: str, tmp_path: Path) -> None:
    with pytest.raises(CratecheckError) as refusal:
        load_settings(written(tmp_path, text))
    assert place in str(refusal.value)
