"""Claims on what a folder or a zip of images means."""

import json
import logging
import zipfile
from pathlib import Path

import pytest

from model.training.dataset_error import DatasetError
from model.training.image_folder import ImageFolder, read_folder
from model.training.image_source import open_source


def make(root: Path, *names: str, **texts: str) -> Path:
    """Make empty image files; ``read_folder`` opens none. ``__`` in a keyword stands for a dot."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    for name, text in texts.items():
        (root / name.replace("__", ".")).write_text(text)
    return root


def read(path: Path) -> ImageFolder:
    source = open_source(path)
    try:
        return read_folder(source)
    finally:
        source.close()


def labels_of(folder: ImageFolder) -> list[int]:
    assert folder.labels is not None
    return [int(label) for label in folder.labels]


def test_subfolders_are_classes_in_alphabetical_order(tmp_path: Path) -> None:
    folder = read(make(tmp_path, "dog/1.png", "cat/deep/1.JPG", "cat/2.webp"))
    assert folder.class_names == ("cat", "dog")
    assert folder.names == ("cat/2.webp", "cat/deep/1.JPG", "dog/1.png")
    assert labels_of(folder) == [0, 0, 1]


def test_numbered_classes_are_in_numeric_order(tmp_path: Path) -> None:
    folder = read(make(tmp_path, *(f"{digit}/x.png" for digit in range(11))))
    assert folder.class_names == tuple(str(digit) for digit in range(11))
    assert labels_of(folder)[folder.names.index("10/x.png")] == 10


def test_images_in_one_folder_have_no_labels(tmp_path: Path) -> None:
    for names in (("1.png", "2.png"), ("only/1.png", "only/2.png")):
        folder = read(make(tmp_path / names[0].replace("/", "-"), *names))
        assert folder.labels is None
        assert folder.class_names == ()
        assert len(folder.names) == 2


def test_images_beside_subfolders_make_no_classes_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = read(make(tmp_path, "cat/1.png", "dog/1.png", "preview.png"))
    assert folder.labels is None
    assert len(folder.names) == 3
    assert "not taken as classes" in caplog.text


def test_a_wrapper_folder_is_looked_through(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for name in ("pets/train/cat/1.png", "pets/train/dog/1.png"):
            archive.writestr(name, b"")
        archive.writestr("__MACOSX/pets/._cat", b"")
    folder = read(tmp_path / "pets.zip")
    assert folder.class_names == ("cat", "dog")


def test_labels_win_over_subfolders(tmp_path: Path) -> None:
    lines = ['{"file": "000/1.png", "label": "b"}', '{"file": "001/2.png", "label": "a"}']
    folder = read(make(tmp_path, "000/1.png", "001/2.png", labels__jsonl="\n".join(lines)))
    assert folder.class_names == ("a", "b")
    assert labels_of(folder) == [1, 0]


def test_number_labels_are_classes_in_numeric_order(tmp_path: Path) -> None:
    lines = [json.dumps({"file": f"{i}.png", "label": label}) for i, label in enumerate([10, 9])]
    folder = read(make(tmp_path, "0.png", "1.png", labels__jsonl="\n".join(lines)))
    assert folder.class_names == ("9", "10")
    assert labels_of(folder) == [1, 0]


def test_attributes_follow_their_images(tmp_path: Path) -> None:
    lines = [
        '{"file": "b.png", "attributes": {"hat": true}}',
        '{"file": "a.png", "attributes": {"hat": false}}',
    ]
    folder = read(make(tmp_path, "a.png", "b.png", labels__jsonl="\n".join(lines)))
    assert folder.names == ("a.png", "b.png")
    assert folder.attributes is not None
    assert folder.attributes.tolist() == [[0], [1]]
    assert folder.attribute_names == ("hat",)


def test_labels_inside_a_wrapper_folder_are_found(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("faces/labels.jsonl", '{"file": "000/1.png", "label": 3}')
        archive.writestr("faces/000/1.png", b"")
        archive.writestr("faces/dataset.json", '{"name": "Faces", "licence": "CC0 1.0"}')
    folder = read(tmp_path / "a.zip")
    assert (folder.names, folder.class_names) == (("faces/000/1.png",), ("3",))
    assert (folder.record.name, folder.record.licence) == ("Faces", "CC0 1.0")


def test_a_named_image_that_is_not_there_is_skipped_and_an_unnamed_one_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [json.dumps({"file": name}) for name in ("1.png", "gone.png", "../up.png")]
    folder = read(make(tmp_path, "1.png", "2.png", labels__jsonl="\n".join(lines)))
    assert folder.names == ("1.png",)
    assert [image.name for image in folder.skipped] == ["gone.png", "../up.png"]
    assert "1 images are not in labels.jsonl" in caplog.text


def test_labels_that_name_no_image_say_what_a_name_should_look_like(tmp_path: Path) -> None:
    make(tmp_path, "images/1.png", labels__jsonl='{"file": "1.png"}')
    with pytest.raises(DatasetError, match=r"like 'images/1\.png'"):
        read(tmp_path)


CELEBA = "2\nBald Smiling\n000001.jpg -1 1\n000002.jpg 1 -1\n000003.jpg 1 1\n"


@pytest.mark.parametrize("kept_in", ["", "img_align_celeba/", "img_align_celeba/inner/"])
def test_celebas_list_labels_the_images_beside_it(tmp_path: Path, kept_in: str) -> None:
    make(tmp_path, f"{kept_in}000001.jpg", f"{kept_in}000002.jpg", list_attr_celeba__txt=CELEBA)
    folder = read(tmp_path)
    assert folder.is_celeba
    assert folder.attribute_names == ("Bald", "Smiling")
    assert folder.attributes is not None
    assert folder.attributes.tolist() == [[0, 1], [1, 0]]


def test_celebas_own_folder_finds_the_list_next_to_it(tmp_path: Path) -> None:
    make(tmp_path, "img_align_celeba_png/000002.png", list_attr_celeba__txt=CELEBA)
    folder = read(tmp_path / "img_align_celeba_png")
    assert folder.is_celeba
    assert folder.attributes is not None
    assert folder.attributes.tolist() == [[1, 0]]


def test_a_folder_without_a_record_is_called_by_its_own_name(tmp_path: Path) -> None:
    record = read(make(tmp_path / "cats", "1.png")).record
    assert (record.name, record.licence, record.credit) == ("cats", "unknown", "")


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"name": 3}', '{"credit": "' + "x" * 501 + '"}', "\0"]
)
def test_a_wrong_record_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(DatasetError, match=r"dataset\.json"):
        read(make(tmp_path, "1.png", dataset__json=text))


def test_a_format_that_is_not_read_is_named(tmp_path: Path) -> None:
    folder = read(make(tmp_path, "1.png", "2.heic"))
    assert [(image.name, image.reason) for image in folder.skipped] == [
        ("2.heic", "the format .heic is not supported")
    ]


def test_a_folder_that_yields_nothing_says_what_was_looked_for(tmp_path: Path) -> None:
    make(tmp_path, "notes.txt", "3.heic")
    with pytest.raises(DatasetError, match=r"holds no image.*2 files.*\.png.*1 were refused"):
        read(tmp_path)


def test_an_empty_zip_is_an_error_too(tmp_path: Path) -> None:
    zipfile.ZipFile(tmp_path / "a.zip", "w").close()
    with pytest.raises(DatasetError, match="holds no image: 0 files"):
        read(tmp_path / "a.zip")


def test_nothing_is_logged_about_a_plain_folder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        read(make(tmp_path, "a/1.png", "b/1.png"))
    assert caplog.records == []
