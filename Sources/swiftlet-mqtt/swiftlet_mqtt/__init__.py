"""The bridge from swiftletd's stream to an MQTT broker."""
