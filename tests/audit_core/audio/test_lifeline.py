"""Processes that hear end with the scan that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support import faults
from tests.support.sound import tone, write

CREW = """
import sys
from pathlib import Path

from audit_core.audio.crew import Crew
from audit_core.audio.worker import Task
from tests.support import faults

folder = Path(sys.argv[1])
wanted = {"hear": "1", "loudest": "1"}
crew = Crew(jobs=1, features=folder / "features", registry=faults.faulty, wanted=wanted, timeout_s=300)
crew.add(Task(1, str(folder), "hangs.wav"))
while True:
    list(crew.heard(0.1))
    for worker in crew._workers:
        if worker.claimed:
            print(worker.process.pid, flush=True)
            sys.stdin.read()
"""


def test_a_process_that_hangs_on_a_file_ends_with_the_scan_that_is_killed(tmp_path: Path) -> None:
    write(tmp_path / "hangs.wav", tone(440, 0.3, 8000, level=faults.HANGS), 8000)
    arguments = [sys.executable, "-c", CREW, str(tmp_path)]
    here = Path(__file__).parents[3]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=here) as crew:
        assert crew.stdout is not None
        worker = int(crew.stdout.readline())
        os.kill(worker, 0)
        crew.send_signal(signal.SIGKILL)
        crew.wait()
    deadline = time.monotonic() + 10
    while _runs(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(worker)


def _runs(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"
