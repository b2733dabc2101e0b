"""From a catalogue to a clean manifest, on the command line."""

from __future__ import annotations

import shlex
import socket
import sqlite3
import subprocess
import sys
import wave
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.bot.cli.conftest import Ran, Run, put_in_force, take_out


def the_key(run: Run) -> str:
    return str(run("violations", "list", "--format", "json").json[0]["key"])


@pytest.mark.usefixtures("workspace")
class TestAudit:
    def test_it_fails_on_what_is_open_and_critical(self, run: Run) -> None:
        assert run("audit").status == 1

    def test_it_passes_where_nothing_is_to_fail(self, run: Run) -> None:
        assert run("audit", "--fail-on", "never").status == 0

    def test_it_tells_programs_what_it_came_to(self, run: Run) -> None:
        told = run("audit", "--format", "json").json
        assert told["open_by_severity"]["critical"] == 1
        assert [outcome["result"] for outcome in told["outcomes"]] == ["fail"]

    def test_a_dry_run_writes_nothing(self, run: Run) -> None:
        run("audit", "--dry-run")
        assert run("violations", "list", "--format", "json").json == []

    def test_of_another_moment_it_is_a_rehearsal_only(self, run: Run) -> None:
        refused = run("audit", "--as-of", "2031-01-01")
        assert refused.status == 2
        assert "Add --dry-run" in refused.err
        assert run("audit", "--as-of", "2031-01-01", "--dry-run", "--fail-on", "never").status == 0

    def test_a_policy_that_applies_to_no_dataset_is_no_clean_bill(self, run: Run, workspace: Path) -> None:
        policy = workspace / "policies" / "release.yaml"
        policy.write_text(policy.read_text().replace('["*"]', "[song]"), encoding="utf-8")
        put_in_force(workspace)
        ran = run("audit")
        assert ran.status == 1
        assert "policy release applies to no track" in ran.err

    def test_a_policy_whose_where_selects_no_track_is_no_clean_bill(self, run: Run, workspace: Path) -> None:
        policy = workspace / "policies" / "release.yaml"
        misspelt = policy.read_text().replace('datasets: ["*"]', 'datasets: ["*"], where: {split: trian}')
        policy.write_text(misspelt, encoding="utf-8")
        put_in_force(workspace)
        ran = run("audit", "--markdown", "-")
        assert ran.status == 1
        assert "policy release applies to no track: it judged nothing" in ran.err
        assert "Policies that apply to no track, and judged nothing: release." in ran.out

    def test_without_a_policy_in_force_nothing_is_clean(self, run: Run, workspace: Path) -> None:
        take_out(workspace)
        ran = run("audit")
        assert ran.status == 1
        assert "nothing was judged" in ran.err

    def test_an_unknown_severity_is_a_mistake(self, run: Run) -> None:
        ran = run("audit", "--fail-on", "awful")
        assert ran.status == 2
        assert "Traceback" not in ran.err


class TestQuarantine:
    @pytest.fixture
    def decided(self, run: Run, workspace: Path) -> Ran:
        run("audit")
        return run("decide", "quarantine", the_key(run)[:8], "--reason", "no licence to be had")

    def test_it_is_told_with_its_entry_in_the_ledger(self, decided: Ran) -> None:
        assert decided.status == 0
        assert "out: songs/b" in decided.out

    def test_the_track_and_its_byte_identical_twin_leave_the_manifest(self, decided: Ran, run: Run) -> None:
        manifest = run("export", "manifest", "--dataset", "songs")
        assert [line.split(",")[0] for line in manifest.out.splitlines()] == ["key", "a"]
        assert '"quarantined_left_out": 2' in manifest.err

    def test_the_manifest_is_written_to_a_file_in_full(self, decided: Ran, run: Run, workspace: Path) -> None:
        run("export", "manifest", "--dataset", "songs", "--format", "jsonl", "-o", "clean.jsonl")
        assert (workspace / "clean.jsonl").read_text().count("\n") == 1
        assert sorted(path.name for path in workspace.glob("clean*")) == ["clean.jsonl"]

    def test_an_audit_complains_no_more(self, decided: Ran, run: Run) -> None:
        assert run("audit").status == 0

    def test_a_release_brings_both_back(self, decided: Ran, run: Run) -> None:
        key = str(run("violations", "list", "--state", "quarantined", "--format", "json").json[0]["key"])
        assert run("decide", "release", key, "--reason", "the contract came").status == 0
        assert run("export", "manifest", "--dataset", "songs").out.count("\n") == 4

    def test_the_violation_shows_who_decided_under_which_text(self, decided: Ran, run: Run) -> None:
        key = str(run("violations", "list", "--state", "quarantined", "--format", "json").json[0]["key"])
        [decision] = run("violations", "show", key, "--format", "json").json["decisions"]
        assert (decision["person"], decision["via"], decision["reason"]) == ("U0ADA", "cli", "no licence to be had")
        assert len(decision["policy_sha256"]) == 64

    def test_a_stranger_has_no_say(self, run: Run, workspace: Path) -> None:
        run("audit")
        ran = run("decide", "quarantine", the_key(run), "--reason", "because", person="U0EVE")
        assert ran.status == 2
        assert "no say" in ran.err
        assert run("export", "manifest", "--dataset", "songs").out.count("\n") == 4


