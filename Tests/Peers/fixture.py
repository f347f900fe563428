"""The reference image and output of a network, from Tests/Fixtures/golden."""

import json
import struct

import numpy as np


def tensors(path):
    """The tensors of a safetensors file by name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    types = {"F32": "<f4", "U8": "u1", "I64": "<i8"}
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], types[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }


def load(path, channel_order):
    """The network's input, float32 [1, height, width, 3], and its reference output, [1, R, 4 + classes]."""
    golden = tensors(path)
    image = golden["image_u8_rgb_hwc"].astype(np.float32) / 255
    if channel_order == "bgr":
        image = image[..., ::-1]
    reference = np.concatenate([golden["locations"], golden["confidences"]], axis=2)
    return np.ascontiguousarray(image[None]), reference


def calibration(image):
    """Inputs to calibrate int8 with: the image mirrored, turned, darkened and brightened."""
    result = []
    for gain in (1.0, 0.6, 1.5):
        for turned in (image, image[:, :, ::-1], image[:, ::-1], image[:, ::-1, ::-1]):
            result.append(np.ascontiguousarray(np.clip(turned * np.float32(gain), 0, 1)))
    return result
