"""Claims on listing and reading the files of folders and zips."""

import os
import struct
import zipfile
from pathlib import Path

import pytest

from model.training import image_source
from model.training.dataset_error import DatasetError
from model.training.image_source import (
    MAX_FILE_BYTES,
    FolderSource,
    UnreadableFileError,
    ZipSource,
    open_source,
)


def reasons(source: FolderSource | ZipSource) -> dict[str, str]:
    return {image.name: image.reason for image in source.skipped}


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_folder_lists_its_files_sorted_with_forward_slashes(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/1.png", "a/c/3.png", "0.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    source = open_source(tmp_path)
    assert source.names == ["0.txt", "a/c/3.png", "b/1.png", "b/2.png"]
    assert source.read("a/c/3.png") == b"a/c/3.png"


def test_a_zip_lists_and_reads_the_same_as_a_folder(tmp_path: Path) -> None:
    files = {"b/1.png": b"one", "a.png": b"two"}
    source = open_source(make_zip(tmp_path / "a.zip", files))
    assert source.names == ["a.png", "b/1.png"]
    assert [source.read(name) for name in source.names] == [b"two", b"one"]
    source.close()


def test_files_of_the_system_are_not_part_of_the_data(tmp_path: Path) -> None:
    names = [".DS_Store", "__MACOSX/._1.png", ".git/1.png", "1.png"]
    for name in names:
        (tmp_path / "f" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "f" / name).write_bytes(b"x")
    archive = open_source(make_zip(tmp_path / "a.zip", dict.fromkeys(names, b"x")))
    assert open_source(tmp_path / "f").names == archive.names == ["1.png"]
    archive.close()


def test_a_loop_of_links_ends_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"x")
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "itself.png").symlink_to(tmp_path / "itself.png")
    source = FolderSource(tmp_path)
    assert source.names == ["a/1.png"]
    assert "read already" in reasons(source)["a/up"]
    assert "cannot be read" in reasons(source)["itself.png"]


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"content")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "1.png").symlink_to(tmp_path / "store")
    source = FolderSource(tmp_path / "data")
    assert source.read("1.png") == b"content"


def test_a_pipe_a_device_and_a_dead_link_are_named_and_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "dead.png").symlink_to(tmp_path / "nowhere")
    source = FolderSource(tmp_path)
    assert source.names == []
    assert reasons(source)["pipe.png"] == "not a regular file"
    assert reasons(source)["zero.png"] == "not a regular file"
    assert "cannot be read" in reasons(source)["dead.png"]


def test_an_enormous_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(UnreadableFileError, match="larger than"):
        FolderSource(tmp_path).read("huge.png")


def test_a_file_that_vanishes_is_a_reason_and_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"x")
    source = FolderSource(tmp_path)
    (tmp_path / "1.png").unlink()
    with pytest.raises(UnreadableFileError, match="No such file"):
        source.read("1.png")
    assert source.fingerprint("1.png")


def test_unsafe_names_in_a_zip_are_refused(tmp_path: Path) -> None:
    names = ["../up.png", "a/../../up.png", "/etc/abs.png", "C:\\win.png", "fine.png"]
    source = ZipSource(make_zip(tmp_path / "a.zip", dict.fromkeys(names, b"x")))
    assert source.names == ["fine.png"]
    assert set(reasons(source).values()) == {"unsafe name in the zip"}
    assert len(reasons(source)) == 4
    source.close()


def test_a_zip_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    source = ZipSource(make_zip(tmp_path / "a.zip", {"bomb.png": bytes(20 * 2**20)}))
    assert source.names == []
    assert "zip bomb" in reasons(source)["bomb.png"]
    source.close()


def test_an_entry_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"1.png": b"x" * 50})
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = struct.pack("<I", 2**31)
    path.write_bytes(content)
    source = ZipSource(path)
    assert "larger than" in reasons(source)["1.png"]
    source.close()


def test_a_damaged_entry_is_a_reason_and_its_neighbours_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("1.png", b"first" * 20)
        archive.writestr("2.png", b"other" * 20)
    path.write_bytes(path.read_bytes().replace(b"first", b"burst"))
    source = ZipSource(path)
    with pytest.raises(UnreadableFileError, match="Bad CRC"):
        source.read("1.png")
    assert source.read("2.png") == b"other" * 20
    source.close()


def test_an_encrypted_entry_is_named(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"1.png": b"x"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    source = ZipSource(path)
    assert reasons(source) == {"1.png": "encrypted"}
    source.close()


def test_a_link_in_a_zip_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("1.png")
        entry.external_attr = (image_source.UNIX_SYMLINK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    source = ZipSource(path)
    assert "symbolic link" in reasons(source)["1.png"]
    source.close()


def test_what_is_neither_folder_nor_zip_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        open_source(tmp_path / "nowhere")
    (tmp_path / "a.zip").write_bytes(b"not a zip")
    with pytest.raises(DatasetError, match="not a readable zip"):
        open_source(tmp_path / "a.zip")
    make_zip(tmp_path / "cut.zip", {"1.png": b"x" * 1000})
    (tmp_path / "cut.zip").write_bytes((tmp_path / "cut.zip").read_bytes()[:-30])
    with pytest.raises(DatasetError, match="not a readable zip"):
        open_source(tmp_path / "cut.zip")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DatasetError, match="neither"):
        open_source(tmp_path / "pipe")