@pytest.mark.usefixtures("workspace")
class TestLedger:
    def test_it_is_whole_after_all_this(self, run: Run) -> None:
        run("audit")
        run("decide", "approve", the_key(run), "--reason", "licensed by contract 7")
        ran = run("ledger", "verify")
        assert ran.status == 0
        assert "whole" in ran.out

    def test_a_row_with_one_byte_changed_is_named(self, run: Run, workspace: Path) -> None:
        run("audit")
        with sqlite3.connect(workspace / "cratecheck.sqlite") as database:
            database.execute("UPDATE ledger SET actor = 'U0ADB' WHERE seq = 2")
        ran = run("ledger", "verify")
        assert ran.status == 1
        assert "BROKEN: ledger row 2" in ran.out

    def test_a_tail_that_was_cut_shows_against_a_head_that_was_given_out(self, run: Run, workspace: Path) -> None:
        run("audit")
        head = run("status", "--format", "json").json["ledger_head"]
        with sqlite3.connect(workspace / "cratecheck.sqlite") as database:
            database.execute("PRAGMA foreign_keys = OFF")
            database.execute("DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)")
        assert run("ledger", "verify", "--head", head).status == 1

    def test_a_shortened_head_is_no_head(self, run: Run) -> None:
        ran = run("ledger", "verify", "--head", "2:9f2c")
        assert ran.status == 2
        assert "64" in ran.err

    def test_it_is_exported_line_by_line(self, run: Run) -> None:
        assert run("ledger", "export").out.count("\n") == 2


class TestImport:
    def test_the_same_again_changes_nothing(self, run: Run, workspace: Path) -> None:
        again = run("import", "tracks.csv", "--dataset", "songs", "--mapping", "mapping.yaml", "--format", "json").json
        assert (again["unchanged"], again["revision"]) == (3, None)

    def test_refused_rows_are_told_with_their_line_and_fail_the_command(self, run: Run, workspace: Path) -> None:
        (workspace / "others.csv").write_text("key,title\na,One\n,Two\n")
        (workspace / "plain.yaml").write_text("key: key\nfields: {title: title}\n")
        ran = run("import", "others.csv", "--dataset", "others", "--mapping", "plain.yaml")
        assert ran.status == 1
        assert "others.csv:3:" in ran.err

    def test_what_strict_kept_out_is_told(self, run: Run, workspace: Path) -> None:
        (workspace / "others.csv").write_text("key,title\na,One\n,Two\n")
        (workspace / "plain.yaml").write_text("key: key\nfields: {title: title}\n")
        ran = run("import", "others.csv", "--dataset", "others", "--mapping", "plain.yaml", "--strict")
        assert ran.status == 1
        assert "nothing was imported: 1 refused, and --strict asks that none is" in ran.out

    def test_a_file_that_is_not_there_is_a_mistake(self, run: Run, workspace: Path) -> None:
        ran = run("import", "missing.csv", "--dataset", "songs")
        assert ran.status == 2
        assert "missing.csv" in ran.err
        assert "Traceback" not in ran.err


