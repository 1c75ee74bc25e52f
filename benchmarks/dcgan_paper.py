"""The demonstrations of the DCGAN paper, on its own generator trained on drawn faces.

    python -m benchmarks.dcgan_paper --weights FILE --images docs/images

Walks between nine z (Radford et al., 2016, figure 4), arithmetic with averaged z (figure 7),
dropping the feature maps of an object (figure 6), and a discriminator's features under a
linear classifier (section 5). A network trained here on drawn faces reads attributes.
"""

from __future__ import annotations

import argparse
import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from benchmarks.digit_triples import read_digits
from benchmarks.discriminator_features import FeatureScore, pooled_features, score_features
from benchmarks.face_judge import FaceJudge, train_judge
from benchmarks.filter_dropping import glasses_mask, object_maps
from benchmarks.paper_sheets import plot_dropping, plot_equations, plot_walks
from benchmarks.plain_generator import PlainGenerator
from benchmarks.report import Report, Table, report_parser
from benchmarks.short_run import train_to
from benchmarks.vector_arithmetic import (
    EQUATIONS,
    Equation,
    combine,
    draw_equation,
    draw_terms,
    has_attributes,
)
from model.checkpoint import read_checkpoint
from model.latents import Latents, interpolate
from model.training.presets import PRESETS
from model.training.state import TrainingState

_SAMPLES = 3_000
_DRAWS = 300
_AVERAGED = (1, 3, 10)
_PAPERS_AVERAGE = 3
_KEY_FRAMES, _STEPS = 9, 9
_HELD_OUT_FACES = 1_000
_LABELS_EACH = (10, 50, 100)


@dataclass(frozen=True)
class Faces:
    """Samples of the face generator, and what the judge reads in them."""

    generator: PlainGenerator
    judge: FaceJudge
    z: NDArray[np.float32]
    pixels: NDArray[np.uint8]
    read: dict[str, NDArray[np.int64]]


def main() -> None:
    """Draw the sheets, print the tables."""
    arguments = _parse()
    torch.set_num_threads(arguments.threads)
    figures: list[dict[str, object]] = []
    if "faces" in arguments.parts:
        faces = _sample_faces(arguments)
        _walk(faces.generator, arguments.images / "dcgan-paper-walks.png")
        tables = [
            _judge_table(faces.judge),
            _arithmetic(faces, arguments.images / "dcgan-paper-arithmetic.png"),
            _dropping(faces, arguments.images / "dcgan-paper-dropping.png"),
        ]
        _publish(arguments, tables, figures)
    if "features" in arguments.parts:
        _publish(arguments, [_features(arguments)], figures)


def _publish(
    arguments: argparse.Namespace, tables: list[Table], figures: list[dict[str, object]]
) -> None:
    """Print what one part has found before the next begins, so that a kill loses only that."""
    figures += [dataclasses.asdict(table) for table in tables]
    Report("The DCGAN paper's demonstrations", tables, figures).publish(arguments)


def _parse() -> argparse.Namespace:
    parser = report_parser(__doc__)
    parser.add_argument("--weights", type=Path, help="faces by architecture dcgan, not palette")
    parser.add_argument("--parts", nargs="+", choices=("faces", "features"), default=None)
    parser.add_argument("--judge-faces", type=int, default=4_000, help="drawn to learn from")
    parser.add_argument("--digit-images", type=int, default=192_000, help="seen by the run")
    parser.add_argument("--draws", type=int, default=10, help="of labelled digits")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--images", type=Path, default=Path("runs/benchmarks/dcgan-paper"))
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/dcgan-paper"))
    arguments = parser.parse_args()
    arguments.parts = arguments.parts or ["faces", "features"]
    if "faces" in arguments.parts and arguments.weights is None:
        parser.error("--weights is needed, or --parts features")
    if arguments.quick:
        arguments.judge_faces, arguments.digit_images, arguments.draws = 600, 1_280, 1
    return arguments


def _sample_faces(arguments: argparse.Namespace) -> Faces:
    generator = PlainGenerator(read_checkpoint(arguments.weights))
    first = arguments.judge_faces
    judge = train_judge(range(first), range(first, first + _HELD_OUT_FACES))
    z = generator.latents(range(_SAMPLES))
    pixels = generator.render(z)
    return Faces(generator, judge, z, pixels, judge.read(pixels))


def _judge_table(judge: FaceJudge) -> Table:
    rows = [(name, f"{accuracy:.1%}") for name, accuracy in judge.accuracy.items()]
    return Table("The judge on drawn faces it never saw", ("attribute", "read right"), rows)


def _walk(generator: PlainGenerator, path: Path) -> None:
    key_frames = generator.latents(range(_KEY_FRAMES + 1))
    walks = [
        interpolate(Latents(key_frames[row : row + 2]), _STEPS).z for row in range(_KEY_FRAMES)
    ]
    pixels = generator.render(np.concatenate(walks))
    plot_walks(pixels.reshape(_KEY_FRAMES, _STEPS, *pixels.shape[1:]), path)


