"""How the command refuses to start; tests/app/test_process.py starts it."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.__main__ import main

Exit = Callable[..., object]


@pytest.fixture
def exit_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Exit]:
    """Return what runs the command with arguments and tells how it exits."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def run(*arguments: str) -> object:
        monkeypatch.setattr(sys, "argv", ["app", *arguments])
        with pytest.raises(SystemExit) as done:
            main()
        return done.value.code

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_help_teaches(
    exit_of: Exit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GANLOOM_MAX_IMAGES", "many")  # help needs no settings
    assert exit_of("--help") == 0
    text = capsys.readouterr().out
    for taught in ("--weights", "curl", "GANLOOM_DEADLINE_S", "/docs"):
        assert taught in text


def test_a_wrong_variable_is_named(exit_of: Exit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLOOM_MAX_IMAGES", "many")
    assert str(exit_of()).startswith("ganloom: GANLOOM_MAX_IMAGES: ")


def test_a_misspelt_variable_is_warned_of(
    exit_of: Exit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setenv("GANLOOM_MAX_IMAGE", "8")
    exit_of("--port", "0", "--weights", str(tmp_path))
    told = "GANLOOM_MAX_IMAGE is no setting, so it is ignored; GANLOOM_MAX_IMAGES is one"
    assert told in caplog.messages


def test_a_port_in_use_is_told_before_the_weights_are_read(exit_of: Exit, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = str(exit_of("--port", port, "--weights", str(tmp_path)))
    assert told.startswith(f"ganloom: cannot listen on 127.0.0.1 port {port}: ")


def test_a_host_that_is_not_ours_is_told(exit_of: Exit) -> None:
    assert "cannot listen on 192.0.2.1" in str(exit_of("--host", "192.0.2.1", "--port", "0"))


@pytest.mark.parametrize("port", ["-1", "65536", "x", ""])
def test_a_port_that_is_none_is_refused(
    exit_of: Exit, port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_of(f"--port={port}") == 2
    assert "from 0 to 65535" in capsys.readouterr().err


def test_an_empty_folder_is_told(exit_of: Exit, tmp_path: Path) -> None:
    told = str(exit_of("--port", "0", "--weights", str(tmp_path)))
    assert told.startswith("ganloom: there is no *.safetensors in ")


def test_a_host_that_is_no_name_is_told(exit_of: Exit, tmp_path: Path) -> None:
    told = str(exit_of("--host", "a" * 64, "--weights", str(tmp_path)))
    assert told.endswith("is not a host name")