class TestImportOfAFolder:
    @pytest.fixture
    def music(self, workspace: Path) -> Path:
        for path in ("train/a.wav", "test/b.wav"):
            file = workspace / "music" / path
            file.parent.mkdir(parents=True)
            with wave.open(str(file), "wb") as sound:
                sound.setparams((1, 2, 8000, 0, "NONE", ""))
                sound.writeframes(bytes(16000))
        return workspace / "music"

    def test_brings_its_files_as_tracks(self, run: Run, music: Path) -> None:
        told = run("import", "music", "--dataset", "heard", "--split-from-folders", "--format", "json")
        assert (told.status, told.json["added"], told.json["audio_root"]) == (0, 2, str(music))
        assert run("export", "manifest", "--dataset", "heard").out.count("\n") == 3

    def test_tells_what_is_amiss_and_imports_it_nevertheless(self, run: Run, music: Path) -> None:
        (music / "c.mp3").touch()
        ran = run("import", "music", "--dataset", "heard")
        assert ran.status == 0
        assert "warning: c.mp3: is empty" in ran.err

    def test_refuses_rows_of_a_sidecar_without_a_file(self, run: Run, music: Path) -> None:
        (music.parent / "side.csv").write_text("path,title\ntrain/a.wav,A\nnone.wav,N\n", encoding="utf-8")
        ran = run("import", "music", "--dataset", "heard", "--sidecar", "side.csv")
        assert ran.status == 1
        assert "side.csv:3: there is no file" in ran.err
        assert "key: path" in ran.out

    def test_says_that_the_settings_win(self, run: Run, music: Path) -> None:
        with (music.parent / "cratecheck.toml").open("a", encoding="utf-8") as settings:
            settings.write('\n[audio]\nheard = "elsewhere"\n')
        text = (music.parent / "cratecheck.toml").read_text(encoding="utf-8")
        (music.parent / "cratecheck.toml").write_text(text.replace("[audio]\n#", "#", 1), encoding="utf-8")
        ran = run("import", "music", "--dataset", "heard")
        assert ran.status == 0
        assert "elsewhere, and that wins" in ran.err

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("music", "tracks.csv"), "is a folder, and others are not"),
            (("music", "policies"), "several folders"),
            (("policies",), "no audio in the folder"),
            (("tracks.csv", "--sidecar", "mapping.yaml"), "--sidecar goes with a folder"),
            (("tracks.csv", "--split-from-folders"), "--split-from-folders goes with a folder"),
            (("music", "--path-column", "file"), "--path-column goes with --sidecar"),
            (("music", "--audio-root", "music"), "--audio-root goes with tables"),
            (("tracks.csv", "--audio-root", "nowhere"), "there is no such folder"),
            (("s3://bucket/x",), "cratecheck[s3]"),
        ],
    )
    def test_goes_with_what_belongs_to_it(
        self, run: Run, music: Path, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "s3fs", None)
        ran = run("import", *words, "--dataset", "heard")
        assert ran.status == 2
        assert said in ran.err


class TestPolicy:
    def test_a_misspelt_key_is_told_with_its_place_and_the_word_that_was_meant(self, run: Run, workspace: Path) -> None:
        policy = workspace / "policies" / "release.yaml"
        policy.write_text(policy.read_text().replace("severity:", "severty:"), encoding="utf-8")
        ran = run("policy", "check")
        assert ran.status == 2
        assert "release.yaml:15:5" in ran.err
        assert 'Did you mean "severity"?' in ran.err

    def test_it_is_explained_in_english(self, run: Run, workspace: Path) -> None:
        assert "must state its licence" in run("policy", "explain").out

    def test_an_audit_applies_the_text_that_is_in_force_and_not_the_edited_file(
        self, run: Run, workspace: Path
    ) -> None:
        policy = workspace / "policies" / "release.yaml"
        policy.write_text(policy.read_text().replace("critical", "low"), encoding="utf-8")
        assert run("audit", "--format", "json").json["open_by_severity"]["critical"] == 1

    def test_a_retired_policy_supersedes_its_violations(self, run: Run, workspace: Path) -> None:
        run("audit")
        take_out(workspace)
        run("audit")
        assert len(run("violations", "list", "--state", "superseded", "--format", "json").json) == 1


