"""A folder for the Hugging Face Hub: the checkpoint, and a card that people and tools read."""

from __future__ import annotations

import argparse
import json
import re
import shutil
from pathlib import Path

from model.checkpoint import Checkpoint, read_checkpoint
from model.contact_sheet import contact_sheet
from model.latents import sample_latents
from model.png import encode_png
from model.sampling import render_latents

WEIGHTS_FILE = "model.safetensors"
SHEET_FILE = "samples.png"
_SHEET_SEEDS = range(64)
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,95}/)?[A-Za-z0-9][A-Za-z0-9._-]{0,95}")

# The Hub knows licences by these names; any other is "other", with its own name beside it.
_LICENCES = (
    *("mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "gpl-3.0", "lgpl-3.0", "agpl-3.0"),
    *("cc0-1.0", "cc-by-4.0", "cc-by-3.0", "cc-by-sa-4.0", "cc-by-sa-3.0", "cc-by-nc-4.0"),
    *("cc-by-nc-sa-4.0", "openrail", "unlicense", "wtfpl"),
)


def run_hub(arguments: argparse.Namespace) -> None:
    """Write the folder for `arguments.checkpoint`, and say how to upload it."""
    write_hub_folder(arguments.checkpoint, arguments.out, arguments.name)
    print(
        f"{arguments.out}: {WEIGHTS_FILE}, README.md, {SHEET_FILE}; read the card before you go on"
    )
    print(f"upload it:  hf upload {arguments.name} {arguments.out}")
    print(f"(huggingface_hub before 1.0:  huggingface-cli upload {arguments.name} {arguments.out})")


def write_hub_folder(file: Path, folder: Path, name: str) -> None:
    """Copy a checkpoint into `folder`, with a model card and a sheet of 64 samples.

    ValueError if `name` is none that the Hub takes: NAME or OWNER/NAME.
    """
    if not _NAME.fullmatch(name) or ".." in name or "--" in name:
        raise ValueError(f"--name is OWNER/NAME, of letters, digits, '.', '_', '-', not {name!r}")
    checkpoint = read_checkpoint(file)
    pixels = render_latents(checkpoint, sample_latents(checkpoint.spec, _SHEET_SEEDS))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SHEET_FILE).write_bytes(encode_png(contact_sheet(pixels)))
    (folder / "README.md").write_text(model_card(checkpoint, name), encoding="utf-8")
    shutil.copyfile(file, folder / WEIGHTS_FILE)


def model_card(checkpoint: Checkpoint, name: str) -> str:
    """Return a card: a YAML header for the Hub's tools, then text for people."""
    header = {
        **_licence_fields(checkpoint.provenance.licence),
        "library_name": "ganloom",
        "pipeline_tag": "unconditional-image-generation",
        "tags": sorted({"gan", "dcgan", "ganloom", checkpoint.spec.architecture}),
    }
    # JSON is YAML: quoted so, no value can be taken for anything else.
    yaml = "\n".join(f"{key}: {json.dumps(value)}" for key, value in header.items())
    table = "\n".join(f"| {key} | {_cell(value)} |" for key, value in _facts(checkpoint).items())
    return f"""---
{yaml}
---
# {name.rpartition("/")[2]}

![64 samples, seeds 0 to 63]({SHEET_FILE})

A generative adversarial network in ganloom's format: one safetensors file that describes itself.

| | |
| --- | --- |
{table}

```
python -m model sample {WEIGHTS_FILE} --seeds 0-63 --out sheet.png
python -m app --weights .
```
"""


def _facts(checkpoint: Checkpoint) -> dict[str, str]:
    """Return what people want to know, in the order of the card."""
    spec, provenance = checkpoint.spec, checkpoint.provenance
    height, width = spec.img_size
    return {
        "images": f"{height} x {width}, {spec.img_channels} channels",
        "architecture": spec.architecture,
        "z": f"{spec.z_dim} numbers of a standard normal distribution",
        "classes": ", ".join(checkpoint.class_names) or "none",
        "trained on": provenance.dataset or "unknown",
        "licence": provenance.licence or "unknown",
        "credit": provenance.credit or "unknown",
        "preset": provenance.preset or "unknown",
        "images seen": str(provenance.images_seen or "unknown"),
        "software": provenance.software or "unknown",
        "digest (sha256)": checkpoint.digest,
        **{f"score: {name}": f"{score:.4g}" for name, score in provenance.scores.items()},
    }


def _licence_fields(licence: str) -> dict[str, str]:
    known = re.sub(r"[\s_]+", "-", licence.strip().lower())
    if known in _LICENCES:
        return {"license": known}
    if known in ("", "unknown"):
        return {"license": "unknown"}
    return {"license": "other", "license_name": re.sub(r"[^a-z0-9.]+", "-", known).strip("-")}


def _cell(text: str) -> str:
    """Keep a value inside its cell of the table: what is in a checkpoint is only a claim."""
    plain = re.sub(r"[<>`\[\]!]", "", " ".join(text.split()))
    return plain.replace("|", "\\|")
