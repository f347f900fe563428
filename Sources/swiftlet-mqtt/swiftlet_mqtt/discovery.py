"""What Home Assistant is told: one message for each entity, as its page on MQTT discovery has them."""

import re
from collections.abc import Iterator

from swiftlet_mqtt.settings import Settings


def slug(text: str) -> str:
    """What may stand in a topic, and in an identifier of Home Assistant's."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text)


def slugs(labels: list[str], wanted: list[str], most: int) -> dict[str, str]:
    """For each label its own name in topics. Class 0 is the background."""
    names: dict[str, str] = {}
    for index, label in enumerate(labels):
        if index > 0 and label not in names and (not wanted or label in wanted) and len(names) < most:
            name = slug(label)
            names[label] = name if name.strip("_") and name not in names.values() else f"{name}_{index}"
    return names


def entities(settings: Settings, hello: dict, names: dict[str, str]) -> Iterator[tuple[str, dict]]:
    """Topics and payloads: a count and a presence per class, and what shows how the bridge itself is."""
    node, prefix = slug(settings.client_id), settings.prefix
    bridge = {"topic": f"{prefix}/availability"}
    seeing = [bridge]
    has_camera = hello["source"]["kind"] == "camera"
    if has_camera:
        template = "{{ 'online' if value_json.state == 'streaming' else 'offline' }}"
        seeing.append({"topic": f"{prefix}/camera", "value_template": template})
    shared = {
        "device": {
            "identifiers": [node], "name": settings.client_id, "manufacturer": "Swiftlet",
            "model": hello["model"]["name"] or hello["model"]["architecture"], "sw_version": hello["version"],
        },
        "origin": {"name": "swiftlet-mqtt", "sw_version": hello["version"]},
        "availability_mode": "all",
        "qos": settings.qos,
    }

    def entity(component: str, suffix: str, **more: object) -> tuple[str, dict]:
        identifier = f"{node}_{suffix}"
        return (f"{settings.discovery_prefix}/{component}/{identifier}/config",
                shared | {"unique_id": identifier} | more)

    for label, name in names.items():
        topic = f"{prefix}/count/{name}"
        yield entity(
            "sensor", f"count_{name}", name=f"{label} count", state_topic=topic, availability=seeing,
            state_class="measurement", icon="mdi:counter")
        yield entity(
            "binary_sensor", f"presence_{name}", name=label, state_topic=topic, availability=seeing,
            device_class="occupancy", value_template="{{ 'ON' if value | int > 0 else 'OFF' }}")
    yield entity(
        "sensor", "lost", name="Lost lines", state_topic=f"{prefix}/lost", availability=[bridge],
        state_class="total_increasing", entity_category="diagnostic")
    if has_camera:
        yield entity(
            "binary_sensor", "camera", name="Camera", state_topic=f"{prefix}/camera", availability=[bridge],
            device_class="connectivity", entity_category="diagnostic",
            value_template="{{ 'ON' if value_json.state == 'streaming' else 'OFF' }}")
