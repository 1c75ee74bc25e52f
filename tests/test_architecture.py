"""Claims on who may import whom, and on imports that have no effect."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


def run_python(code: str, **variables: str) -> Any:
    """Run code in a fresh interpreter at the root; return what it prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# All modules are imported, dropped and imported once more, now under watch: the libraries are
# there already, so whatever happens is ours.
_WATCH = """
import importlib, json, os, pkgutil, random, sys, threading
import numpy, torch

def import_all(*packages):
    names = []
    for package in packages:
        for found in pkgutil.walk_packages([package], package + "."):
            importlib.import_module(found.name)
            names.append(found.name)
    return names

import_all("model")
after_model = list(sys.modules)
import_all("app")
for name in [n for n in sys.modules if n.split(".")[0] in ("app", "model")]:
    del sys.modules[name]

read, events = [], []

class Watched(dict):
    def __getitem__(self, key):
        read.append(key)
        return super().__getitem__(key)
    def get(self, key, default=None):
        read.append(key)
        return super().get(key, default)
    def __contains__(self, key):
        read.append(key)
        return super().__contains__(key)

def watch(event, arguments):
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if writes or event.split(".")[0] in ("socket", "subprocess", "shutil", "tempfile") or event in (
        "os.mkdir", "os.remove", "os.rename", "os.system", "os.fork"
    ):
        events.append([event, [str(argument) for argument in arguments]])

def world():
    return {
        "threads": threading.active_count(),
        "torch threads": torch.get_num_threads(),
        "torch random": torch.get_rng_state().tolist(),
        "torch default": str(torch.get_default_dtype()),
        "tf32": [torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.benchmark],
        "numpy random": str(numpy.random.get_state(legacy=False)),
        "python random": hash(random.getstate()),
        "folder": os.getcwd(),
        "signals": [str(__import__("signal").getsignal(n)) for n in (2, 15)],
        "logging": len(__import__("logging").getLogger().handlers),
    }

class WatchedThread(threading.Thread):
    def start(self):
        events.append(["thread", self.name])
        super().start()

environ, before = os.environ, world()
threading.Thread = WatchedThread
os.environ = Watched(environ)
sys.addaudithook(watch)
names = import_all("app", "model")
found = list(events)
os.environ = environ
changed = [key for key, value in world().items() if value != before[key]]
print(json.dumps({
    "modules": names,
    "after model": after_model,
    "read": read,
    "events": found,
    "changed": changed,
}))
"""


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    # A setting that is read at import would fail on these values at once.
    wrong = {"GANLOOM_LANES": "many", "GANLOOM_WEIGHTS": "", "GANLOOM_CACHE": "/dev/null/x"}
    found: dict[str, Any] = run_python(_WATCH, **wrong)
    return found


def test_the_service_and_sample_import_nothing_of_training() -> None:
    # torch takes tqdm where it finds it, so absence is not asked for but made.
    absent = ["tensorboard", "torch.utils.tensorboard", "tqdm", "mlxtend", "resvg_py", "dicebear"]
    modules = set(
        run_python(
            "import json, sys\n"
            f"sys.modules.update(dict.fromkeys({absent}))\n"
            "import app.main, app.__main__, model.__main__, model.sampling\n"
            "print(json.dumps(list(sys.modules)))"
        )
    )
    assert {"app.main", "app.__main__", "model.inference", "torch", "fastapi"} <= modules
    assert not {name for name in modules if f"{name}.".startswith("model.training.")}


def test_training_imports_nothing_of_the_service(report: dict[str, Any]) -> None:
    assert {"model.training.trainer", "tensorboard", "tqdm"} <= set(report["after model"])
    tops = {name.split(".")[0] for name in report["after model"]}
    assert not tops & {"app", "fastapi", "starlette", "uvicorn", "pydantic_settings"}


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_import_has_an_effect(report: dict[str, Any]) -> None:
    assert {"app.main", "app.__main__", "model.__main__", "model.training.faces"} <= set(
        report["modules"]
    )
    assert report["events"] == []
    assert report["changed"] == []
    assert not [key for key in report["read"] if key.startswith("GANLOOM_")]
