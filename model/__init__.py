"""Generators, latents, checkpoints and inference; knows nothing of HTTP.

Two flows meet here. Training (`model.training`) ends in a checkpoint; the service
starts from one. Nothing outside `model.training` may import it.
"""
