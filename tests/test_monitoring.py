"""Claims on the dashboard and the compose profile in `monitoring/`, which no test starts."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.metrics import Metrics

ROOT = Path(__file__).parent.parent
MONITORING = ROOT / "monitoring"
DASHBOARD = json.loads((MONITORING / "grafana/dashboards/ganloom.json").read_text("utf-8"))
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
PARTS = pytest.mark.parametrize("panel", PANELS, ids=[panel["title"] for panel in PANELS])

# A series and what stands in its braces.
_SELECTOR = re.compile(r"(ganloom_\w+)(?:\{([^}]*)\})?")


def list_exprs(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


@pytest.fixture(scope="module")
def labels_of() -> dict[str, set[str]]:
    """The labels of every series that the service has, by its name."""
    metrics = Metrics()
    generator = metrics.for_model("x")
    generator.refused("queue_full").inc()
    metrics.watch("x", lambda: 0, lambda: 0)
    metrics.requests.labels("/generate", 200).inc()
    metrics.request_seconds.labels("/generate").observe(0.1)
    return {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    }


def test_every_series_named_is_one_of_the_service(labels_of: dict[str, set[str]]) -> None:
    texts = {path: path.read_text("utf-8") for path in MONITORING.rglob("*") if path.is_file()}
    named = {name for text in texts.values() for name in re.findall(r"ganloom_\w+", text)}
    assert len(named) >= 15
    assert named <= set(labels_of)


@PARTS
def test_every_label_asked_for_is_one_of_the_series(
    panel: dict[str, Any], labels_of: dict[str, set[str]]
) -> None:
    for expr in list_exprs(panel):
        selectors = _SELECTOR.findall(expr)
        assert selectors
        known = set.intersection(*(labels_of[name] for name, _ in selectors))
        selected = {label for _, inner in selectors for label in re.findall(r"(\w+)[!=]", inner)}
        grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", expr))))
        assert selected | grouped <= known
        legends = " ".join(target["legendFormat"] for target in panel["targets"])
        assert set(re.findall(r"\{\{(\w+)\}\}", legends)) <= known


@PARTS
def test_model_chosen_holds_for_every_series_that_has_one(
    panel: dict[str, Any], labels_of: dict[str, set[str]]
) -> None:
    for expr in list_exprs(panel):
        for name, inner in _SELECTOR.findall(expr):
            assert ('model=~"$model"' in inner) == ("model" in labels_of[name])


@PARTS
def test_every_panel_shows_something_in_a_unit(panel: dict[str, Any]) -> None:
    assert all(expr.strip() for expr in list_exprs(panel))
    assert all(target["legendFormat"] for target in panel["targets"])
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["description"]


def test_no_two_panels_overlap() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        apart_across = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_down = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_across or apart_down


def test_ids_are_unique() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


def test_every_query_asks_the_provisioned_data_source() -> None:
    text = (MONITORING / "grafana/datasource.yml").read_text("utf-8")
    (uid,) = re.findall(r"^\s+uid: (\S+)$", text, flags=re.MULTILINE)
    variables = DASHBOARD["templating"]["list"]
    targets = [target for panel in PANELS for target in panel["targets"]]
    assert [variable["name"] for variable in variables] == ["model"]
    assert {part["datasource"]["uid"] for part in [*variables, *PANELS, *targets]} == {uid}


def test_compose_mounts_files_that_exist() -> None:
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    mounts = dict(re.findall(r"^\s+- \./(monitoring/\S+?):(\S+):ro$", compose, flags=re.MULTILINE))
    assert len(mounts) == compose.count("./monitoring/")
    for source in mounts:
        assert (ROOT / source).exists()
    # What one file says of another's place in the container.
    folder = mounts["monitoring/grafana/dashboards"]
    provider = (MONITORING / "grafana/dashboards.yml").read_text("utf-8")
    assert f"path: {folder}\n" in provider
    assert f"DEFAULT_HOME_DASHBOARD_PATH={folder}/ganloom.json\n" in compose
    assert f"--config.file={mounts['monitoring/prometheus.yml']}\n" in compose


def test_monitoring_starts_with_its_profile_alone() -> None:
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    for name in ("prometheus", "grafana"):
        (service,) = re.findall(rf"^  {name}:\n((?:    .*\n|\n)+)", compose, flags=re.MULTILINE)
        assert "    profiles: [monitoring]\n" in service
        assert "    read_only: true\n" in service
        assert "    cap_drop:\n      - ALL\n" in service
        assert "    healthcheck:\n" in service
        assert re.search(r"^    image: \S+:v?\d+\.\d+\.\d+$", service, flags=re.MULTILINE)
        assert not re.search(r'^      - "(?!127\.0\.0\.1:)[^"]*:\d+"$', service, flags=re.MULTILINE)