def _arithmetic(faces: Faces, path: Path) -> Table:
    sheets, rows = [], []
    for equation in EQUATIONS:
        for averaged in _AVERAGED:
            terms = draw_terms(equation, faces.read, _DRAWS, averaged)
            is_right = _has_result(faces, equation, combine(faces.z, terms))
            alone = _has_result(faces, equation, faces.z[terms].mean(axis=2)[:, 2])
            rows.append(
                (equation.name, str(averaged), f"{is_right.mean():.1%}", f"{alone.mean():.1%}")
            )
            if averaged == _PAPERS_AVERAGE:
                # The first draw that came out and the first that did not: how often either
                # happens is in the table.
                shown = (int(is_right.argmax()), int(is_right.argmin()))
                sheets += [
                    draw_equation(equation, faces.generator, faces.z, terms[row]) for row in shown
                ]
    plot_equations(sheets, path)
    columns = ("equation", "z averaged", "A - B + C has the result", "C alone has it")
    return Table(f"Arithmetic, {_DRAWS} draws of each", columns, rows)


def _has_result(faces: Faces, equation: Equation, z: NDArray[np.float32]) -> NDArray[np.bool_]:
    return has_attributes(equation.result, faces.judge.read(faces.generator.render(z)))


def _dropping(faces: Faces, path: Path) -> Table:
    wears = faces.read["glasses"] == 1
    fitted = slice(0, _SAMPLES // 2)  # the other half is what the table is of
    features = faces.generator.features(faces.z[fitted])
    weights = object_maps(features, wears[fitted], glasses_mask(range(_HELD_OUT_FACES)))
    ranked = np.argsort(-weights)
    positive = int((weights > 0).sum())
    stream = np.random.Generator(np.random.Philox(3))
    z = faces.z[_SAMPLES // 2 :][wears[_SAMPLES // 2 :]]
    choices = {"nothing dropped": ranked[:0]}
    for count in (4, 8, 16, positive):
        choices[f"{count} most positive maps dropped"] = ranked[:count]
        choices[f"{count} random maps dropped"] = stream.choice(ranked, count, replace=False)
    rows, sheet = [], []
    before = faces.judge.read(faces.generator.render(z))
    for name, dropped in choices.items():
        pixels = faces.generator.render(z, dropped)
        after = faces.judge.read(pixels)
        kept = [f"{np.mean(after[key] == before[key]):.1%}" for key in ("hair", "hair_style")]
        rows.append((name, f"{after['glasses'].mean():.1%}", *kept))
        sheet.append((name, pixels[:12]))
    plot_dropping(sheet[:1] + sheet[3:], path)
    columns = ("second-highest features", "wear glasses", "same hair", "same hair style")
    title = (
        f"Feature dropping on {len(z)} samples with glasses; {positive} of {len(weights)} positive"
    )
    return Table(title, columns, rows)


def _features(arguments: argparse.Namespace) -> Table:
    digits = read_digits(32)
    assert digits.labels is not None
    # The discriminator sees no label, nor any digit that it is tested on.
    train_rows, test_rows = train_test_split(
        np.arange(len(digits.labels)), test_size=1_000, stratify=digits.labels, random_state=0
    )
    seen = dataclasses.replace(
        digits, pixels=digits.pixels[train_rows], labels=digits.labels[train_rows]
    )
    config = dataclasses.replace(PRESETS["dcgan"], img_resolution=32, img_channels=1)
    trained = train_to(arguments.digit_images, config, seen, arguments.out / "digits")
    spec = config.generator_spec(10)
    untrained = TrainingState(config, spec, {}).discriminator
    extracted: dict[str, NDArray[np.float32]] = {
        "raw pixels": _unit_pixels(digits.pixels),
        "untrained discriminator": pooled_features(untrained, digits.pixels),
        "trained discriminator": pooled_features(trained.discriminator, digits.pixels),
    }
    scores = []
    for name, features in extracted.items():
        train = features[train_rows], digits.labels[train_rows]
        test = features[test_rows], digits.labels[test_rows]
        scores += [
            score_features(name, train, test, each, arguments.draws) for each in _LABELS_EACH
        ]
    return _feature_table(scores, trained.images_seen)


def _unit_pixels(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return pixels.reshape(len(pixels), -1).astype(np.float32) / np.float32(255.0)


def _feature_table(scores: list[FeatureScore], images_seen: int) -> Table:
    rows = [
        (
            score.features,
            str(score.dimensions),
            str(score.labels_each),
            f"{score.mean:.1%} ± {score.std:.1%}",
        )
        for score in scores
    ]
    title = f"LinearSVC on 1,000 digits never seen; discriminator trained on {images_seen:,} images"
    return Table(title, ("features", "dimensions", "labels a class", "accuracy"), rows)


if __name__ == "__main__":
    main()
