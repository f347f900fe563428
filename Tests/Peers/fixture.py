"""The image that all runtimes see, and the output that theirs is judged by.

Goldens and what swiftlet-model run writes are safetensors; what the other programs here get is an .npz file of `image`,
the network's input, float32 [1, height, width, 3], and `reference`, its output, [1, rows, channels].
"""

import json
import os
import struct
import subprocess

import numpy as np

TYPES = {"F32": "<f4", "U8": "u1", "I32": "<i4", "I64": "<i8"}


def tensors(path):
    """The tensors of a safetensors file by name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], TYPES[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }


def compute(program, model, golden, folder):
    """Tensors like a golden's, as `program`, swiftlet-model, computes them from the model file. The image is that of
    the file `golden`, repeated to the input's size."""
    image = tensors(golden)["image_u8_rgb_hwc"]
    rows, columns = (np.arange(side) % have for side, have in zip(model.input_shape, image.shape))
    image = np.ascontiguousarray(image[rows][:, columns])
    path, output = (os.path.join(folder, name) for name in ("image.safetensors", "output.safetensors"))
    header = json.dumps({"image_u8_rgb_hwc": {
        "dtype": "U8", "shape": image.shape, "data_offsets": [0, image.size]}}).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + image.tobytes())
    subprocess.run([program, "run", model.path, "--input", path, "-o", output], check=True, stdout=subprocess.DEVNULL)
    return tensors(output) | {"image_u8_rgb_hwc": image}


def save(golden, model, path):
    """Writes image and output of a golden as the network has them."""
    image = golden["image_u8_rgb_hwc"] * np.float32(model["input.scale"])
    if model["input.channel_order"] == "bgr":
        image = image[..., ::-1]
    image = (image - np.float32(model["input.mean"])) / np.float32(model["input.standard_deviation"])
    if "locations" in golden:
        reference = np.concatenate([golden["locations"], golden["confidences"]], axis=2)
    else:
        # Of a classifier [1, classes], of a segmenter [1, classes, height, width].
        logits = golden["logits" if "logits" in golden else "logits_lowres"]
        reference = logits.reshape(1, logits.shape[1], -1).transpose(0, 2, 1)
    np.savez(path, image=image[None], reference=reference)


def load(path):
    """Image and reference."""
    with np.load(path) as arrays:
        return arrays["image"], arrays["reference"]


def calibration(image):
    """Inputs to calibrate int8 with: the image mirrored, turned, and its values made smaller and larger."""
    limits = image.min(), image.max()
    result = []
    for gain in (1.0, 0.6, 1.5):
        for turned in (image, image[:, :, ::-1], image[:, ::-1], image[:, ::-1, ::-1]):
            result.append(np.ascontiguousarray(np.clip(turned * np.float32(gain), *limits)))
    return result
