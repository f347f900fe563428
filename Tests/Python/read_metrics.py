"""Reads the daemon's metrics with Prometheus' own parser: read_metrics.py FILE FRAMES"""

import pathlib
import sys

from prometheus_client.parser import text_string_to_metric_families

STAGES = {"capture", "decode", "inference", "publish"}


def main(path: str, frames: str) -> None:
    families = {family.name: family for family in text_string_to_metric_families(pathlib.Path(path).read_text())}
    assert all(name.startswith("swiftlet_") and family.documentation for name, family in families.items())

    def value(name: str) -> float:
        (sample,) = families[name].samples
        return sample.value

    for name in ("captured", "decoded", "inferred", "published"):
        # The parser takes "_total" off a counter's name.
        family = families[f"swiftlet_frames_{name}"]
        assert family.type == "counter" and value(family.name) == int(frames), family
    assert value("swiftlet_resident_bytes") <= value("swiftlet_resident_peak_bytes")
    assert value("swiftlet_start_time_seconds") <= value("swiftlet_written_time_seconds")
    stages = families["swiftlet_stage_seconds"]
    assert stages.type == "histogram" and {sample.labels["stage"] for sample in stages.samples} == STAGES
    for stage in STAGES:
        buckets = [s for s in stages.samples if s.name.endswith("_bucket") and s.labels["stage"] == stage]
        bounds = [float(sample.labels["le"]) for sample in buckets]
        counts = [sample.value for sample in buckets]
        assert bounds == sorted(bounds) and bounds[-1] == float("inf"), stage
        assert counts == sorted(counts) and counts[-1] == int(frames), stage
    print(f"{path}: {len(families)} metrics")


if __name__ == "__main__":
    main(*sys.argv[1:])
