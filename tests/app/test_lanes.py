"""Claims on a lane that is a thread of this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from app.image_encoding import ImageFormat, encode_image
from app.lanes import LocalLane, render_batch
from model.latents import Latents
from tests.app.echo_lanes import LIMIT_S, number_of, rows, until

pytestmark = pytest.mark.anyio


class WatchedGenerator:
    """Paints each row's number and remembers on which threads."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.failure: Exception | None = None

    def generate_pixels(self, latents: Latents) -> NDArray[np.uint8]:
        self.threads.append(threading.current_thread())
        self.entered.set()
        assert self.gate.wait(LIMIT_S)
        return latents.z.astype(np.uint8)[:, None, None].repeat(2, axis=3)

    def check_golden(self) -> None:
        self.threads.append(threading.current_thread())
        if self.failure:
            raise self.failure


@pytest.fixture
def generator() -> WatchedGenerator:
    return WatchedGenerator()


@pytest.fixture
def lane(generator: WatchedGenerator) -> Iterator[LocalLane]:
    lane = LocalLane(generator)
    yield lane
    generator.gate.set()
    lane.close()


async def test_each_row_is_encoded_as_it_was_asked_for(lane: LocalLane) -> None:
    encodings = [None, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.JPEG, None]
    batch = await lane.render(rows(1, 2, 3, 4, 5), encodings)
    assert [number_of(batch.payloads[at]) for at in (0, 1, 4)] == [257, 514, 1285]
    for number, encoding in ((2, ImageFormat.PNG), (3, ImageFormat.WEBP), (4, ImageFormat.JPEG)):
        image = np.full((1, 1, 2), number, np.uint8)
        assert batch.payloads[number - 1] == encode_image(image, encoding)
    assert batch.forward_s > 0
    assert batch.encode_s > 0


async def test_all_of_a_lane_is_done_on_its_own_thread(
    lane: LocalLane, generator: WatchedGenerator
) -> None:
    for _ in range(3):
        await lane.render(rows(1), [None])
        await lane.check_golden()
    assert len(generator.threads) == 6
    assert len(set(generator.threads)) == 1
    assert generator.threads[0].name.startswith("lane")
    assert generator.threads[0] is not threading.current_thread()


async def test_the_event_loop_turns_while_a_lane_renders(
    lane: LocalLane, generator: WatchedGenerator
) -> None:
    generator.gate.clear()
    task = asyncio.create_task(lane.render(rows(1), [None]))
    await until(generator.entered.is_set)
    assert not task.done()
    generator.gate.set()
    assert len((await task).payloads) == 1


async def test_two_lanes_of_one_generator_render_at_once(
    lane: LocalLane, generator: WatchedGenerator
) -> None:
    other = LocalLane(generator)
    generator.gate.clear()
    tasks = [asyncio.create_task(item.render(rows(1), [None])) for item in (lane, other)]
    await until(lambda: len(generator.threads) == 2)
    generator.gate.set()
    await asyncio.gather(*tasks)
    assert len(set(generator.threads)) == 2
    other.close()


async def test_what_goes_wrong_is_told(lane: LocalLane, generator: WatchedGenerator) -> None:
    generator.failure = RuntimeError("other pixels")
    with pytest.raises(RuntimeError, match="other pixels"):
        await lane.check_golden()
    assert lane.is_alive()
    assert len((await lane.render(rows(1), [None])).payloads) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_another_number_of_images_than_rows_is_an_error(count: int) -> None:
    class Miscounting(WatchedGenerator):
        def generate_pixels(self, _: Latents) -> NDArray[np.uint8]:
            return np.zeros((count, 1, 1, 1), np.uint8)

    with pytest.raises(RuntimeError, match=f"2 rows went in, {count} came out"):
        render_batch(Miscounting(), rows(1, 2), [None, None])
