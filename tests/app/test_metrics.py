from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families


async def scrape(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and label values."""
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.anyio
async def test_requests_are_counted_by_route_and_status(client: httpx.AsyncClient) -> None:
    for url in ("/images/1.png", "/images/2.png", "/images/x.png", "/nobody", "/elsewhere"):
        await client.get(url)
    samples = await scrape(client)
    route = "/images/{seed}.{extension}"
    assert samples["ganloom_requests_total", route, "200"] == 2
    assert samples["ganloom_requests_total", route, "422"] == 1
    assert samples["ganloom_requests_total", "unmatched", "404"] == 2
    assert samples["ganloom_request_seconds_count", route] == 3
    assert samples[("ganloom_requests_in_flight",)] == 1  # this very one


@pytest.mark.anyio
async def test_generators_are_measured(client: httpx.AsyncClient) -> None:
    before = await scrape(client)
    await client.post("/generate", json={"model": "pets", "seed": 1, "n": 5})
    after = await scrape(client)
    grown = {key: after[key] - before.get(key, 0) for key in after}
    assert grown["ganloom_images_total", "pets"] == 5
    assert grown["ganloom_forward_seconds_count", "pets"] == 1
    assert grown["ganloom_queue_seconds_count", "pets"] == 1
    assert grown["ganloom_batch_images_sum", "pets"] == 5
    assert grown["ganloom_padded_images_count", "pets"] == 1
    assert grown["ganloom_encode_seconds_count", "pets"] == 1
    assert grown["ganloom_pack_seconds_count", "grid"] == 1
    assert after["ganloom_queue_images", "pets"] == 0
    assert after["ganloom_device_memory_bytes", "pets"] == 0  # on a CPU there is none to tell


@pytest.mark.anyio
async def test_no_client_adds_a_series(client: httpx.AsyncClient) -> None:
    await client.get("/nobody")
    before = len(await scrape(client))
    for number in range(20):
        await client.get(f"/nobody/{number}")
        await client.get(f"/static/{number}")
        await client.request(f"VERB{number}", "/nobody")
    assert len(await scrape(client)) <= before + 2
