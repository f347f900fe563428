"""Reads a model file with the Python package gguf, which shares no code with ours, and checks what it finds."""

import sys

import gguf
import numpy


def main(path: str) -> None:
    reader = gguf.GGUFReader(path)
    text = lambda key: bytes(reader.fields[key].parts[reader.fields[key].data[0]]).decode()
    architecture = text("general.architecture")
    assert architecture == "swiftlet" and text("swiftlet.family") == "mobilevitv3-ssdlite", architecture
    labels = reader.fields["labels"]
    assert len(labels.data) == 81, len(labels.data)
    assert bytes(labels.parts[labels.data[1]]).decode() == "person"

    shapes = {tensor.name: list(map(int, tensor.shape)) for tensor in reader.tensors}
    # GGUF lists the fastest dimension first: [out, in, 3, 3] for a kernel stored as [3, 3, in, out].
    stem, head = shapes["encoder.conv_1.weight"], shapes["ssd_heads.0.loc_cls_layer.pw_conv.weight"]
    if "encoder.conv_1.unit" in shapes:
        # int8, packed: [4 inputs, 8 outputs, inputs / 4, outputs / 8].
        assert stem == [4, 8, 7, 2] and head == [4, 8, 128, 64], (stem, head)
        assert shapes["ssd_heads.0.loc_cls_layer.pw_conv.unit"] == [510]
    else:
        assert stem == [16, 3, 3, 3] and head == [510, 512], (stem, head)
    for tensor in reader.tensors:
        assert tensor.data_offset % 64 == 0, tensor.name
        assert numpy.isfinite(tensor.data).all(), tensor.name
    parameters = sum(int(tensor.n_elements) for tensor in reader.tensors)
    print(f"{path}: {text('general.name')}, {len(reader.tensors)} tensors, {parameters} parameters")


if __name__ == "__main__":
    main(sys.argv[1])
