from __future__ import annotations

import pytest

from benchmarks.http_answers import Answer, AnswerError, AnswerReader

IMAGE = (
    b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\nContent-Length: 5\r\n"
    b'ETag: "a-B"\r\n\r\n\r\n\r\nx'
)
FULL = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\ncontent-length: 0\r\n\r\n"
SAME = b'HTTP/1.1 304 Not Modified\r\netag: "a"\r\nContent-Length: 900\r\n\r\n'


def answers(parts: list[bytes]) -> list[Answer]:
    reader = AnswerReader()
    return [answer for part in parts if (answer := reader.feed(part)) is not None]


def test_an_answer_is_read_whatever_pieces_it_comes_in() -> None:
    expected = [Answer(200, '"a-B"', has_retry_after=False, is_last=False)]
    for size in range(1, len(IMAGE) + 1):
        parts = [IMAGE[at : at + size] for at in range(0, len(IMAGE), size)]
        assert answers(parts) == expected


def test_answers_follow_one_another_on_one_connection() -> None:
    assert [answer.status for answer in answers([IMAGE, FULL, SAME, IMAGE])] == [200, 429, 304, 200]


def test_retry_after_and_the_end_of_the_connection_are_seen() -> None:
    closing = FULL.replace(b"Retry-After: 2", b"Connection: close")
    seen = answers([FULL, closing])
    assert [answer.has_retry_after for answer in seen] == [True, False]
    assert [answer.is_last for answer in seen] == [False, True]


def test_304_has_no_body_whatever_length_it_names() -> None:
    assert answers([SAME]) == [Answer(304, '"a"', has_retry_after=False, is_last=False)]


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        IMAGE + b"y",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20000,
    ],
    ids=["another protocol", "no status", "no length", "too long", "no end"],
)
def test_what_cannot_be_measured_is_refused(sent: bytes) -> None:
    with pytest.raises(AnswerError):
        answers([sent])
