"""The service: HTTP in front of `model`; never imports `model.training`.

A request goes down one path and no layer calls upward:

    route -> renderer -> catalog -> batcher -> generator -> pixels -> image encoding -> response
"""
