"""The bridge from swiftletd's stream to an MQTT broker."""

VERSION = "0.1.0"  # of the whole product: Sources/Service/Product.swift
