"""Claims on labels.jsonl and CelebA's attribute list."""

import json

import pytest

from model.training.dataset_error import DatasetError
from model.training.image_labels import ImageLabels, parse_celeba, parse_labels


def parse(*lines: object) -> ImageLabels:
    return parse_labels("\n".join(json.dumps(line) for line in lines).encode())


def test_labels_are_names_or_numbers() -> None:
    assert parse({"file": "1.png", "label": "cat"}).labels == ("cat",)
    assert parse({"file": "1.png", "label": 7}).labels == (7,)
    assert parse({"file": "1.png"}).labels is None


def test_attributes_become_columns_of_0_and_1() -> None:
    labels = parse(
        {"file": "1.png", "attributes": {"glasses": True, "hair": "red"}},
        {"file": "2.png", "attributes": {"glasses": 0, "hair": "black"}},
        {"file": "3.png", "attributes": {"glasses": 1}},
        {"file": "4.png"},
    )
    assert labels.attribute_names == ("glasses", "hair:black", "hair:red")
    assert labels.attributes is not None
    assert labels.attributes.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_windows_text_with_blank_lines_is_read() -> None:
    content = b'\xef\xbb\xbf{"file": "./a/1.png"}\r\n\r\n{"file": "a/2.png"}\r\n'
    assert parse_labels(content).names == ("a/1.png", "a/2.png")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"file": "2.png"', "line 2"),
        ("[1, 2]", "line 2.*file"),
        ('{"label": 1}', "line 2.*file"),
        ('{"file": 3, "label": 1}', "line 2.*file"),
        ('{"file": "2.png"}', "line 2.*every line must have"),
        ('{"file": "2.png", "label": true}', "line 2.*class name or a whole number"),
        ('{"file": "2.png", "label": 1.5}', "line 2.*class name or a whole number"),
        ('{"file": "2.png", "label": [1]}', "line 2.*class name or a whole number"),
        ('{"file": "2.png", "label": "one"}', "line 2.*in every line"),
        ('{"file": "2.png", "label": 1, "attributes": [1]}', "line 2.*must be an object"),
        ('{"file": "2.png", "label": 1, "attributes": {"a": 0.5}}', "line 2.*'a'"),
        ('{"file": "2.png", "label": 1, "attributes": {"a": null}}', "line 2.*'a'"),
        ('{"file": "1.png", "label": 1}', "twice: 1.png"),
        ("[" * 100_000, "line 2"),
    ],
)
def test_a_wrong_line_is_named(line: str, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        parse_labels(b'{"file": "1.png", "label": 1}\n' + line.encode())


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00"])
def test_a_file_without_a_label_is_an_error(content: bytes) -> None:
    with pytest.raises(DatasetError, match=r"labels\.jsonl"):
        parse_labels(content)


def test_an_attribute_is_a_text_in_all_lines_or_in_none() -> None:
    with pytest.raises(DatasetError, match="'hair' is a text in one line"):
        parse(
            {"file": "1.png", "attributes": {"hair": "red"}},
            {"file": "2.png", "attributes": {"hair": True}},
        )


def test_free_text_is_no_category() -> None:
    lines = [{"file": f"{i}.png", "attributes": {"caption": f"no. {i}"}} for i in range(1100)]
    with pytest.raises(DatasetError, match=r"1100 columns.*category"):
        parse(*lines)


def test_two_attributes_may_not_make_one_column() -> None:
    with pytest.raises(DatasetError, match="same column: a:b"):
        parse({"file": "1.png", "attributes": {"a": "b", "a:b": True}})


def test_celebas_list_is_read_as_it_is_distributed() -> None:
    text = b"2\nBald Smiling \n000001.jpg -1  1\n000002.jpg  1 -1\n"
    labels = parse_celeba(text, "list_attr_celeba.txt")
    assert labels.attribute_names == ("Bald", "Smiling")
    assert labels.names == ("000001", "000002")
    assert labels.attributes is not None
    assert labels.attributes.tolist() == [[0, 1], [1, 0]]


def test_celebas_csv_twin_gives_the_same() -> None:
    text = b"image_id,Bald,Smiling\n000001.jpg,-1,1\n000002.jpg,1,-1\n"
    labels = parse_celeba(text, "list_attr_celeba.csv")
    assert labels.attribute_names == ("Bald", "Smiling")
    assert labels.attributes is not None
    assert labels.attributes.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "line 1"),
        (b"2\n", "line 2"),
        (b"2\nBald Smiling\n", "names no image"),
        (b"2\nBald Smiling\n1.jpg -1\n", "line 3"),
        (b"2\nBald Smiling\n1.jpg -1 2\n", "line 3"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_wrong_celeba_line_is_named(text: bytes, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        parse_celeba(text, "list_attr_celeba.txt")
