"""Claims on the folder for the Hugging Face Hub: its card is one that the Hub's library reads."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard
from huggingface_hub.repocard import metadata_load

from model.__main__ import main
from model.checkpoint import Checkpoint, read_checkpoint
from model.hub_folder import model_card
from model.provenance import Provenance


def header_and_text(checkpoint: Checkpoint, **facts: object) -> tuple[dict[str, Any], str]:
    provenance = dataclasses.replace(checkpoint.provenance, **facts)  # type: ignore[arg-type]
    text = model_card(dataclasses.replace(checkpoint, provenance=provenance), "me/cats")
    card = ModelCard(text, ignore_metadata_errors=False)
    return dict(vars(card.data)), card.text


def test_the_folder_holds_the_checkpoint_a_card_and_samples(
    class_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "hub"
    assert main(["hub", str(class_file), str(folder), "--name", "me/pets"]) == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "model.safetensors",
        "samples.png",
    ]
    assert (folder / "model.safetensors").read_bytes() == class_file.read_bytes()
    assert read_checkpoint(folder / "model.safetensors").class_names == ("cat", "dog", "owl")
    metadata = metadata_load(folder / "README.md")
    assert metadata is not None
    assert metadata["library_name"] == "ganloom"
    card = ModelCard.load(folder / "README.md", ignore_metadata_errors=False)
    assert card.data.pipeline_tag == "unconditional-image-generation"
    assert "![" in card.text
    assert "samples.png" in card.text
    assert f"hf upload me/pets {folder}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("licence", "found", "name"),
    [
        ("MIT", "mit", None),
        ("CC BY-SA 4.0", "cc-by-sa-4.0", None),
        ("CC0-1.0", "cc0-1.0", None),
        ("unknown", "unknown", None),
        ("", "unknown", None),
        ("Our own terms, 2024", "other", "our-own-terms-2024"),
    ],
)
def test_a_licence_is_written_as_the_hub_names_it(
    licence: str, found: str, name: str | None, plain_checkpoint: Checkpoint
) -> None:
    header, _ = header_and_text(plain_checkpoint, licence=licence)
    assert header["license"] == found
    assert header["license_name"] == name


def test_nothing_in_a_checkpoint_breaks_out_of_the_card(plain_checkpoint: Checkpoint) -> None:
    hostile = 'x"\n---\nlicense: mit | <script>alert(1)</script> [a](javascript:b) `'
    header, text = header_and_text(
        plain_checkpoint, licence=hostile, credit=hostile, dataset=hostile
    )
    assert header["license"] == "other"
    assert header.keys() == header_and_text(plain_checkpoint, licence="x")[0].keys()
    assert "<script" not in text
    assert "](javascript" not in text
    assert "\n---\n" not in text


@pytest.mark.parametrize("name", ["", "a/b/c", "../x", "a b", "-x", "a--b", "a..b", "x\n"])
def test_a_name_that_the_hub_would_not_take_is_refused(
    name: str, plain_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["hub", str(plain_file), str(tmp_path / "hub"), f"--name={name}"]) == 1
    assert "--name is OWNER/NAME" in capsys.readouterr().err
    assert not (tmp_path / "hub").exists()


def test_a_card_needs_no_provenance(plain_checkpoint: Checkpoint) -> None:
    empty = dataclasses.replace(plain_checkpoint, provenance=Provenance())
    assert "| trained on | unknown |" in model_card(empty, "cats")
