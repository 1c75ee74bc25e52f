"""Ray Serve with its own batching: up to 64 requests, or what came within 5 ms."""

from __future__ import annotations

import sys
import time

import ray  # type: ignore[import-not-found, unused-ignore]
import torch
from ray import serve  # type: ignore[import-not-found, unused-ignore]
from starlette.requests import Request
from starlette.responses import Response

from benchmarks.peers.generator import THREADS, build_generator, encode_png, latent, to_pixels


class Generator:
    """One batch of seeds to as many images."""

    def __init__(self) -> None:
        torch.set_num_threads(THREADS)
        self.network = build_generator()

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.005)  # type: ignore[untyped-decorator, unused-ignore]
    async def render(self, seeds: list[int]) -> list[bytes]:
        """Render and encode."""
        z = torch.stack([latent(seed) for seed in seeds])
        with torch.inference_mode():
            pixels = to_pixels(self.network(z))
        return [encode_png(image) for image in pixels]

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        seed = (await request.json())["seed"]
        return Response(await self.render(seed), media_type="image/png")


def main() -> None:
    """Serve POST /generate on the port that the command line names."""
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    deployment = serve.deployment(max_ongoing_requests=512)(Generator)
    serve.run(deployment.bind(), route_prefix="/generate")
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
