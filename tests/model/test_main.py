"""Claims on the command line as such: help, usage, and errors in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from model import sampling
from model.__main__ import main
from model.preset_lines import PRESET_LINES

COMMANDS = [
    *("dataset", "train", "presets", "resume", "export", "sample"),
    *("import", "onnx", "hub"),
]


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_is_shown(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([*command, "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: python -m model")
    if not command:
        assert all(name in shown for name in COMMANDS)


def test_help_of_train_teaches_the_presets(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    shown = capsys.readouterr().out
    for name, line in PRESET_LINES.items():
        assert f"{name} " in shown
        assert line in shown


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["paint"],
        ["train"],
        ["train", "--data", "d", "--out", "o", "--preset", "biggan"],
        ["train", "--data", "d", "--out", "o", "--channels", "5"],
        ["train", "--data", "d", "--out", "o", "--minutes", "1", "--images", "1"],
        ["train", "--data", "d", "--out", "o", "--seed", "x"],
        ["dataset", "cats", "out"],
        ["export", "run"],
        ["import", "netG.pth"],
        ["import", "netG.pth", "--out", "o", "--output-range", "relu"],
        ["hub", "x.safetensors", "folder"],
    ],
)
def test_wrong_usage_is_told_with_the_usage_and_exit_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    shown = capsys.readouterr().err
    assert shown.startswith("usage: python -m model")
    assert "error: " in shown.splitlines()[-1]


def raising(error: BaseException) -> Callable[[object], None]:
    def run(_arguments: object) -> None:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("no such class"), "error: no such class\n"),
        (OSError(28, "No space left on device"), "error: [Errno 28] No space left on device\n"),
        (RuntimeError("out of memory"), "error: out of memory\n"),
        (
            ModuleNotFoundError("No module named 'tqdm.auto'", name="tqdm.auto"),
            f"error: this command needs tqdm.auto, which {sys.executable} has not: in ganloom's "
            "folder, .venv/bin/pip install -c constraints.txt -e '.[training]'\n",
        ),
        (
            ModuleNotFoundError("No module named 'onnxscript'", name="onnxscript"),
            f"error: this command needs onnxscript, which {sys.executable} has not: in ganloom's "
            "folder, .venv/bin/pip install -c constraints.txt -e '.[onnx]'\n",
        ),
    ],
)
def test_an_error_that_a_user_can_mend_is_one_line_and_exit_1(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    line: str,
) -> None:
    monkeypatch.setattr(sampling, "run_sample", raising(error))
    assert main(["sample", "x.safetensors"]) == 1
    assert capsys.readouterr().err == line


def test_an_interrupt_is_exit_130(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "run_sample", raising(KeyboardInterrupt()))
    assert main(["sample", "x.safetensors"]) == 130


@pytest.mark.parametrize(
    "error", [TypeError("a bug"), ModuleNotFoundError("No module named 'model.x'", name="model.x")]
)
def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(sampling, "run_sample", raising(error))
    with pytest.raises(type(error)):
        main(["sample", "x.safetensors"])
