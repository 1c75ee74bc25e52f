"""Mosec with the fastest handler known to us: bfloat16, channels-last, fpng's encoder.

What is left between it and another server is the cost of HTTP and of batching.
"""

from __future__ import annotations

import fpng_py  # type: ignore[import-not-found, unused-ignore]
import torch
from mosec import Server, Worker  # type: ignore[import-not-found, unused-ignore]

from benchmarks.peers.generator import THREADS, build_generator, latent, to_pixels


class Generator(Worker):  # type: ignore[misc]
    """One batch of seeds to as many images."""

    resp_mime_type = "image/png"

    def __init__(self) -> None:
        torch.set_num_threads(THREADS)
        network = build_generator().bfloat16()
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, data: list[dict[str, int]]) -> list[bytes]:
        """Render and encode."""
        z = torch.stack([latent(request["seed"]) for request in data]).bfloat16()
        with torch.inference_mode():
            pixels = to_pixels(self.network(z).float())
        height, width, channels = pixels.shape[1:]
        return [
            fpng_py.fpng_encode_image_to_memory(image.tobytes(), width, height, channels)
            for image in pixels
        ]

    def serialize(self, data: bytes) -> bytes:
        """Send the PNG as it is."""
        return data


def main() -> None:
    """Serve POST /inference; mosec itself reads the command line."""
    server = Server()
    server.append_worker(Generator, num=1, max_batch_size=64, max_wait_time=5)
    server.run()


if __name__ == "__main__":
    main()
