"""What Home Assistant is told: one message for each entity, as its page on MQTT discovery has them."""

import hashlib
import re
from collections.abc import Iterator

from swiftlet_mqtt.settings import Settings


PLAIN = "A-Za-z0-9_-"  # characters that may stand in a topic, and in an identifier of Home Assistant's
LONGEST = 64  # characters of a label in a topic
LONGEST_NAME = 255  # of what Home Assistant shows


def slug(text: str) -> str:
    """What may stand in a topic, and in an identifier of Home Assistant's."""
    return re.sub(f"[^{PLAIN}]+", "_", text)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def slugs(labels: list[str], wanted: list[str], maximum: int, first: int = 1) -> dict[str, str]:
    """For each label its own name in topics, which does not depend on what is wanted. Classes before the
    first are the background.

    A label that may stand there as it is keeps its name, whatever the others become."""
    classes = {label: index for index, label in reversed(list(enumerate(labels))) if index >= first}
    names = {label: label for label in classes if re.fullmatch(f"[{PLAIN}]{{1,{LONGEST}}}", label) and label.strip("_")}
    taken = set(names)
    for label, index in sorted(classes.items(), key=lambda entry: entry[1]):
        if label not in names:
            name = slug(label)
            if len(name) > LONGEST:
                name = f"{name[:LONGEST - 16]}-{digest(label)}"
            if not name.strip("_"):
                name = f"{name}_{index}"
            while name in taken:
                name = f"{name}_{index}"
            names[label] = name
            taken.add(name)
    chosen = [label for label in sorted(classes, key=classes.get) if not wanted or label in wanted]
    return {label: names[label] for label in chosen[:maximum]}


def node(client_id: str) -> str:
    """The name of this bridge in identifiers: another one for each client id, and such that with what is put behind it no
    two bridges have one identifier."""
    if re.fullmatch(f"[{PLAIN}]+", client_id) and not re.search("_(count|presence)_", f"{client_id}_"):
        return client_id
    return f"{slug(client_id).replace('_', '-')[:LONGEST]}-{digest(client_id)}"


def entities(settings: Settings, hello: dict, names: dict[str, str]) -> Iterator[tuple[str, dict]]:
    """Topics and payloads: a count and a presence per class, and what shows how the bridge itself is."""
    name, prefix = node(settings.client_id), settings.prefix
    bridge = {"topic": f"{prefix}/availability"}
    seeing = [bridge]
    has_camera = hello["source"]["kind"] == "camera"
    if has_camera:
        template = "{{ 'online' if value_json.state == 'streaming' else 'offline' }}"
        seeing.append({"topic": f"{prefix}/camera", "value_template": template})
    shared = {
        "device": {
            "identifiers": [name], "name": settings.client_id, "manufacturer": "Swiftlet",
            "model": hello["model"]["name"] or hello["model"]["architecture"], "sw_version": hello["version"],
        },
        "origin": {"name": "swiftlet-mqtt", "sw_version": hello["version"]},
        "availability_mode": "all",
        "qos": settings.qos,
    }

    def entity(component: str, suffix: str, **more: object) -> tuple[str, dict]:
        identifier = f"{name}_{suffix}"
        return (f"{settings.discovery_prefix}/{component}/{identifier}/config",
                shared | {"unique_id": identifier} | more)

    for label, short in names.items():
        topic, shown = f"{prefix}/count/{short}", label[:LONGEST_NAME]
        yield entity(
            "sensor", f"count_{short}", name=f"{shown} count", state_topic=topic, availability=seeing,
            state_class="measurement", icon="mdi:counter")
        yield entity(
            "binary_sensor", f"presence_{short}", name=shown, state_topic=topic, availability=seeing,
            device_class="occupancy", value_template="{{ 'ON' if value | int > 0 else 'OFF' }}")
    yield entity(
        "sensor", "lost", name="Lost lines", state_topic=f"{prefix}/lost", availability=[bridge],
        state_class="total_increasing", entity_category="diagnostic")
    if has_camera:
        yield entity(
            "binary_sensor", "camera", name="Camera", state_topic=f"{prefix}/camera", availability=[bridge],
            device_class="connectivity", entity_category="diagnostic",
            value_template="{{ 'ON' if value_json.state == 'streaming' else 'OFF' }}")
