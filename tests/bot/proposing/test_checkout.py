"""The commit of a policy file: found where there is one, and nothing of a stranger's checkout is run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bot.proposing.checkout import CHANGED, commit_of

TEXT = b"policy: release\n"


def git(folder: Path, *words: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@label.example", "-c", "init.defaultBranch=main"]
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A policy file in a folder of a checkout."""
    path = tmp_path / "audits" / "policies" / "release.yaml"
    path.parent.mkdir(parents=True)
    path.write_bytes(TEXT)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return path


def test_a_committed_file_is_of_its_commit(file: Path, tmp_path: Path) -> None:
    assert commit_of(file, TEXT) == git(tmp_path, "rev-parse", "HEAD")


def test_ends_of_lines_that_a_checkout_writes_otherwise_are_no_change(file: Path, tmp_path: Path) -> None:
    assert commit_of(file, TEXT.replace(b"\n", b"\r\n")) == git(tmp_path, "rev-parse", "HEAD")


def test_a_file_that_differs_from_its_commit_says_so(file: Path, tmp_path: Path) -> None:
    assert commit_of(file, TEXT + b"title: x\n") == git(tmp_path, "rev-parse", "HEAD") + CHANGED


def test_a_file_that_was_never_committed_says_so(file: Path) -> None:
    new = file.with_name("new.yaml")
    new.write_bytes(TEXT)
    assert (commit_of(new, TEXT) or "").endswith(CHANGED)


@pytest.mark.parametrize("name", [":(exclude)x.yaml", "*.yaml", "-p.yaml", "a\tb.yaml", "é ü.yaml"])
def test_a_file_of_any_name_is_found(file: Path, tmp_path: Path, name: str) -> None:
    odd = file.with_name(name)
    odd.write_bytes(b"policy: odd\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "odd")
    assert commit_of(odd, b"policy: odd\n") == git(tmp_path, "rev-parse", "HEAD")
    assert commit_of(odd, b"policy: other\n") == git(tmp_path, "rev-parse", "HEAD") + CHANGED


def test_without_a_checkout_there_is_no_commit(tmp_path: Path) -> None:
    assert commit_of(tmp_path / "release.yaml", TEXT) is None


def test_a_checkout_without_a_commit_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert commit_of(tmp_path / "release.yaml", TEXT) is None


def test_without_git_there_is_no_commit(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert commit_of(file, TEXT) is None


def test_what_the_environment_says_of_another_checkout_does_not_count(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = git(tmp_path, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert commit_of(file, TEXT) == head


def test_nothing_that_a_checkout_names_is_run(file: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\necho $0 >> {ran}\n")
    script.chmod(0o755)
    hooks = tmp_path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "fsmonitor-watchman"):
        (hooks / hook).write_text(script.read_text())
        (hooks / hook).chmod(0o755)
    (tmp_path / ".gitattributes").write_text("*.yaml filter=evil diff=evil\n")
    tree = git(tmp_path, "rev-parse", "HEAD^{tree}")
    for setting in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "pager.ls-tree",
        "diff.external",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.process",
        "gpg.program",
        "alias.ls-tree",
        "credential.helper",
        "remote.origin.uploadpack",
    ):
        git(tmp_path, "config", setting, f"!{script}" if setting.startswith("alias") else str(script))
    git(tmp_path, "config", "remote.origin.url", str(tmp_path / "elsewhere"))
    git(tmp_path, "config", "remote.origin.promisor", "true")
    git(tmp_path, "config", "remote.other.url", f"ext::{script}")
    git(tmp_path, "config", "remote.other.promisor", "true")
    git(tmp_path, "config", "core.repositoryformatversion", "1")
    git(tmp_path, "config", "extensions.partialClone", "origin")
    assert commit_of(file, TEXT)
    missing = tmp_path / ".git" / "objects" / tree[:2] / tree[2:]
    missing.chmod(0o644)
    missing.unlink()  # git would fetch it from where the checkout says
    assert (commit_of(file, TEXT) or "").endswith(CHANGED)
    assert not ran.exists(), ran.read_text()
