"""Where image files come from: a folder or a zip, listed once and read by name.

Both kinds of source give forward-slash names relative to themselves, never read more bytes than a
limit, and report what they refuse instead of failing.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import os
import stat
import threading
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from model.training.dataset_error import DatasetError

MAX_FILE_BYTES = 256 * 2**20
MAX_COMPRESSION_RATIO = 500
MIN_BOMB_BYTES = 16 * 2**20
UNIX_SYMLINK = 0o120000


@dataclass(frozen=True)
class SkippedImage:
    """An image that is not in the data set, and why."""

    name: str
    reason: str


class UnreadableFileError(Exception):
    """One file of a source cannot be read; its text is the reason, without the name."""


class FolderSource:
    """The regular files below a folder. Links are followed, but no folder is entered twice."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.skipped: list[SkippedImage] = []
        self.names = sorted(self._walk())

    def read(self, name: str) -> bytes:
        """Return a file's bytes.

        Raises:
            UnreadableFileError: The file is gone, too large, or may not be read.
        """
        try:
            with io.FileIO(f"{self.path}/{name}") as file:
                if os.fstat(file.fileno()).st_size > MAX_FILE_BYTES:
                    raise UnreadableFileError(f"larger than {MAX_FILE_BYTES} bytes")
                return file.read()
        except OSError as error:
            raise UnreadableFileError(f"cannot be read: {error.strerror}") from error

    def fingerprint(self, name: str) -> bytes:
        """Return a digest of a file's bytes, or of the reason that it has none."""
        try:
            return hashlib.blake2b(self.read(name), digest_size=16).digest()
        except UnreadableFileError as error:
            return str(error).encode()

    def close(self) -> None:
        """Do nothing; a folder holds nothing open."""

    def _walk(self) -> Iterator[str]:
        seen: set[tuple[int, int]] = set()
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                status = (self.path / folder).stat()
                entries = sorted(os.listdir(self.path / folder))  # noqa: PTH208 (names, not paths)
            except OSError as error:
                self._skip(folder, f"folder cannot be read: {error.strerror}")
                continue
            if (status.st_dev, status.st_ino) in seen:
                self._skip(folder, "a link to a folder that is read already")
                continue
            seen.add((status.st_dev, status.st_ino))
            for entry in entries:
                name = f"{folder}/{entry}" if folder else entry
                mode = 0 if is_hidden(name) else self._file_mode(name)
                if stat.S_ISDIR(mode):
                    waiting.append(name)
                elif stat.S_ISREG(mode):
                    yield name

    def _file_mode(self, name: str) -> int:
        """Return the kind of a file or folder; 0, with a note, for what must not be opened."""
        try:
            mode = os.stat(f"{self.path}/{name}").st_mode  # noqa: PTH116 (half the time)
        except OSError as error:
            self._skip(name, f"cannot be read: {error.strerror}")
            return 0
        if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
            # A named pipe or a device would block or never end.
            self._skip(name, "not a regular file")
            return 0
        return mode

    def _skip(self, name: str, reason: str) -> None:
        self.skipped.append(SkippedImage(name, reason))


class ZipSource:
    """The files of a zip. Nothing is extracted to disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.skipped: list[SkippedImage] = []
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
            raise DatasetError(f"{path} is not a readable zip: {error}") from error
        self._entries: dict[str, zipfile.ZipInfo] = {}
        # One file object is shared by all readers, so they take turns.
        self._lock = threading.Lock()
        for entry in self._archive.infolist():
            self._add(entry)
        self.names = sorted(self._entries)

    def read(self, name: str) -> bytes:
        """Return a file's bytes.

        Raises:
            UnreadableFileError: The file is damaged, encrypted, or larger than it claims.
        """
        try:
            with self._lock, self._archive.open(self._entries[name]) as file:
                content = file.read(MAX_FILE_BYTES + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            lzma.LZMAError,
            NotImplementedError,
            RuntimeError,
            OSError,
            EOFError,
            ValueError,
        ) as error:
            raise UnreadableFileError(f"damaged in the zip: {error}") from error
        if len(content) > MAX_FILE_BYTES:
            raise UnreadableFileError(f"larger than {MAX_FILE_BYTES} bytes")
        return content

    def fingerprint(self, name: str) -> bytes:
        """Return the checksum and sizes that the zip keeps of a file; reading verifies them."""
        entry = self._entries[name]
        return b"%d %d %d" % (entry.CRC, entry.file_size, entry.compress_size)

    def close(self) -> None:
        """Close the zip."""
        self._archive.close()

    def _add(self, entry: zipfile.ZipInfo) -> None:
        if entry.is_dir():
            return
        name = entry.filename.removeprefix("./")
        if is_hidden(name):
            return
        reason = self._refusal(entry, name)
        if reason is None:
            self._entries[name] = entry
        else:
            self.skipped.append(SkippedImage(name, reason))

    def _refusal(self, entry: zipfile.ZipInfo, name: str) -> str | None:
        ratio = entry.file_size / max(entry.compress_size, 1)
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            return "unsafe name in the zip"
        if name in self._entries:
            return "a second file of that name in the zip"
        if entry.flag_bits & 0x1:
            return "encrypted"
        if (entry.external_attr >> 16) & 0o170000 == UNIX_SYMLINK:
            return "a symbolic link in the zip"
        if entry.file_size > MAX_FILE_BYTES:
            return f"larger than {MAX_FILE_BYTES} bytes"
        if ratio > MAX_COMPRESSION_RATIO and entry.file_size > MIN_BOMB_BYTES:
            return f"a zip bomb: {entry.file_size} bytes from {entry.compress_size}"
        return None


ImageSource = FolderSource | ZipSource


def open_source(path: Path) -> ImageSource:
    """Open a folder or a zip of images.

    Raises:
        DatasetError: The path does not exist, or is neither.
    """
    if path.is_dir():
        return FolderSource(path)
    if not path.exists():
        raise DatasetError(f"{path} does not exist; give a folder or a zip of images")
    if path.is_file():
        return ZipSource(path)
    raise DatasetError(f"{path} is neither a folder nor a zip of images")


def is_hidden(name: str) -> bool:
    """Tell whether a name belongs to the system rather than to the data set."""
    return any(
        part == "__MACOSX" or (part.startswith(".") and part not in (".", ".."))
        for part in name.split("/")
    )
