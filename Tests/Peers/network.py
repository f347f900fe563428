"""The network of a model file of ours, handed operation by operation to a writer of another runtime's format.

A writer (onnx_writer, tflite_writer) knows how its format expresses each operation of Sources/Engine/Operations. Maps
have batch 1. A convolution whose groups make two outputs each stays what it is in model files, two depthwise ones and a
concatenation: ONNX Runtime is faster with that.
"""

from typing import NamedTuple

import numpy as np
from gguf import GGUFReader

# By their numbers in model files: CK_ACTIVATIONS.
ACTIVATIONS = (None, "relu", "silu", "relu6", "gelu", "hard-swish", "sigmoid")


class Window(NamedTuple):
    """What an output pixel of a convolution sees of its input: pairs of height and width."""

    kernel: tuple
    stride: tuple
    dilation: tuple
    before: tuple
    after: tuple

    @classmethod
    def of(cls, attributes):
        return cls(*zip(attributes[::2], attributes[1::2], strict=True))

    def output(self, height, width):
        """The sides of the map that it makes of one with these."""
        sides = zip((height, width), *self)
        return tuple((side + before + after - dilation * (kernel - 1) - 1) // stride + 1
                     for side, kernel, stride, dilation, before, after in sides)


ONE = Window((1, 1), (1, 1), (1, 1), (0, 0), (0, 0))


class Model:
    """Metadata and tensors of a GGUF file; tensors as float32, the outermost dimension first."""

    def __init__(self, path):
        reader = GGUFReader(path)
        self.path, self.fields = path, reader.fields
        self.tensors = {}
        for tensor in reader.tensors:
            if tensor.data.dtype != np.float32:
                raise ValueError(f"{path}: {tensor.name} is {tensor.tensor_type.name}: give a model file of fp32")
            self.tensors[tensor.name] = np.array(tensor.data)

    def __getitem__(self, key):
        if key not in self.fields:
            raise ValueError(f"{self.path}: has no {key}: swiftlet-model upgrade may add it")
        return self.fields[key].contents()

    def weight(self, name):
        return self.tensors[name + ".weight"]

    def bias(self, name):
        return self.tensors.get(name + ".bias")

    @property
    def input_shape(self):
        """Height and width."""
        return self["input.height"], self["input.width"]

    def operations(self):
        """For each operation its kind, its name, the numbers of its inputs, and its attributes."""
        kinds, inputs, attributes = self["graph.kinds"], iter(self["graph.inputs"]), iter(self["graph.attributes"])
        for kind, name, input_count, attribute_count in zip(
                *(self["graph." + key] for key in ("kind", "names", "input_counts", "attribute_counts"))):
            yield (kinds[kind], name, [next(inputs) for _ in range(input_count)],
                   [next(attributes) for _ in range(attribute_count)])


def build(model, w):
    """Calls writer `w` for every operation. Its output is [1, rows, channels]: a row for each record of a detector, or
    for each pixel."""
    values = [w.input(*model.input_shape)]
    # Separable attention is made of operations on maps: its tokens stay a map of patch positions x tokens.
    separable = "separable attention" in model["graph.kinds"]
    for kind, name, numbers, attributes in model.operations():
        inputs = [values[number] for number in numbers]
        x = inputs[0]
        match kind, attributes:
            case "convolution", [channels, groups, activation, *window]:
                y = w.convolution(x, name, Window.of(window), channels, groups, ACTIVATIONS[activation])
            case "depthwise", [activation, *window]:
                y = w.depthwise(x, name, Window.of(window), ACTIVATIONS[activation])
            case "pointwise", [_, activation]:
                y = w.pointwise(x, name, ACTIVATIONS[activation])
            case "activation", [activation]:
                y = w.activate(x, ACTIVATIONS[activation])
            case "add", []:
                y = w.add(*inputs)
            case "multiply", []:
                y = w.multiply(*inputs)
            case "mean", []:
                y = w.mean(x)
            case "resize", [align_corners, *extent]:
                sides = extent_sides(w, x, values, extent)
                y = x if sides == w.sides(x) else w.resize(x, sides, align_corners == 1)
            case "unfold", grid:
                y = w.unfold(x, grid, separable)
            case "fold", [*grid, 1, like]:
                y = w.fold(x, grid, w.sides(values[like]))
            case "layer norm", []:
                y = w.layer_norm(x, name)
            case "group norm", []:
                y = w.group_norm(x, name)
            case "attention", [heads]:
                y = w.attention(x, heads)
            case "separable attention", []:
                y = w.separable_attention(x)
            case "concatenate channels", []:
                y = w.concatenate(inputs)
            case "concatenate rows", [channels]:
                y = w.rows(inputs, channels)
            case _:
                raise ValueError(f"{name}: {kind} with {attributes} cannot be converted")
        values.append(y)
    y = values[model["graph.outputs"][0]]
    w.output(y if kind == "concatenate rows" else w.rows([y], w.channels(y)))


def extent_sides(w, x, values, extent):
    """The height and width that `extent`, of an operation's attributes, gives a map made of `x`."""
    match extent:
        case [0, *grid]:
            return tuple(-(-side // patch) * patch for side, patch in zip(w.sides(x), grid))
        case [1, number]:
            return w.sides(values[number])
