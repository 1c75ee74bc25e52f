"""Labels beside images: ``labels.jsonl``, and CelebA's ``list_attr_celeba.txt``.

``labels.jsonl`` holds one JSON object a line::

    {"file": "cats/1.png", "label": "cat"}
    {"file": "000/000001.png", "attributes": {"glasses": true, "hair": "black"}}

``file`` is relative to ``labels.jsonl``, with forward slashes. ``label`` is a class name or a whole
number; numbers are classes in numeric order. ``attributes`` maps a name to true or false (or 1 or
0), which becomes a column of that name, or to a text, which becomes a column ``name:text`` for
every text that occurs. A line may have both. Every line must have a ``label`` or none may;
an attribute that a line leaves out is 0. Images that no line names are left out.

``list_attr_celeba.txt`` holds the number of images, the attribute names, then a line
``000001.jpg -1 1 ...`` for each image. Its ``.csv`` twin, which has no number line, is read too.
Files are matched by stem, so a PNG copy of CelebA finds its labels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from model.training.dataset_error import DatasetError

LABELS_NAME = "labels.jsonl"
CELEBA_NAMES = ("list_attr_celeba.txt", "list_attr_celeba.csv")
MAX_COLUMNS = 1024

Attribute = bool | str


@dataclass(frozen=True)
class ImageLabels:
    """The labels of the images that a file names.

    Attributes:
        names: Image names as the file gives them (for CelebA: stems).
        labels: One class label an image, or ``None`` when there are no classes.
        attributes: Attribute columns, uint8 (n, k) of 0 and 1, or ``None``.
        attribute_names: The k column names.
    """

    names: tuple[str, ...]
    labels: tuple[str | int, ...] | None = None
    attributes: npt.NDArray[np.uint8] | None = None
    attribute_names: tuple[str, ...] = ()


@dataclass
class _Lines:
    names: list[str] = field(default_factory=list)
    labels: list[str | int] = field(default_factory=list)
    attributes: list[Mapping[str, Attribute]] = field(default_factory=list)


def parse_labels(content: bytes) -> ImageLabels:
    """Parse the bytes of a ``labels.jsonl``.

    Raises:
        DatasetError: A line is not what the schema says; the message gives its number.
    """
    lines = _Lines()
    for number, line in enumerate(_decode(content, LABELS_NAME).split("\n"), start=1):
        if line.strip():
            try:
                _parse_line(line, lines)
            except (ValueError, RecursionError) as error:
                raise DatasetError(f"{LABELS_NAME} line {number}: {error}") from error
    if not lines.names:
        raise DatasetError(f"{LABELS_NAME} names no image")
    if len(set(lines.names)) != len(lines.names):
        raise DatasetError(f"{LABELS_NAME} names an image twice: {_first_repeated(lines.names)}")
    names = attribute_columns(lines.attributes)
    return ImageLabels(
        names=tuple(lines.names),
        labels=tuple(lines.labels) if lines.labels else None,
        attributes=_encode(lines.attributes, names) if names else None,
        attribute_names=names,
    )


def parse_celeba(content: bytes, file_name: str) -> ImageLabels:
    """Parse the bytes of CelebA's attribute list, text or CSV; 1 stays 1, -1 becomes 0.

    Raises:
        DatasetError: A line is not what the format says; the message gives its number.
    """
    lines = _decode(content, file_name).replace(",", " ").splitlines()
    header = 1 if lines and lines[0].strip().isdecimal() else 0
    attribute_names = tuple(lines[header].split()) if len(lines) > header else ()
    if file_name.endswith(".csv"):
        attribute_names = attribute_names[1:]
    if not 1 <= len(attribute_names) <= MAX_COLUMNS:
        raise DatasetError(f"{file_name} line {header + 1}: no attribute names")
    names: list[str] = []
    rows: list[list[bool]] = []
    for number, line in enumerate(lines[header + 1 :], start=header + 2):
        cells = line.split()
        if not cells:
            continue
        if len(cells) != len(attribute_names) + 1 or not set(cells[1:]) <= {"1", "-1", "0"}:
            raise DatasetError(
                f"{file_name} line {number}: expected a file name and "
                f"{len(attribute_names)} values of 1 or -1"
            )
        names.append(PurePosixPath(cells[0]).stem)
        rows.append([cell == "1" for cell in cells[1:]])
    if not names:
        raise DatasetError(f"{file_name} names no image")
    return ImageLabels(
        names=tuple(names),
        attributes=np.array(rows, dtype=np.uint8),
        attribute_names=attribute_names,
    )


def attribute_columns(attributes: Sequence[Mapping[str, Attribute]]) -> tuple[str, ...]:
    """Name the columns: by attribute in order of first appearance, its texts in sorted order."""
    texts: dict[str, set[str]] = {}
    kinds: dict[str, type] = {}
    for line in attributes:
        for key, value in line.items():
            if kinds.setdefault(key, type(value)) is not type(value):
                raise DatasetError(f"attribute {key!r} is a text in one line and not in another")
            texts.setdefault(key, set())
            if isinstance(value, str):
                texts[key].add(value)
    names = tuple(
        column
        for key, values in texts.items()
        for column in ([f"{key}:{value}" for value in sorted(values)] or [key])
    )
    if len(names) > MAX_COLUMNS:
        raise DatasetError(
            f"the attributes make {len(names)} columns, more than {MAX_COLUMNS}; "
            "a text attribute must be a category, not free text"
        )
    if len(set(names)) != len(names):
        raise DatasetError(f"two attributes make the same column: {_first_repeated(names)}")
    return names


def _parse_line(line: str, lines: _Lines) -> None:
    entry = json.loads(line)
    if not isinstance(entry, dict) or not isinstance(entry.get("file"), str):
        raise ValueError('expected an object with a text "file"')
    label = entry.get("label")
    if label is not None and (isinstance(label, bool) or not isinstance(label, str | int)):
        raise ValueError('"label" must be a class name or a whole number')
    if len(lines.labels) != (len(lines.names) if label is not None else 0):
        raise ValueError('every line must have a "label", or none may')
    if label is not None:
        if lines.labels and type(label) is not type(lines.labels[0]):
            raise ValueError('"label" must be a number in every line or a name in every line')
        lines.labels.append(label)
    attributes = entry.get("attributes", {})
    if not isinstance(attributes, dict):
        raise ValueError('"attributes" must be an object')
    lines.attributes.append({key: _parse_value(key, value) for key, value in attributes.items()})
    lines.names.append(str(PurePosixPath(entry["file"])))


def _parse_value(key: str, value: object) -> Attribute:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise ValueError(f"attribute {key!r} must be true, false or a text")


def _encode(
    attributes: Sequence[Mapping[str, Attribute]], names: Sequence[str]
) -> npt.NDArray[np.uint8]:
    column = {name: index for index, name in enumerate(names)}
    encoded = np.zeros((len(attributes), len(names)), dtype=np.uint8)
    for row, line in enumerate(attributes):
        for key, value in line.items():
            if isinstance(value, str):
                encoded[row, column[f"{key}:{value}"]] = 1
            elif value:
                encoded[row, column[key]] = 1
    return encoded


def _decode(content: bytes, file_name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file_name} is not UTF-8 text: {error.reason}") from error


def _first_repeated(names: Sequence[str]) -> str:
    seen: set[str] = set()
    return next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
