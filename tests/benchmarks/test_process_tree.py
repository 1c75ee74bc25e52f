from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.process_tree import kill_all, process_tree, resident_bytes

# A parent that leaves an orphan in a session of its own and says its number.
_PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE,
                         start_new_session=True)
print(child.pid, flush=True)
input()
"""


def start(mark: str) -> tuple[subprocess.Popen[str], int]:
    key, _, value = mark.partition("=")
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, key: value},
        start_new_session=True,
    )
    assert parent.stdout is not None
    return parent, int(parent.stdout.readline())


def test_a_child_in_another_session_belongs_to_the_tree_and_dies_with_it() -> None:
    parent, child = start("TREE_TEST=first")
    with parent:
        known = process_tree(parent.pid)
        assert {process.pid for process in known} == {parent.pid, child}
        assert resident_bytes(parent.pid) > 2**20
        assert kill_all(known, parent.pid, "TREE_TEST=first") == []
    assert not {child, parent.pid} & {process.pid for process in process_tree(os.getpid())}


def test_an_orphan_is_found_by_its_mark() -> None:
    mark = "TREE_TEST=second"
    parent, child = start(mark)
    with parent:
        parent.kill()
        parent.wait()
        assert child in {process.pid for process in process_tree(parent.pid, mark)}
        assert kill_all([], parent.pid, mark) == []
