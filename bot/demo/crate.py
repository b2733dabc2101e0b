"""The demo's workspace: real catalogues, a crate to hear, shipped policies, three reviewers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.errors import SettingsError
from audit_core.ingest.importer import import_files
from audit_core.ingest.mapping_file import load_mapping
from audit_core.settings import SETTINGS_FILE, Settings, load_settings
from bot.demo.activating import put_in_force
from bot.demo.listening import Tell, listen
from bot.demo.planting import write_crate
from rules.language.json_schema import schema_text
from rules.starters import demo_text

__all__ = ["CRATE", "REVIEWERS", "Reviewer", "fill", "fill_from", "name_of", "prepare"]


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Someone who sits at the demo's desk."""

    id: str
    handle: str
    name: str
    title: str
    groups: tuple[str, ...]


REVIEWERS: Final = (
    Reviewer("U0NADIA", "nadia", "Nadia Mensah", "Label counsel", ("@data-legal",)),
    Reviewer("U0OTIS", "otis", "Otis Lindqvist", "Data lead", ("@data-leads",)),
    Reviewer("U0MIRA", "mira", "Mira Okonjo", "Head of music", ("@data-legal", "@data-leads")),
)

# Dataset → the policy of the demo's that fits it. The data and the mapping bear the dataset's name.
_CATALOGUES: Final = {"freemusi-cc": "freemusi", "groove-midi": "groove", "gtzan": "gtzan"}
CRATE: Final = "demo-crate"
"""The dataset to hear, and the folder in the workspace that holds it."""

_ACTOR: Final = "demo"
_PROPOSER: Final = "U0NADIA"
_CONFIRMER: Final = "U0MIRA"


def _unseen(_stage: str, _done: int, _total: int) -> None:
    pass


def prepare(workspace: Path, *, folder: bool = False) -> Settings:
    """Make the demo's workspace, unless it is there already: settings and policies.

    Parameters
    ----------
    workspace : Path
        The folder to keep it in.
    folder : bool
        Whether it is for somebody's own folder of music, which has a policy of its own.

    Raises
    ------
    SettingsError
        If the folder is a workspace that is no demo.
    """
    if not (workspace / SETTINGS_FILE).exists():
        (workspace / "policies").mkdir(parents=True, exist_ok=True)
        for policy in ["folder"] if folder else [*_CATALOGUES.values(), "crate"]:
            _add_policy(workspace / "policies", policy)
        (workspace / "policies" / "policy.schema.json").write_text(schema_text(), encoding="utf-8")
        (workspace / SETTINGS_FILE).write_text(_settings(), encoding="utf-8")
    settings = load_settings(workspace)
    if not settings.demo:
        raise SettingsError(f"{workspace} is a workspace of your own", mend="Give the demo another folder.")
    if settings.database_url is not None:
        raise SettingsError(
            "the demo keeps to a SQLite file of its own", mend="Unset DATABASE_URL, so that it touches no other data."
        )
    return settings


def fill(
    store: Store, settings: Settings, say: Callable[[str], None], tell: Tell = _unseen, clock: Clock = utc_now
) -> None:
    """Bring in the catalogues and the crate, and put the workspace's policies in force; what is so already stays."""
    for dataset in _CATALOGUES:
        with as_file(files("bot.demo") / "data" / f"{dataset}.csv") as path:
            report = import_files(
                store,
                [path],
                dataset=dataset,
                mapping=load_mapping(dataset),
                actor=_ACTOR,
                via="cli",
                clock=clock,
            )
        say(f"imported {dataset}: {report.read:,} tracks")
    crate = settings.workspace / CRATE
    if not crate.exists():
        say("writing a crate of music to hear, with faults planted in it")
        write_crate(crate, lambda done, total: tell("writing music", done, total))
    listen(store, settings, crate, CRATE, actor=_ACTOR, say=say, tell=tell, clock=clock)
    put_in_force(store, settings, proposer=_PROPOSER, confirmer=_CONFIRMER, say=say, tell=tell, clock=clock)


def fill_from(
    store: Store,
    settings: Settings,
    folder: Path,
    say: Callable[[str], None],
    tell: Tell = _unseen,
    clock: Clock = utc_now,
) -> None:
    """Bring in a folder of somebody's own, and put the workspace's policies in force.

    Where folders tell of splits, the policy about leaks is one of them.
    """
    from audit_core.audio.files import Root
    from audit_core.ingest.folder import split_of

    if len({split for path in Root(folder).walk() if (split := split_of(path))}) > 1:
        _add_policy(settings.policies, "folder-splits")
    listen(store, settings, folder, name_of(folder), actor=_ACTOR, say=say, tell=tell, clock=clock)
    put_in_force(store, settings, proposer=_PROPOSER, confirmer=_CONFIRMER, say=say, tell=tell, clock=clock)


def name_of(folder: Path) -> str:
    """Name the dataset that is made of a folder, as the policy for such folders expects it."""
    words = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.casefold()).strip("-")
    return f"my-{words.removeprefix('my-') or 'music'}"


def _add_policy(folder: Path, name: str) -> None:
    path = folder / f"{name}.yaml"
    if not path.exists():
        path.write_text(demo_text(name), encoding="utf-8")


def _settings() -> str:
    people = "".join(f'{reviewer.id} = "{reviewer.name}"\n' for reviewer in REVIEWERS)
    members = {
        handle: [reviewer.id for reviewer in REVIEWERS if handle in reviewer.groups]
        for handle in sorted({handle for reviewer in REVIEWERS for handle in reviewer.groups})
    }
    groups = "".join(f'"{handle}" = {json.dumps(ids)}\n' for handle, ids in members.items())
    approvers = "# All of them may confirm a change of a policy: what loosens a critical rule takes two.\n"
    approvers += f"policy_approvers = {json.dumps(list(members))}"
    head = f"# A workspace for trying: the desk may show it.\ndemo = true\n\n{approvers}\n"
    return f"{head}\n[people]\n{people}\n[groups]\n{groups}"
