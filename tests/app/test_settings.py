from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings, misspelt_settings


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLOOM_WEIGHTS", "elsewhere")
    monkeypatch.setenv("GANLOOM_MAX_IMAGES", "16")
    monkeypatch.setenv("GANLOOM_PORT", "9000")  # the compose file's own
    assert Settings().weights == Path("elsewhere")
    assert Settings().max_images == 16


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[
            ("lanes", "0"),
            ("lanes", "x"),
            ("lanes", "1025"),
            ("precision", "int4"),
            ("deadline_s", "0"),
            ("deadline_s", "nan"),
        ],
        *[("max_images", "0"), ("queue_capacity", "0"), ("max_latent_magnitude", "inf")],
        *[("avatar_key", "k" * 65), ("avatar_key", "é" * 33)],
    ],
)
def test_a_setting_that_cannot_be_served_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"GANLOOM_{name.upper()}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().max_images = 7


def test_the_avatar_key_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLOOM_AVATAR_KEY", "k" * 64)
    assert "kkk" not in repr(Settings())


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GANLOOM_MAX_IMAGE", "GANLOOM_MAX_IMAGES"),
        ("GANLOOM_DEADLINES_S", "GANLOOM_DEADLINE_S"),
        ("GANLOOM_QEUE_CAPACITY", "GANLOOM_QUEUE_CAPACITY"),
        ("GANLOOM_WEIGHT", "GANLOOM_WEIGHTS"),
    ],
)
def test_a_misspelt_setting_is_told_with_the_one_that_was_meant(name: str, meant: str) -> None:
    assert misspelt_settings([name]) == {name: meant}


@pytest.mark.parametrize(
    "name",
    [
        *["GANLOOM_MAX_IMAGES", "GANLOOM_PORT", "GANLOOM_BIND", "GANLOOM_CACHE", "MAX_IMAGE"],
        *["GANLOOM_SERVICE_HOST", "GANLOOM_PORT_8000_TCP_ADDR", "GANLOOM_GRAFANA_PORT"],
    ],
)
def test_variables_that_are_others_are_let_be(name: str) -> None:
    assert misspelt_settings([name]) == {}
