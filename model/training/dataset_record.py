"""``dataset.json``: what a data set is called, whose it is, and how it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model.training.dataset_error import DatasetError

RECORD_NAME = "dataset.json"
MAX_TEXT = 500


@dataclass(frozen=True)
class DatasetRecord:
    """What is carried from a data set into the checkpoints that were trained on it."""

    name: str
    licence: str = "unknown"
    credit: str = ""


def parse_record(content: bytes, fallback_name: str) -> DatasetRecord:
    """Read the record from the bytes of a ``dataset.json``; fields that are missing get defaults.

    Raises:
        DatasetError: The bytes are not a JSON object, or a field is not a short text.
    """
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{RECORD_NAME} is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise DatasetError(f"{RECORD_NAME} must hold a JSON object, not {type(fields).__name__}")
    texts = {"name": fallback_name, "licence": "unknown", "credit": ""}
    for key in texts:
        value = fields.get(key, texts[key])
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise DatasetError(
                f"{key!r} in {RECORD_NAME} must be a text of at most {MAX_TEXT} characters"
            )
        texts[key] = value
    return DatasetRecord(**texts)


def claim_folder(out: Path, record: Mapping[str, object]) -> None:
    """Make ``out`` the home of the data set that ``record`` describes, or refuse.

    An empty or missing folder is taken. A folder that carries an equal record is one that an
    earlier run began, and is taken too: its images are the same ones. Anything else is refused,
    since images of two recipes in one folder would be a data set that nobody can draw again.

    Raises:
        DatasetError: ``out`` holds something else, or cannot be written.
    """
    found = out / RECORD_NAME
    try:
        if found.exists():
            differing = _differing_fields(found.read_bytes(), record)
            if differing:
                raise DatasetError(
                    f"{out} already holds a data set that differs in {', '.join(differing)}; "
                    "choose another folder, or delete this one to make it anew"
                )
        elif out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise DatasetError(f"{out} is not an empty folder; choose another one")
        out.mkdir(parents=True, exist_ok=True)
        if not found.exists():
            write_record(out, record)
    except OSError as error:
        raise DatasetError(f"cannot write to {out}: {error.strerror}") from error


def write_record(out: Path, record: Mapping[str, object]) -> None:
    """Write ``dataset.json`` into ``out``, whole or not at all."""
    write_text_atomically(
        out / RECORD_NAME, json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    )


def write_text_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old or the new one and never a half."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, "utf-8")
    partial.replace(path)


def _differing_fields(content: bytes, record: Mapping[str, object]) -> list[str]:
    try:
        earlier = json.loads(content)
    except ValueError:
        return [f"{RECORD_NAME} itself"]
    if not isinstance(earlier, dict):
        return [f"{RECORD_NAME} itself"]
    earlier = {"first": 0, **earlier}  # older folders of faces name no first: it was always 0
    return [key for key, value in record.items() if earlier.get(key) != value]
