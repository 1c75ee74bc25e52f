"""A label that is no class is told the classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.main import create_app
from app.settings import Settings
from model.checkpoint import write_checkpoint
from model.spec import GeneratorSpec
from tests.app.conftest import make_tiny_checkpoint, running

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("count", "end"),
    [
        (2, "say shape-0, shape-1, or an index from 0 to 1"),
        (20, "shape-18, shape-19, or an index from 0 to 19"),
        (23, "shape-18, shape-19 and 3 more, or an index from 0 to 22"),
    ],
)
async def test_a_label_that_is_no_class_is_told_at_most_twenty_classes(
    settings: Settings, tmp_path: Path, count: int, end: str
) -> None:
    spec = GeneratorSpec("dcgan", 16, 1, z_dim=4, num_classes=count, base_channels=1)
    names = tuple(f"shape-{index}" for index in range(count))
    write_checkpoint(make_tiny_checkpoint(spec, names), tmp_path / "shapes.safetensors")
    async with running(create_app(settings.model_copy(update={"weights": tmp_path}))) as client:
        refused = await client.post("/generate", json={"label": "triangle"})
        by_url = await client.get("/images/7.png?label=triangle")
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("label: there is no such class; say shape-0, shape-")
    assert refused.json()["detail"].endswith(end)
    assert by_url.json() == refused.json()
