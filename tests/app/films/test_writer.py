"""Claims on films: what every player gets back, however the frames came in."""

from __future__ import annotations

import io
import itertools
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from app.films.timing import FilmTiming
from app.films.writer import encode_film, film_version, open_film, still_format
from app.image_encoding import AnimationFormat, Pixels, encode_image

CHANNELS = [1, 2, 3, 4]
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
WRAPPED = [AnimationFormat.APNG, AnimationFormat.WEBP]
VIDEOS = [AnimationFormat.MP4, AnimationFormat.WEBM]


def noise(*shape: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def smooth(count: int, height: int, width: int) -> Pixels:
    """Return frames like a face's: gradients that move."""
    time, y, x = np.mgrid[:count, :height, :width]
    channels = [4 * x + 3 * time, 3 * y + 2 * time, 2 * (x + y)]
    return np.stack(channels, axis=3).clip(0, 255).astype(np.uint8)


def painted_on_white(frames: Pixels) -> Pixels:
    """Return RGB, by the definition of `over`."""
    count = frames.shape[3]
    colour = frames[..., : 3 if count > 2 else 1].astype(np.float64)
    alpha = frames[..., -1:] / 255 if count in (2, 4) else np.ones((1, 1, 1, 1))
    shown = np.rint(colour * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return np.broadcast_to(shown, (*shown.shape[:3], 3)).copy()


def decode_video(data: bytes) -> tuple[Pixels, list[float]]:
    with av.open(io.BytesIO(data), "r") as container:
        frames = list(container.decode(video=0))
    pixels: Pixels = np.stack([np.asarray(f.to_ndarray(format="rgb24"), np.uint8) for f in frames])
    return pixels, [float(frame.time or 0) for frame in frames]


def durations(film: Image.Image) -> list[float]:
    found = []
    for index in range(film.n_frames):  # type: ignore[attr-defined]
        film.seek(index)
        film.load()
        found.append(film.info["duration"])
    return found


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("animation_format", WRAPPED)
def test_each_frame_of_a_wrapped_film_is_its_still(
    animation_format: AnimationFormat, channels: int
) -> None:
    frames = noise(5, 16, 24, channels)
    frames[2] = frames[1]  # a pause is as many frames as it is long
    if channels in (2, 4):
        frames[3, :, :, -1] = 0  # the colour below is kept all the same
    film = Image.open(io.BytesIO(encode_film(frames, animation_format)))
    shown = list(ImageSequence.Iterator(film))
    assert len(shown) == 5
    mode = MODES[channels]
    if animation_format is AnimationFormat.WEBP:
        mode = "RGBA" if channels in (2, 4) else "RGB"
    for index, frame in enumerate(frames):
        film.seek(index)
        still_of_format = still_format(animation_format)
        assert still_of_format
        still = Image.open(io.BytesIO(encode_image(frame, still_of_format)))
        expected = np.asarray(still.convert(mode)).copy()
        seen = np.asarray(film.convert(mode)).copy()
        if animation_format is AnimationFormat.WEBP and mode == "RGBA":
            for pixels in (seen, expected):  # libwebp's player forgets what nobody sees
                pixels[pixels[..., 3] == 0] = 0
        assert np.array_equal(seen, expected)


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("size", [(16, 24), (17, 9)])
def test_webm_gives_back_the_very_pixels(channels: int, size: tuple[int, int]) -> None:
    frames = noise(5, *size, channels)
    shown, _ = decode_video(encode_film(frames, AnimationFormat.WEBM))
    # Pillow's integer `over` may round the other way.
    limit = 1 if channels in (2, 4) else 0
    assert np.abs(shown.astype(int) - painted_on_white(frames)).max() <= limit


@pytest.mark.parametrize("size", [(64, 48), (33, 17)])
def test_mp4_is_near_and_its_odd_sides_are_filled_up(size: tuple[int, int]) -> None:
    frames = smooth(5, *size)
    shown, _ = decode_video(encode_film(frames, AnimationFormat.MP4))
    assert shown.shape[1:3] == tuple(side + side % 2 for side in size)
    part = shown[:, : size[0], : size[1]].astype(float)
    mean_square = np.mean((part - frames) ** 2)
    assert 10 * np.log10(255**2 / mean_square) > 36


@pytest.mark.parametrize("channels", CHANNELS)
def test_gif_holds_every_frame_in_256_colours_of_its_own(channels: int) -> None:
    levels = np.arange(5, dtype=np.uint8) * 50
    frames = np.broadcast_to(levels[:, None, None, None], (5, 16, 16, channels)).copy()
    if channels in (2, 4):
        frames[..., -1] = 255
    film = Image.open(io.BytesIO(encode_film(frames, AnimationFormat.GIF)))
    assert len(list(ImageSequence.Iterator(film))) == 5
    for index, level in enumerate(levels):
        film.seek(index)
        assert np.abs(np.asarray(film.convert("RGB")).astype(int) - int(level)).max() <= 8


def test_gray_is_exact_even_in_a_gif() -> None:
    frames = noise(3, 16, 16, 1)
    film = Image.open(io.BytesIO(encode_film(frames, AnimationFormat.GIF)))
    for index, frame in enumerate(frames):
        film.seek(index)
        assert np.array_equal(np.asarray(film.convert("L")), frame[..., 0])


@pytest.mark.parametrize("animation_format", list(AnimationFormat))
def test_the_bytes_do_not_depend_on_the_slices(animation_format: AnimationFormat) -> None:
    frames = smooth(9, 32, 24)
    whole = encode_film(frames, animation_format)
    encoding = still_format(animation_format)
    stills = [encode_image(frame, encoding) for frame in frames] if encoding else list(frames)
    for cuts in ([0, 1, 9], [0, 4, 5, 8, 9], list(range(10))):
        writer = open_film(animation_format, (32, 24), 9, FilmTiming())
        parts = [writer.write(stills[a:b]) for a, b in itertools.pairwise(cuts)]
        assert b"".join(parts) + writer.close() == whole


@pytest.mark.parametrize("animation_format", [f for f in AnimationFormat if f != "webp"])
def test_the_first_frames_leave_before_the_last_are_there(
    animation_format: AnimationFormat,
) -> None:
    frames = noise(8, 32, 24, 3)
    encoding = still_format(animation_format)
    stills = [encode_image(frame, encoding) for frame in frames] if encoding else list(frames)
    writer = open_film(animation_format, (32, 24), 60, FilmTiming())
    assert len(writer.write(stills)) > 1000


@pytest.mark.parametrize("ms", [10, 33, 80, 1000])
@pytest.mark.parametrize("name", ["gif", "apng", "webp"])
def test_frames_last_as_long_as_asked_and_rounding_never_adds_up(name: str, ms: int) -> None:
    timing = FilmTiming(Fraction(ms, 1000))
    data = encode_film(smooth(10, 16, 16), AnimationFormat(name), timing)
    found = durations(Image.open(io.BytesIO(data)))
    unit = 10 if name == "gif" else 1
    assert sum(found) == pytest.approx(10 * ms, abs=unit / 2)
    assert all(abs(duration - ms) <= unit for duration in found)


@pytest.mark.parametrize("animation_format", VIDEOS)
def test_a_video_shows_each_frame_at_its_time(animation_format: AnimationFormat) -> None:
    _, times = decode_video(
        encode_film(smooth(10, 16, 16), animation_format, FilmTiming(Fraction(1, 30)))
    )
    # WebM counts in milliseconds.
    assert times == pytest.approx([index / 30 for index in range(10)], abs=6e-4)


@pytest.mark.parametrize(("plays", "repeats"), [(0, 0), (1, None), (2, 1), (65_535, 65_534)])
def test_a_gif_says_how_often_it_is_repeated(plays: int, repeats: int | None) -> None:
    data = encode_film(smooth(2, 16, 16), AnimationFormat.GIF, FilmTiming(plays=plays))
    assert Image.open(io.BytesIO(data)).info.get("loop") == repeats


@pytest.mark.parametrize("plays", [0, 1, 7])
@pytest.mark.parametrize("animation_format", WRAPPED)
def test_apng_and_webp_say_how_often_they_play(
    animation_format: AnimationFormat, plays: int
) -> None:
    data = encode_film(smooth(2, 16, 16), animation_format, FilmTiming(plays=plays))
    assert Image.open(io.BytesIO(data)).info["loop"] == plays


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("app.films.writer._WRITER_NUMBER", 9),
        ("app.films.writer.encoder_version", lambda: "other"),
        ("app.films.webp._NO_BLENDING", 0),
        ("app.films.apng._DISPOSE_NONE", 1),
        ("av.__version__", "0"),
    ],
)
def test_whatever_changes_the_bytes_changes_the_film_version(
    monkeypatch: pytest.MonkeyPatch, name: str, other: object
) -> None:
    version = film_version()
    assert film_version.__wrapped__() == version
    monkeypatch.setattr(name, other)
    assert film_version.__wrapped__() != version
