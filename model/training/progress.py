"""What a person sees of a run: a line that moves, or lines in a log; TensorBoard; sample sheets."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from model.contact_sheet import contact_sheet
from model.latents import sample_latents
from model.pixels import to_pixels
from model.png import encode_png
from model.spec import GeneratorSpec
from model.training.budget import Budget
from model.training.ema import recalibrate_batch_norm
from model.training.train_step import StepLosses
from model.training.variety import SAMPLES, DataVariety, Variety

_SHEET_SEEDS = range(SAMPLES)
_REPORT_S = 1.0
_RATE_WINDOW_S = 10.0
_LOG_LINE_S = 10.0  # where no line can move


class Progress:
    """Reports a run; owns the progress bar and the TensorBoard writer."""

    def __init__(self, run_dir: Path, budget: Budget, images_seen: int, data: DataVariety) -> None:
        self._samples_dir = run_dir / "samples"
        self._samples_dir.mkdir(parents=True, exist_ok=True)
        self._writer = SummaryWriter(str(run_dir / "tensorboard"))
        self._budget = budget
        self._data = data
        self._variety = Variety(math.nan, math.nan, math.nan)
        # The bar counts images where their number is the budget, else seconds: so that its
        # "time left" is the time left.
        self._is_terminal = sys.stderr.isatty()
        self._bar = tqdm(
            disable=not self._is_terminal,
            total=budget.total,
            initial=budget.spent(images_seen),
            unit=budget.unit,
            bar_format="{percentage:3.0f}%|{bar:20}| {elapsed}<{remaining}{postfix}",
            dynamic_ncols=True,
        )
        self._rate = 0.0
        self._next_report = self._next_line = 0.0
        self._reported_at = time.monotonic()
        self._reported_images = images_seen

    def step(self, images_seen: int, losses: StepLosses) -> None:
        """Once a second, move the line and write the losses to TensorBoard."""
        now = time.monotonic()
        if now < self._next_report:  # reading a loss waits for the device
            return
        scalars = {name: float(value) for name, value in vars(losses).items()}
        for name, value in scalars.items():
            self._writer.add_scalar(f"loss/{name}", value, images_seen)
        self._next_report = now + _REPORT_S
        self._update_rate(images_seen, now)
        self._writer.add_scalar("images_per_second", self._rate, images_seen)
        diversity, structure = map(_share, (self._variety.diversity, self._variety.structure))
        self._show(
            f"{images_seen / 1000:.1f} kimg, {self._rate:.0f} images/s, "
            f"D {scalars['discriminator']:.3f}, G {scalars['generator']:.3f}, "
            f"diversity {diversity}, structure {structure}",
            self._budget.spent(images_seen),
        )

    def _show(self, line: str, spent: float) -> None:
        """Move the bar; into a file or a pipe, where none can move, print whole lines."""
        if self._is_terminal:
            self._bar.set_postfix_str(line, refresh=False)
            self._bar.update(spent - self._bar.n)
        elif self._next_report >= self._next_line:
            self._next_line = self._next_report + _LOG_LINE_S
            print(f"{spent / self._budget.total:4.0%}  {line}", file=sys.stderr, flush=True)

    def _update_rate(self, images_seen: int, now: float) -> None:
        """Follow the speed of the last ten seconds or so; a first report has only its own."""
        seconds = now - self._reported_at
        # Fewer images than before: the guard took the run back.
        rate = max(0, images_seen - self._reported_images) / seconds
        keep = math.exp(-seconds / _RATE_WINDOW_S) if self._rate else 0.0
        self._rate = keep * self._rate + (1.0 - keep) * rate
        self._reported_at, self._reported_images = now, images_seen

    def sheet(self, generator: nn.Module, spec: GeneratorSpec, images_seen: int) -> Variety:
        """Draw 64 fixed seeds to `samples/` and TensorBoard, and return their variety."""
        pixels = render_samples(generator, spec)
        self._variety = self._data.measure(pixels)
        self._writer.add_scalar("diversity", self._variety.diversity, images_seen)
        self._writer.add_scalar("structure", self._variety.structure, images_seen)
        sheet = contact_sheet(pixels)
        self._writer.add_image("samples", sheet, images_seen, dataformats="HWC")
        (self._samples_dir / f"{images_seen:09d}.png").write_bytes(encode_png(sheet))
        return self._variety

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._bar.write(line)

    def close(self) -> None:
        """End the bar and flush TensorBoard."""
        self._bar.close()
        self._writer.close()


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"


@torch.no_grad()
def render_samples(
    generator: nn.Module, spec: GeneratorSpec, batches: int = 32
) -> NDArray[np.uint8]:
    """Render 64 fixed seeds, (64, h, w, c); a conditional one shows its classes in turn.

    Batch normalisation's statistics are measured on `batches` of 64.
    """
    recalibrate_batch_norm(generator, spec, batches)
    latents = sample_latents(spec, _SHEET_SEEDS)
    device = next(generator.parameters()).device
    labels = None
    if spec.is_conditional:
        labels = torch.arange(len(latents), device=device) % spec.num_classes
    images = generator(torch.from_numpy(latents.z).to(device), labels)
    return to_pixels(images).cpu().numpy()