class TestWorkspace:
    def test_init_keeps_what_is_there(self, run: Run, workspace: Path) -> None:
        before = (workspace / "policies" / "release.yaml").read_text()
        assert run("init").status == 0
        assert (workspace / "policies" / "release.yaml").read_text() == before

    @pytest.mark.parametrize("folder", ["file", "file/below"])
    def test_init_where_nothing_can_be_written_is_a_mistake(self, run: Run, tmp_path: Path, folder: str) -> None:
        (tmp_path / "file").touch()
        ran = run("init", folder)
        assert ran.status == 2
        assert "no workspace can be made here" in ran.err

    def test_init_on_a_full_disk_leaves_no_half_file(self, tmp_path: Path) -> None:
        script = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); "
        script += "from bot.cli import main; main()"
        ran = subprocess.run(
            [sys.executable, "-c", script, "init", str(tmp_path / "new")], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 2
        assert "no workspace can be made here" in ran.stderr
        assert not (tmp_path / "new" / "cratecheck.toml").exists()

    def test_the_version_is_told(self, run: Run) -> None:
        ran = run("--version")
        assert (ran.status, ran.out) == (0, f"cratecheck {version('cratecheck')}\n")

    def test_a_folder_that_is_none_is_told_how_to_become_one(self, run: Run) -> None:
        ran = run("status")
        assert ran.status == 2
        assert "cratecheck init" in ran.err

    def test_a_reader_that_has_seen_enough_is_no_failure(self, run: Run, tmp_path: Path) -> None:
        run("init")
        for buffered in ((), ("-u",)):  # seen at the end, or while it is written
            script = "import sys, time; time.sleep(0.3); from bot.cli import main; main()"
            ran = subprocess.run(
                f"{shlex.join([sys.executable, *buffered, '-c', script, 'status'])} | true; echo ${{PIPESTATUS[0]}}",
                shell=True,
                executable="/bin/bash",
                capture_output=True,
                text=True,
                check=True,
            )
            assert (ran.stdout, ran.stderr) == ("0\n", "")

    def test_no_strangers_text_commands_the_terminal(self, run: Run, workspace: Path) -> None:
        escape = "\x1b]0;owned\x07"
        (workspace / "nasty.csv").write_text(f"key,title\n{escape}k,{escape}t\n,x\n", encoding="utf-8")
        (workspace / "plain.yaml").write_text("key: key\nfields: {title: title}\n", encoding="utf-8")
        ran = [run("import", "nasty.csv", "--dataset", "nasty", "--mapping", "plain.yaml")]
        run("audit")
        key = next(
            row["key"] for row in run("violations", "list", "--format", "json").json if row["dataset"] == "nasty"
        )
        ran += [run("decide", "approve", key, "--reason", "fine"), run("status")]
        for each in ran:
            assert not set("\x1b\x07") & set(each.out + each.err)

    def test_a_desk_whose_port_is_taken_is_a_mistake_that_is_seen_at_once(self, run: Run) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            ran = run("demo", "--no-browser", "--port", str(taken.getsockname()[1]))
        assert ran.status == 2
        assert "Set --port" in ran.err
        assert "imported" not in ran.err

    def test_the_starter_policy_has_no_mistakes(self, run: Run) -> None:
        run("init")
        assert run("policy", "check").status == 0

    def test_serving_without_a_token_says_what_to_set(self, run: Run, workspace: Path) -> None:
        ran = run("serve")
        assert ran.status == 2
        assert "SLACK_BOT_TOKEN" in ran.err

    def test_the_desk_shows_no_workspace_of_ones_own(self, run: Run, workspace: Path) -> None:
        ran = run("serve", "--desk", "--no-browser")
        assert ran.status == 2
        assert "no demo" in ran.err

    def test_a_digest_tells_of_a_policy(self, run: Run, workspace: Path) -> None:
        run("audit")
        assert "1 opened" in run("digest", "release").out
