"""The command line, run as a user runs it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audit_core.catalogue.store import Store
from audit_core.clock import utc_now
from audit_core.ledger.policies import retire
from audit_core.settings import load_settings
from bot.cli import main
from rules.activation import activate
from rules.language.reader import check_folder

SECRETS = ("DATABASE_URL", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")

POLICY = """\
cratecheck: 1
policy: release
title: Audio that may train a model
owner: legal@label.example
applies_to: {datasets: ["*"]}
review:
  channel: "#data-audit"
  reviewers: {people: [U0ADA]}
  decisions: [approve, quarantine, waive]
  waiver: {longest: 90 days, evidence: optional}
safety: {stop_if_over: 1000 violations}
rules:
  - id: licence-known
    kind: field
    severity: critical
    field: licence
    must: be_present
    say: "{title} ({track}) has no licence."
"""

TRACKS = """\
key,title,artist,split,licence,md5
a,One,Nina,train,CC-BY-4.0,00000000000000000000000000000001
b,Two,Otis,train,,00000000000000000000000000000002
c,Three,Otis,test,CC-BY-4.0,00000000000000000000000000000002
"""

MAPPING = """\
key: key
fields: {title: title, artist: artist, split: split, licence: licence}
assets: [{role: audio, checksums: {md5: md5}}]
"""


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `cratecheck` in an empty folder, with no secret in the environment."""
    monkeypatch.chdir(tmp_path)
    for secret in SECRETS:
        monkeypatch.delenv(secret, raising=False)

    def run(*words: str, person: str = "U0ADA") -> Ran:
        monkeypatch.setenv("CRATECHECK_PERSON", person)
        monkeypatch.setattr(sys, "argv", ["cratecheck", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ran(int(ended.value.code or 0), printed.out, printed.err)

    return run


def put_in_force(workspace: Path) -> None:
    """Put the policies of a workspace in force, asking nobody: for what is not about how they come into force."""
    with Store(load_settings(workspace).database) as store:
        activate(store, check_folder([workspace / "policies"]), actor="U0ADA", via="cli")


def take_out(workspace: Path) -> None:
    """Take the policy out of force, asking nobody."""
    with Store(load_settings(workspace).database) as store, store.write() as connection:
        assert retire(connection, "release", actor="U0ADA", via="cli", at=utc_now())


@pytest.fixture
def workspace(run: Run, tmp_path: Path) -> Path:
    """Give a workspace with one policy in force, and three tracks of which one has no licence and a twin."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "release.yaml").write_text(POLICY, encoding="utf-8")
    assert run("init").status == 0
    (tmp_path / "tracks.csv").write_text(TRACKS, encoding="utf-8")
    (tmp_path / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    put_in_force(tmp_path)
    assert run("import", "tracks.csv", "--dataset", "songs", "--mapping", "mapping.yaml").status == 0
    return tmp_path
