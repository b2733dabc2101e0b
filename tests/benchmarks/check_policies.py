"""What it costs to read and check a folder of policies, against what YAML alone costs.

Run by ``make bench``. The policies are of the usual size: three or four rules of all kinds, each with two examples,
about sixty lines with their comments. All is CPU time of one process; YAML alone is PyYAML's loader in C, on the same
files in the same run, in turn.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[2]))

from rules.language.reader import check_folder

HEAD = """\
# Policy {number}: what the catalogue of a label should pass before it is licensed to others.
# Each rule says where its number comes from.

cratecheck: 1
policy: catalogue-{number:04}
title: Audio of catalogue {number} that may train a generative model
owner: legal-{number}@label.example

schedule:
  run: weekdays 0{hour}:30
  digest: weekly monday 08:00
  timezone: Europe/London

mode: enforce                      # observe counts violations and posts nothing

applies_to:
  datasets: ["catalogue-{number}-*", "train-*"]
  except: ["*-sandbox"]
  where: {{split: [train, valid, test]}}

review:
  channel: "#data-audit-{number}"
  reviewers: {{group: "@data-legal"}}
  decisions: [approve, quarantine, waive]
  waiver: {{longest: 90 days, evidence: required}}
  respond_within: {{critical: 1 day, high: 3 days, medium: 10 days, low: 30 days}}

safety:
  stop_if_over: 20 % of tracks     # past this, it is one mistake and not thousands
  post_at_most: 25 messages

rules:
"""

RULES = (
    """
  - id: licence-known-{number}
    kind: field
    severity: critical
    field: licence
    must: be_present
    say: "{{track}} has no licence."
    # EU AI Act, Art. 53(1)(c): a policy to comply with copyright law needs to know the terms.
    examples:
      - {{given: {{licence: CC-BY-4.0}}, expect: pass}}
      - {{given: {{}}, expect: fail}}
""",
    """
  - id: licence-permits-{number}
    kind: licence
    severity: critical
    require: [commercial, derivatives]
    forbid: [share_alike]
    unknown: fail
    review: {{decisions: [approve, quarantine]}}
    examples:
      - {{given: {{licence: CC-BY-4.0}}, expect: pass}}
      - {{given: {{licence: CC-BY-NC-4.0}}, expect: fail}}
""",
    """
  - id: no-test-files-{number}
    kind: neighbour
    severity: critical
    of: {{split: train}}
    to: {{split: [valid, test]}}
    same: [file, recording]
    quarantine: of
    say: "{{track}} is in training and holds the same {{reason}} as {{other}}."
    examples:
      - {{given: {{of: {{split: train, recording: R1}}, to: {{split: test, recording: R1}}}}, expect: fail}}
      - {{given: {{of: {{split: train, recording: R1}}, to: {{split: test, recording: R2}}}}, expect: pass}}
""",
    """
  - id: no-artist-in-two-splits-{number}
    kind: crossing
    severity: critical
    field: artist
    quarantine: train
    say: "{{value}} lies in {{splits}}."
    examples:
      - {{given: {{tracks: [{{artist: Nina, split: train}}, {{artist: Otis, split: test}}]}}, expect: pass}}
      - {{given: {{tracks: [{{artist: Nina, split: train}}, {{artist: NINA, split: test}}]}}, expect: fail}}
""",
    """
  - id: isrc-valid-{number}
    kind: field
    severity: medium
    field: isrc
    must: {{match: "[A-Z]{{2}}[A-Z0-9]{{3}}[0-9]{{7}}"}}
    unknown: skip                  # not every recording has one
    examples:
      - {{given: {{isrc: GBAYE0601498}}, expect: pass}}
      - {{given: {{isrc: "GBAYE0601498, remastered"}}, expect: fail}}
""",
    """
  - id: no-duplicate-files-{number}
    kind: duplicate
    severity: high
    same: [file]
    group_at_most: 1
    examples:
      - {{given: {{tracks: [{{key: a, file: 1f0a}}, {{key: b, file: 1f0b}}]}}, expect: pass}}
      - {{given: {{tracks: [{{key: a, file: 1f0a}}, {{key: b, file: 1f0a}}]}}, expect: fail}}
""",
    """
  - id: no-genre-too-large-{number}
    kind: share
    severity: medium
    of: tracks
    by: genre
    at_most: 35 %
    review: {{decisions: [approve, waive]}}
    examples:
      - {{given: {{tracks: [{{genre: Jazz}}, {{genre: Rock}}, {{genre: Pop}}]}}, expect: pass}}
      - {{given: {{tracks: [{{genre: Jazz}}, {{genre: Jazz}}, {{genre: Pop}}]}}, expect: fail}}
""",
)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policies", type=int, default=2000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="say where the time goes, once, and measure nothing")
    parser.add_argument("--json", action="store_true", help="the numbers as JSON, on stdout")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cratecheck-bench-") as name:
        folder = Path(name)
        size = write(folder, asked.policies)
        check_folder([folder])  # the first warms the caches that a process keeps
        if asked.profile:
            profile(folder)
            return
        ours: list[float] = []
        alone: list[float] = []
        for _ in range(asked.repeat):
            ours.append(cpu(lambda: check_folder([folder])))
            alone.append(cpu(lambda: [yaml.load(path.read_bytes(), yaml.CSafeLoader) for path in folder.iterdir()]))
    took, of_yaml = statistics.median(ours), statistics.median(alone)
    measured = {
        "policies": asked.policies,
        "lines_each": round(size / asked.policies),
        "cpu_s": round(took, 2),
        "yaml_alone_s": round(of_yaml, 2),
        "ratio": round(took / of_yaml, 2),
        "ms_each": round(took / asked.policies * 1000, 2),
    }
    sys.stderr.write(f"{measured}\n")
    if asked.json:
        sys.stdout.write(json.dumps(measured, indent=1) + "\n")


def write(folder: Path, count: int) -> int:
    """Write policies, and say how many lines they have."""
    lines = 0
    for number in range(count):
        some = [RULES[(number + step) % len(RULES)] for step in range(3 + number % 2)]
        text = (HEAD + "".join(some)).format(number=number, hour=number % 10)
        (folder / f"catalogue-{number:04}.yaml").write_text(text, encoding="utf-8")
        lines += text.count("\n")
    return lines


def cpu(work: Callable[[], object]) -> float:
    """Say how much CPU time something takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def profile(folder: Path) -> None:
    """Say where the time goes."""
    profiler = cProfile.Profile()
    profiler.runcall(check_folder, [folder])
    pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(45)


if __name__ == "__main__":
    main()
