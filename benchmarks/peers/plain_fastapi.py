"""FastAPI as a tutorial has it: no batching, one forward pass a request, Pillow."""

from __future__ import annotations

import sys

import torch
import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel

from benchmarks.peers.generator import THREADS, build_generator, encode_png, latent, to_pixels


class SeedRequest(BaseModel):
    """What to draw."""

    seed: int


def main() -> None:
    """Serve POST /generate on the port that the command line names."""
    torch.set_num_threads(THREADS)
    network = build_generator()
    app = FastAPI()

    @app.post("/generate")
    def generate(request: SeedRequest) -> Response:
        with torch.inference_mode():
            images = network(latent(request.seed)[None])
        return Response(encode_png(to_pixels(images)[0]), media_type="image/png")

    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")


if __name__ == "__main__":
    main()
