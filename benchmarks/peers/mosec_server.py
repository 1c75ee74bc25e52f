"""Mosec as its guide has it: batches of up to 64 within 5 ms, eager float32, Pillow."""

from __future__ import annotations

import torch
from mosec import Server, Worker  # type: ignore[import-not-found, unused-ignore]

from benchmarks.peers.generator import THREADS, build_generator, encode_png, latent, to_pixels


class Generator(Worker):  # type: ignore[misc]
    """One batch of seeds to as many images."""

    resp_mime_type = "image/png"

    def __init__(self) -> None:
        torch.set_num_threads(THREADS)
        self.network = build_generator()

    def forward(self, data: list[dict[str, int]]) -> list[bytes]:
        """Render and encode."""
        z = torch.stack([latent(request["seed"]) for request in data])
        with torch.inference_mode():
            pixels = to_pixels(self.network(z))
        return [encode_png(image) for image in pixels]

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
