"""LitServe with its own batching: up to 64 requests, or what came within 5 ms."""

from __future__ import annotations

import sys
from typing import Any

import litserve  # type: ignore[import-not-found, unused-ignore]
import torch
from fastapi import Response
from torch import Tensor

from benchmarks.peers.generator import THREADS, build_generator, encode_png, latent, to_pixels


class Generator(litserve.LitAPI):  # type: ignore[misc]
    """One batch of seeds to as many images."""

    def setup(self, device: str) -> None:
        """Build the network in the worker."""
        del device
        torch.set_num_threads(THREADS)
        self.network = build_generator()

    def decode_request(self, request: dict[str, int]) -> Tensor:
        """Draw the latent."""
        return latent(request["seed"])

    def batch(self, inputs: list[Tensor]) -> Tensor:
        """Stack the latents."""
        return torch.stack(inputs)

    def predict(self, z: Tensor) -> Any:
        """Render."""
        with torch.inference_mode():
            return to_pixels(self.network(z))

    def unbatch(self, output: Any) -> list[Any]:
        """Take the batch apart."""
        return list(output)

    def encode_response(self, pixels: Any) -> Response:
        """Encode one image."""
        return Response(encode_png(pixels), media_type="image/png")


def main() -> None:
    """Serve POST /generate on the port that the command line names."""
    api = Generator(max_batch_size=64, batch_timeout=0.005, api_path="/generate")
    server = litserve.LitServer(api, accelerator="cpu")
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), log_level="error", generate_client_file=False
    )


if __name__ == "__main__":
    main()
