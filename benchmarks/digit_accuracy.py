"""Is each generated digit the digit asked for? A classifier of real digits is the judge.

    python -m benchmarks.digit_accuracy weights/digits-32.safetensors --data data/digits

The judge of `evaluate`, a convolutional network, learns from four fifths of the real digits, is
scored on the fifth that it has not seen, and then on digits generated class by class.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.checkpoint import read_checkpoint
from model.inference import InferenceEngine
from model.latents import sample_latents
from model.training.dataset import open_dataset
from model.training.metrics.classifier import classify, train_judge


def main() -> None:
    """Print the judge's accuracy on real digits and on generated ones, by class."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--each", type=int, default=1000, help="digits generated a class")
    parser.add_argument("--out", type=Path, default=None, help="write the figures as JSON")
    arguments = parser.parse_args()

    checkpoint = read_checkpoint(arguments.checkpoint)
    dataset = open_dataset(
        arguments.data,
        img_resolution=checkpoint.spec.img_resolution,
        img_width=checkpoint.spec.img_width,
        img_channels=checkpoint.spec.img_channels,
    )
    if dataset.labels is None:
        raise SystemExit(f"{arguments.data} has no classes: a folder for each digit is needed")
    judge = train_judge(
        dataset.pixels, dataset.labels, len(checkpoint.class_names), show_progress=True
    )
    figures = {"real digits never seen": judge.accuracy.value}
    engine = InferenceEngine(checkpoint)
    for label, name in enumerate(checkpoint.class_names):
        pixels = _generate(engine, label, arguments.each)
        figures[f"generated {name}"] = float(np.mean(classify(judge.network, pixels) == label))
    generated = [value for key, value in figures.items() if key.startswith("generated")]
    figures["generated, all"] = float(np.mean(generated))
    for key, value in figures.items():
        print(f"| {key} | {value:.2%} |")
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(figures, indent=2) + "\n")


def _generate(engine: InferenceEngine, label: int, count: int) -> NDArray[np.uint8]:
    latents = sample_latents(engine.spec, range(count), label)
    step = engine.facts.batch_shapes[-1]
    parts = [
        engine.generate_pixels(latents.rows(start, start + step)) for start in range(0, count, step)
    ]
    return np.concatenate(parts)


if __name__ == "__main__":
    main()
