"""Claims on walks through the latent space."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from model.easing import ease
from model.latents import Interpolation, Latents, interpolate, sample_latents
from model.spec import GeneratorSpec

SPEC = GeneratorSpec("dcgan", 16, z_dim=100)
CLASSES = GeneratorSpec("dcgan", 16, z_dim=3, num_classes=5)


def keys(*rows: list[float]) -> Latents:
    return Latents(np.array(rows, np.float32))


def unit_keys() -> Latents:
    """Return two points of equal length, 5, in 100 dimensions."""
    z = sample_latents(SPEC, [1, 2]).z.astype(np.float64)
    return Latents((5 * z / np.linalg.norm(z, axis=1, keepdims=True)).astype(np.float32))


def angle(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    return math.acos(a64 @ b64 / (np.linalg.norm(a64) * np.linalg.norm(b64)))


@pytest.mark.parametrize("method", ["slerp", "lerp"])
@pytest.mark.parametrize(("count", "steps"), [(2, 2), (2, 3), (2, 60), (3, 7), (4, 10), (5, 256)])
def test_key_frames_that_fall_on_a_step_are_met_bit_for_bit(
    method: Interpolation, count: int, steps: int
) -> None:
    frames = sample_latents(SPEC, range(count))
    walk = interpolate(frames, steps, method)
    assert walk.z.shape == (steps, SPEC.z_dim)
    assert walk.z.dtype == np.float32
    met = 0
    for step in range(steps):
        if step * (count - 1) % (steps - 1) == 0:
            frame = step * (count - 1) // (steps - 1)
            assert walk.z[step].tobytes() == frames.z[frame].tobytes()
            met += 1
    assert met >= 2


def test_slerp_keeps_the_length_between_ends_of_equal_length() -> None:
    walk = interpolate(unit_keys(), 33)
    np.testing.assert_allclose(np.linalg.norm(walk.z, axis=1), 5.0, rtol=1e-6)


def test_slerp_turns_by_equal_angles() -> None:
    frames = unit_keys()
    whole = angle(frames.z[0], frames.z[1])
    walk = interpolate(frames, 9)
    for step in range(9):
        assert angle(frames.z[0], walk.z[step]) == pytest.approx(whole * step / 8, abs=1e-3)
        assert angle(walk.z[step], frames.z[1]) == pytest.approx(whole * (1 - step / 8), abs=1e-3)


def test_slerp_on_the_unit_circle_is_cosine_and_sine() -> None:
    walk = interpolate(keys([1, 0], [0, 1]), 10)
    for step in range(10):
        turn = math.pi / 2 * step / 9
        np.testing.assert_allclose(walk.z[step], [math.cos(turn), math.sin(turn)], atol=1e-7)


def test_the_middle_of_a_slerp_is_the_sum_over_twice_the_cosine_of_half_the_angle() -> None:
    # Shoemake's formula at one half, for ends of any length.
    frames = sample_latents(SPEC, [3, 4])
    a, b = frames.z.astype(np.float64)
    half = math.acos(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))) / 2
    np.testing.assert_allclose(
        interpolate(frames, 3).z[1], (a + b) / (2 * math.cos(half)), rtol=1e-5, atol=1e-7
    )


def test_lerp_is_the_straight_line() -> None:
    frames = sample_latents(SPEC, [5, 6])
    a, b = frames.z.astype(np.float64)
    walk = interpolate(frames, 5, "lerp")
    for step in range(5):
        np.testing.assert_allclose(walk.z[step], a + (b - a) * step / 4, rtol=1e-6, atol=1e-7)


def test_the_linear_middle_is_shorter_than_the_spherical_one() -> None:
    frames = unit_keys()
    linear = np.linalg.norm(interpolate(frames, 3, "lerp").z[1])
    assert linear < 0.9 * np.linalg.norm(interpolate(frames, 3).z[1])


def test_a_walk_backward_is_the_walk_forward_reversed() -> None:
    frames = sample_latents(SPEC, [1, 2, 3])
    backward = interpolate(Latents(frames.z[::-1].copy()), 12)
    np.testing.assert_allclose(backward.z[::-1], interpolate(frames, 12).z, rtol=1e-4, atol=1e-6)


def test_a_walk_between_a_point_and_itself_stays() -> None:
    frames = sample_latents(SPEC, [9, 9])
    np.testing.assert_allclose(interpolate(frames, 7).z, np.tile(frames.z[0], (7, 1)), rtol=1e-6)


@pytest.mark.parametrize(
    "ends",
    [
        ([1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]),
        ([1.0, 2.0, 3.0], [2.0, 4.0, 6.0]),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0000002]),
        ([0.0, 0.0, 0.0], [1.0, 2.0, 3.0]),
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
        ([1e-30, 0.0, 0.0], [0.0, 1e30, 0.0]),
    ],
)
def test_rays_without_a_great_circle_are_walked_without_a_warning(
    ends: tuple[list[float], list[float]],
) -> None:
    frames = keys(*ends)
    walk = interpolate(frames, 5)
    assert np.isfinite(walk.z).all()
    assert walk.z[0].tobytes() == frames.z[0].tobytes()
    assert walk.z[-1].tobytes() == frames.z[1].tobytes()


def test_a_label_is_that_of_the_nearer_key_frame() -> None:
    z = sample_latents(CLASSES, [0, 1, 2]).z
    frames = Latents(z, np.array([4, 0, 2]))
    walk = interpolate(frames, 9)
    assert walk.labels is not None
    assert walk.labels.tolist() == [4, 4, 4, 0, 0, 0, 0, 2, 2]


def test_without_labels_a_walk_has_none() -> None:
    assert interpolate(sample_latents(SPEC, [1, 2]), 4).labels is None


@pytest.mark.parametrize(("count", "steps"), [(0, 5), (1, 5), (2, 1), (2, 0), (2, -3)])
def test_a_walk_needs_two_key_frames_and_two_steps(count: int, steps: int) -> None:
    with pytest.raises(ValueError, match="at least two key frames and two steps"):
        interpolate(sample_latents(SPEC, range(count)), steps)


def test_easing_holds_between_each_two_key_frames() -> None:
    frames = sample_latents(SPEC, range(3))
    eased = interpolate(frames, 9, "lerp", "ease-in-out").z
    assert eased[[0, 4, 8]].tobytes() == frames.z.tobytes()
    for start in (0, 4):
        begin, end = eased[start].astype(np.float64), eased[start + 4].astype(np.float64)
        for step in (1, 2, 3):
            part = ease(np.array([step / 4]), "ease-in-out")[0]
            np.testing.assert_allclose(
                eased[start + step], begin + part * (end - begin), rtol=1e-5, atol=1e-6
            )
    assert ease(np.array([0.25]), "ease-in-out")[0] < 0.2
