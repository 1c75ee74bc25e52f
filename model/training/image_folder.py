"""What a folder or a zip of images means: which files are images, of which class and attributes.

Four layouts are known; the first that fits is taken:

1. ``labels.jsonl`` beside the images (schema in ``image_labels``);
2. CelebA: ``list_attr_celeba.txt`` beside the images, or beside ``img_align_celeba``;
3. two or more subfolders that hold all images: each subfolder is a class, named after it. Classes
   whose names are all numbers are in numeric order, others in alphabetical order;
4. anything else: images without labels.

A wrapper folder that alone holds everything, as in many zips, is looked through.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from model.training.dataset_error import DatasetError
from model.training.dataset_record import RECORD_NAME, DatasetRecord, parse_record
from model.training.image_labels import (
    CELEBA_NAMES,
    LABELS_NAME,
    ImageLabels,
    parse_celeba,
    parse_labels,
)
from model.training.image_source import ImageSource, SkippedImage, UnreadableFileError

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
)
UNSUPPORTED_SUFFIXES = frozenset(
    {".avif", ".heic", ".heif", ".jxl", ".jp2", ".svg", ".psd", ".tga", ".exr", ".dng", ".cr2"}
    | {".nef", ".arw"}
)
CELEBA_FOLDER = "img_align_celeba"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImageFolder:
    """The images of a source in the order of their rows, with their labels.

    Attributes:
        names: Names inside the source, sorted.
        record: Name, licence and credit.
        labels: Class index of each image, int64 (n,), or ``None``.
        class_names: Names of the classes.
        attributes: Attribute columns, uint8 (n, k) of 0 and 1, or ``None``.
        attribute_names: Names of the columns.
        skipped: Files that were meant to be images and will not be read.
        is_celeba: The images are CelebA's, which have a crop of their own.
    """

    names: tuple[str, ...]
    record: DatasetRecord
    labels: npt.NDArray[np.int64] | None = None
    class_names: tuple[str, ...] = ()
    attributes: npt.NDArray[np.uint8] | None = None
    attribute_names: tuple[str, ...] = ()
    skipped: tuple[SkippedImage, ...] = field(default=())
    is_celeba: bool = False


def read_folder(source: ImageSource) -> ImageFolder:
    """List the images of a source and read their labels; no image is opened.

    Raises:
        DatasetError: There is no image, or the labels are wrong.
    """
    root = _find_root(source.names)
    skipped = list(source.skipped)
    names = _list_images(source.names, skipped)
    if not names:
        raise DatasetError(_describe_nothing(source, skipped))
    record = _read_record(source, root)
    if root + LABELS_NAME in source.names:
        labels = parse_labels(_read_text(source, root + LABELS_NAME))
        return _match_labels(names, root, labels, record, skipped)
    celeba = _read_celeba(source, root)
    if celeba is not None:
        return _match_celeba(names, celeba, record, skipped)
    return _group_by_folder(names, root, record, skipped)


def _find_root(names: Sequence[str]) -> str:
    """Return the prefix, empty or ending in a slash, of the folder that holds everything."""
    root = ""
    while True:
        tops = {name[len(root) :].partition("/")[0] for name in names}
        if len(tops) != 1:
            return root
        top = root + tops.pop()
        if not all(name.startswith(top + "/") for name in names):
            return root
        root = top + "/"


def _list_images(names: Sequence[str], skipped: list[SkippedImage]) -> list[str]:
    images = []
    for name in names:
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in IMAGE_SUFFIXES:
            images.append(name)
        elif suffix in UNSUPPORTED_SUFFIXES:
            skipped.append(SkippedImage(name, f"the format {suffix} is not supported"))
    return images


def _describe_nothing(source: ImageSource, skipped: Sequence[SkippedImage]) -> str:
    looked = f"{source.path} holds no image: {len(source.names)} files were looked through for "
    looked += "names ending in .png, .jpg, .webp, .bmp, .gif, .tif or .ppm"
    if skipped:
        looked += f"; {len(skipped)} were refused, the first: {skipped[0].name} "
        looked += f"({skipped[0].reason})"
    return looked + ". Give a folder or a zip of such files, with a subfolder for each class if any"


def _read_text(source: ImageSource, name: str) -> bytes:
    try:
        return source.read(name)
    except UnreadableFileError as error:
        raise DatasetError(f"{name}: {error}") from error


def _read_record(source: ImageSource, root: str) -> DatasetRecord:
    if root + RECORD_NAME in source.names:
        return parse_record(_read_text(source, root + RECORD_NAME), source.path.stem)
    return DatasetRecord(name=source.path.resolve().stem)


def _read_celeba(source: ImageSource, root: str) -> ImageLabels | None:
    for file_name in CELEBA_NAMES:
        if root + file_name in source.names:
            return parse_celeba(_read_text(source, root + file_name), file_name)
        beside = source.path.resolve().parent / file_name
        if source.path.resolve().name.startswith(CELEBA_FOLDER) and beside.is_file():
            return parse_celeba(_read_beside(beside), file_name)
    return None


def _read_beside(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error


def _match_labels(
    images: Sequence[str],
    root: str,
    labels: ImageLabels,
    record: DatasetRecord,
    skipped: list[SkippedImage],
) -> ImageFolder:
    """Keep the images that ``labels.jsonl`` names."""
    known = set(images)
    rows = {root + name: row for row, name in enumerate(labels.names)}
    refused = {image.name for image in skipped}
    skipped += [
        SkippedImage(name, f"named in {LABELS_NAME}, but there is no such image")
        for name in rows
        if name not in known and name not in refused
    ]
    names = sorted(known & rows.keys())
    if not names:
        raise DatasetError(
            f'none of the {len(rows)} files named in {LABELS_NAME} exists; "file" must be relative '
            f"to {LABELS_NAME}, like {images[0].removeprefix(root)!r}"
        )
    if len(names) < len(images):
        log.warning("%d images are not in %s: left out", len(images) - len(names), LABELS_NAME)
    order = [rows[name] for name in names]
    indices, class_names = _index_classes(labels.labels, order)
    return ImageFolder(
        names=tuple(names),
        record=record,
        labels=indices,
        class_names=class_names,
        attributes=None if labels.attributes is None else labels.attributes[order],
        attribute_names=labels.attribute_names,
        skipped=tuple(skipped),
    )


def _index_classes(
    labels: Sequence[str | int] | None, rows: Sequence[int]
) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
    """Number the classes in their own order; only classes that an image of ``rows`` has count."""
    if labels is None:
        return None, ()
    chosen = [labels[row] for row in rows]
    classes = sorted(set(chosen), key=lambda label: (str(type(label)), label))
    index_of = {label: index for index, label in enumerate(classes)}
    indices = np.array([index_of[label] for label in chosen], dtype=np.int64)
    return indices, tuple(str(label) for label in classes)


def _match_celeba(
    images: Sequence[str],
    labels: ImageLabels,
    record: DatasetRecord,
    skipped: list[SkippedImage],
) -> ImageFolder:
    """Keep the images that CelebA's attribute list names, matched by stem."""
    rows = {stem: row for row, stem in enumerate(labels.names)}
    names = [name for name in images if PurePosixPath(name).stem in rows]
    if not names:
        raise DatasetError("the CelebA attribute list names none of the images")
    if len(names) < len(images):
        log.warning("%d images are not in CelebA's list: left out", len(images) - len(names))
    assert labels.attributes is not None
    return ImageFolder(
        names=tuple(names),
        record=record,
        attributes=labels.attributes[[rows[PurePosixPath(name).stem] for name in names]],
        attribute_names=labels.attribute_names,
        skipped=tuple(skipped),
        is_celeba=True,
    )


def _group_by_folder(
    images: Sequence[str], root: str, record: DatasetRecord, skipped: list[SkippedImage]
) -> ImageFolder:
    """Take the first folder of each name as its class, if every image is in one of several."""
    tops = [name[len(root) :].rpartition("/")[0].partition("/")[0] for name in images]
    classes = sorted(set(tops))
    if len(classes) < 2 or "" in classes:
        if len(classes) > 1:
            log.warning("images lie beside subfolders, so the subfolders are not taken as classes")
        return ImageFolder(names=tuple(images), record=record, skipped=tuple(skipped))
    if all(name.isascii() and name.isdecimal() for name in classes):
        classes.sort(key=int)
    index_of = {name: index for index, name in enumerate(classes)}
    return ImageFolder(
        names=tuple(images),
        record=record,
        labels=np.array([index_of[top] for top in tops], dtype=np.int64),
        class_names=tuple(classes),
        skipped=tuple(skipped),
    )
