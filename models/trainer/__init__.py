"""Trains MobileViTv3 + SSDLite detectors for Swiftlet from photos with boxes; ../README.md is the manual."""
