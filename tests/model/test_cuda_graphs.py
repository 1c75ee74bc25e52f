"""Claims on recorded passes: slots, buffers and shapes, on a recorder that needs no GPU."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from model.cuda_graphs import GraphedGenerator, GraphError
from model.floating import FloatGenerator
from model.generators import build_generator
from model.latents import sample_latents
from model.numeric_path import to_tensors
from model.pixels import to_pixels
from model.recorders import EagerRecorder, Work
from model.spec import GeneratorSpec

CPU = torch.device("cpu")
PLAIN = GeneratorSpec("dcgan", 16, 3, z_dim=5, base_channels=2)
CLASSES = GeneratorSpec("dcgan", 16, 1, z_dim=5, num_classes=3, base_channels=2)
SHAPES = (1, 2, 8)
Replay = Callable[[], None]


def make_path(spec: GeneratorSpec = PLAIN) -> FloatGenerator:
    torch.manual_seed(7)
    generator = build_generator(spec).eval().requires_grad_(False)
    for parameter in generator.parameters():
        if parameter.ndim == 4:
            parameter.mul_(20)
    return FloatGenerator(generator, CPU, torch.float32)


def make_graphed(*recorders: EagerRecorder, spec: GeneratorSpec = PLAIN) -> GraphedGenerator:
    return GraphedGenerator(make_path(spec), spec, SHAPES, recorders or [EagerRecorder(CPU)])


def rows(count: int, first: int = 0, spec: GeneratorSpec = PLAIN) -> tuple[Tensor, Tensor | None]:
    return to_tensors(sample_latents(spec, range(first, first + count)), CPU)


@pytest.mark.parametrize("spec", [PLAIN, CLASSES], ids=["plain", "classes"])
def test_a_replay_gives_what_the_pass_gives(spec: GeneratorSpec) -> None:
    path, graphed = make_path(spec), make_graphed(spec=spec)
    for first, shape in enumerate([*SHAPES, *SHAPES]):
        tensors = rows(shape, first, spec)
        images = graphed.images(*tensors)
        assert torch.equal(images, path.images(*tensors))
        assert torch.equal(graphed.pixels(*tensors), to_pixels(images))


def test_results_are_the_callers_own() -> None:
    graphed = make_graphed()
    held = [(graphed.images(*rows(2, seed)), graphed.pixels(*rows(2, seed))) for seed in range(8)]
    kept = [(images.clone(), pixels.clone()) for images, pixels in held]
    for seed in range(50, 70):
        graphed.pixels(*rows(2, seed))
        graphed.images(*rows(8, seed))
    for (images, pixels), (images_then, pixels_then) in zip(held, kept, strict=True):
        assert torch.equal(images, images_then)
        assert torch.equal(pixels, pixels_then)


def test_the_callers_latents_are_left_as_they_were() -> None:
    z, _ = rows(2)
    before = z.clone()
    make_graphed().pixels(z, None)
    assert torch.equal(z, before)


@pytest.mark.parametrize("count", [0, 3, 9])
def test_only_recorded_shapes_may_be_asked_for(count: int) -> None:
    graphed = make_graphed()
    for render in (graphed.images, graphed.pixels):
        with pytest.raises(ValueError, match=f"recorded, 1, 2, 8; not {count}"):
            render(torch.zeros(count, 5), None)
    graphed.pixels(*rows(8))  # the slot is free


def test_labels_are_given_exactly_when_there_are_classes() -> None:
    for spec, labels in ((PLAIN, torch.zeros(1, dtype=torch.int64)), (CLASSES, None)):
        with pytest.raises(ValueError, match="labels are given exactly when"):
            make_graphed(spec=spec).pixels(torch.zeros(1, 5), labels)


@pytest.mark.parametrize("is_made_in_inference_mode", [True, False])
def test_it_renders_inside_and_outside_of_inference_mode(is_made_in_inference_mode: bool) -> None:
    with torch.inference_mode(is_made_in_inference_mode):
        graphed = make_graphed()
    expected = make_path().pixels(*rows(2))
    for is_inside in (True, False):
        with torch.inference_mode(is_inside):
            assert torch.equal(graphed.pixels(*rows(2)), expected)


class Forgetful(EagerRecorder):
    """Like a graph, holds no more of what it recorded than addresses."""

    def record(self, work: Work) -> tuple[tuple[Tensor, ...], Replay]:
        outputs, replay = super().record(work)
        self.replays.append(replay)
        place = len(self.replays) - 1
        return outputs, lambda: self.replays[place]()

    def __init__(self) -> None:
        super().__init__(CPU)
        self.replays: list[Replay] = []


def test_the_weights_live_as_long_as_what_was_recorded() -> None:
    path, recorder = make_path(), Forgetful()
    graphed = GraphedGenerator(path, PLAIN, SHAPES, [recorder])
    recorder.replays.clear()
    alive = weakref.ref(path)
    del path
    gc.collect()
    assert alive() is not None
    del graphed
    gc.collect()
    assert alive() is None


class Watched(EagerRecorder):
    """Calls `watch` at each replay."""

    def __init__(self, watch: Replay) -> None:
        super().__init__(CPU)
        self.watch = watch
        self.recorded: list[int] = []

    def record(self, work: Work) -> tuple[tuple[Tensor, ...], Replay]:
        outputs, replay = super().record(work)
        self.recorded.append(len(outputs[0]))

        def watched() -> None:
            self.watch()
            replay()

        return outputs, watched


def test_the_largest_shape_is_recorded_first() -> None:
    recorder = Watched(lambda: None)
    GraphedGenerator(make_path(), PLAIN, (2, 8, 1, 2), [recorder])
    assert recorder.recorded == [8, 2, 1]


def test_as_many_threads_as_slots_render_at_once() -> None:
    recorders = [Watched(lambda: None) for _ in range(3)]
    graphed = make_graphed(*recorders)
    together = threading.Barrier(3)

    def meet() -> None:
        together.wait(60)  # raises where fewer than three come

    for recorder in recorders:
        recorder.watch = meet
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda seed: graphed.pixels(*rows(2, seed)), range(30)))
    for seed, pixels in enumerate(found):
        assert torch.equal(pixels, make_path().pixels(*rows(2, seed)))


def test_more_threads_than_slots_take_turns() -> None:
    recorder = Watched(lambda: None)
    graphed = make_graphed(recorder)
    is_busy = threading.Lock()

    def render(seed: int) -> Tensor:
        return graphed.pixels(*rows(1, seed))

    def enter() -> None:
        assert is_busy.acquire(blocking=False)
        threading.Event().wait(0)  # lets the others have a try
        is_busy.release()

    recorder.watch = enter
    with ThreadPoolExecutor(4) as threads:
        for seed, pixels in enumerate(threads.map(render, range(100))):
            assert torch.equal(pixels, make_path().pixels(*rows(1, seed)))


def test_a_slot_is_free_again_after_a_pass_that_failed() -> None:
    recorder = Watched(lambda: None)
    graphed = make_graphed(recorder)

    def fail() -> None:
        recorder.watch = lambda: None
        raise RuntimeError("out of memory")

    recorder.watch = fail
    with pytest.raises(RuntimeError, match="out of memory"):
        graphed.pixels(*rows(1))
    assert torch.equal(graphed.pixels(*rows(1)), make_path().pixels(*rows(1)))


class Stale(EagerRecorder):
    """Gives the outputs of the recording for ever."""

    def record(self, work: Work) -> tuple[tuple[Tensor, ...], Replay]:
        return super().record(work)[0], lambda: None


class OneBitOff(EagerRecorder):
    """Computes one value of its largest batch otherwise than other slots."""

    def record(self, work: Work) -> tuple[tuple[Tensor, ...], Replay]:
        outputs, replay = super().record(work)

        def off() -> None:
            replay()
            if len(outputs[0]) == SHAPES[-1]:
                value = outputs[0][-1, 0, 0, 0]
                value.copy_(torch.nextafter(value, torch.tensor(2.0)))

        return outputs, off


def test_a_recording_that_computes_nothing_anew_is_refused() -> None:
    with pytest.raises(GraphError, match=r"a recording of 8 rows is 0.* off its pass"):
        make_graphed(Stale(CPU))


def test_slots_that_disagree_in_a_bit_are_refused() -> None:
    make_graphed(OneBitOff(CPU), OneBitOff(CPU))
    with pytest.raises(GraphError, match="lanes give unequal images of the same 8 rows"):
        make_graphed(EagerRecorder(CPU), OneBitOff(CPU))
