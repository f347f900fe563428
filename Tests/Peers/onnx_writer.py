"""Writes a network as ONNX, opset 20, in the forms that runtimes know from PyTorch's exporter. Maps are NCHW."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import network

KINDS = {"relu": "Relu", "gelu": "Gelu", "hard-swish": "HardSwish", "sigmoid": "Sigmoid"}


class Writer:
    def __init__(self, model):
        self.model = model
        self.nodes, self.constants, self.shapes = [], {}, {}

    def _node(self, operation, inputs, shape, outputs=1, **attributes):
        names = [f"{operation.lower()}_{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(operation, inputs, names, names[0], **attributes))
        shapes = [shape] if outputs == 1 else shape
        self.shapes.update(zip(names, shapes))
        return names[0] if outputs == 1 else names

    def _constant(self, name, value):
        self.constants[name] = numpy_helper.from_array(np.array(value, order="C"), name)
        return name

    def _reshape(self, x, shape):
        constant = self._constant("shape_" + "_".join(map(str, shape)), np.array(shape, np.int64))
        return self._node("Reshape", [x, constant], tuple(shape))

    def _transpose(self, x, order):
        return self._node("Transpose", [x], tuple(self.shapes[x][axis] for axis in order), perm=order)

    def _binary(self, operation, x, y):
        shape = np.broadcast_shapes(self.shapes[x], self.constants_shape(y))
        return self._node(operation, [x, y], shape)

    def constants_shape(self, name):
        return tuple(self.constants[name].dims) if name in self.constants else self.shapes[name]

    def _convolution(self, x, name, window, weight, group, activation):
        shape = (1, weight.shape[0], *window.output(*self.sides(x)))
        inputs = [x, self._constant(name + ".weight", weight)]
        if (bias := self.model.bias(name)) is not None:
            inputs.append(self._constant(name + ".bias", bias))
        y = self._node(
            "Conv", inputs, shape, kernel_shape=window.kernel, strides=window.stride, dilations=window.dilation,
            pads=window.before + window.after, group=group)
        return self.activate(y, activation)

    # What network.build calls.

    def channels(self, x):
        return self.shapes[x][1]

    def sides(self, x):
        return self.shapes[x][2:]

    def input(self, height, width):
        self.shapes["image"] = (1, 3, height, width)
        return "image"

    def activate(self, x, activation):
        shape = self.shapes[x]
        match activation:
            case None:
                return x
            case "silu":
                return self._binary("Mul", x, self._node("Sigmoid", [x], shape))
            case "relu6":
                limits = (("zero", 0), ("six", 6))
                limits = [self._constant(name, np.array(value, np.float32)) for name, value in limits]
                return self._node("Clip", [x, *limits], shape)
            case _:
                return self._node(KINDS[activation], [x], shape)

    def convolution(self, x, name, window, channels, groups, activation):
        weight = self.model.weight(name).reshape(groups, *window.kernel, -1, channels // groups)
        weight = weight.transpose(0, 4, 3, 1, 2).reshape(channels, -1, *window.kernel)
        return self._convolution(x, name, window, weight, groups, activation)

    def depthwise(self, x, name, window, activation):
        weight = self.model.weight(name).reshape(*window.kernel, -1).transpose(2, 0, 1)[:, None]
        return self._convolution(x, name, window, weight, weight.shape[0], activation)

    def pointwise(self, x, name, activation):
        weight = self.model.weight(name)
        if len(self.shapes[x]) == 4:
            return self._convolution(x, name, network.ONE, weight.T[:, :, None, None], 1, activation)
        y = self._node("MatMul", [x, self._constant(name + ".weight", weight)],
                       self.shapes[x][:-1] + weight.shape[1:])
        if (bias := self.model.bias(name)) is not None:
            y = self._binary("Add", y, self._constant(name + ".bias", bias))
        return self.activate(y, activation)

    def add(self, x, y):
        return self._binary("Add", x, y)

    def multiply(self, x, factors):
        return self._binary("Mul", x, factors)

    def concatenate(self, maps):
        channels = sum(self.channels(x) for x in maps)
        return self._node("Concat", maps, (1, channels, *self.sides(maps[0])), axis=1)

    def mean(self, x):
        return self._node("GlobalAveragePool", [x], self.shapes[x][:2] + (1, 1))

    def resize(self, x, sides, align_corners):
        shape = (1, self.channels(x), *sides)
        constant = self._constant("shape_" + "_".join(map(str, shape)), np.array(shape, np.int64))
        rule = "align_corners" if align_corners else "pytorch_half_pixel"
        return self._node("Resize", [x, "", "", constant], shape, mode="linear", coordinate_transformation_mode=rule)

    # Four dimensions at most, as upstream: ncnn knows no more.

    def _patches(self, x, grid):
        """[1, channels, tokens, patch positions] of a map."""
        _, channels, height, width = self.shapes[x]
        rows, columns = grid
        if rows * columns > 1:
            y = self._reshape(x, [channels * height // rows, rows, width // columns, columns])
            x = self._transpose(y, [0, 2, 1, 3])
        return self._reshape(x, [1, channels, height * width // (rows * columns), rows * columns])

    def unfold(self, x, grid, separable):
        if separable:
            return self._transpose(self._patches(x, grid), [0, 1, 3, 2])
        y = self._transpose(self._patches(x, grid), [0, 3, 2, 1])
        return self._reshape(y, list(self.shapes[y][1:]))

    def fold(self, x, grid, sides):
        if len(self.shapes[x]) == 4:
            x = self._transpose(x, [0, 1, 3, 2])
        else:
            x = self._transpose(self._reshape(x, [1, *self.shapes[x]]), [0, 3, 2, 1])
        channels, (height, width), (rows, columns) = self.channels(x), sides, grid
        if rows * columns > 1:
            x = self._reshape(x, [channels * height // rows, width // columns, rows, columns])
            x = self._transpose(x, [0, 2, 1, 3])
        return self._reshape(x, [1, channels, height, width])

    def layer_norm(self, x, name):
        parameters = [self._constant(name + ".weight", self.model.weight(name)),
                      self._constant(name + ".bias", self.model.bias(name))]
        return self._node("LayerNormalization", [x, *parameters], self.shapes[x], axis=-1, epsilon=1e-5)

    def group_norm(self, x, name):
        shape = self.shapes[x]
        parameters = [self._constant("ones", np.ones(1, np.float32)), self._constant("zeros", np.zeros(1, np.float32))]
        group = self._constant("shape_of_group", np.array([0, 1, -1], np.int64))
        y = self._node("Reshape", [x, group], (1, 1, int(np.prod(shape))))
        y = self._node("InstanceNormalization", [y, *parameters], self.shapes[y], epsilon=1e-5)
        y = self._reshape(y, list(shape))
        y = self._binary("Mul", y, self._constant(name + ".weight", self.model.weight(name)[:, None, None]))
        return self._binary("Add", y, self._constant(name + ".bias", self.model.bias(name)[:, None, None]))

    def attention(self, x, heads):
        batch, tokens, channels = self.shapes[x]
        size = channels // 3 // heads
        y = self._reshape(x, [batch, tokens, 3, heads, size])
        y = self._transpose(y, [0, 3, 2, 1, 4])
        q, k, v = (
            self._node("Gather", [y, self._constant(f"index_{index}", np.array(index, np.int64))],
                       (batch, heads, tokens, size), axis=2)
            for index in range(3))
        q = self._binary("Mul", q, self._constant(f"scale_{size}", np.array(size ** -0.5, np.float32)))
        scores = self._node("MatMul", [q, self._transpose(k, [0, 1, 3, 2])], (batch, heads, tokens, tokens))
        scores = self._node("Softmax", [scores], self.shapes[scores], axis=-1)
        y = self._node("MatMul", [scores, v], (batch, heads, tokens, size))
        return self._reshape(self._transpose(y, [0, 2, 1, 3]), [batch, tokens, heads * size])

    def separable_attention(self, x):
        _, channels, positions, tokens = self.shapes[x]
        size = channels // 2
        split = self._constant(f"split_{size}", np.array([1, size, size], np.int64))
        shapes = [(1, count, positions, tokens) for count in (1, size, size)]
        q, k, v = self._node("Split", [x, split], shapes, outputs=3, axis=1)
        scores = self._node("Softmax", [q], shapes[0], axis=-1)
        axes = self._constant("last_axis", np.array([3], np.int64))
        context = self._node(
            "ReduceSum", [self._binary("Mul", k, scores), axes], (1, size, positions, 1), keepdims=1)
        return self._binary("Mul", self._node("Relu", [v], shapes[2]), context)

    def rows(self, maps, channels):
        parts = []
        for x in maps:
            y = self._transpose(x, [0, 2, 3, 1])
            parts.append(self._reshape(y, [1, int(np.prod(self.shapes[y])) // channels, channels]))
        if len(parts) == 1:
            return parts[0]
        return self._node("Concat", parts, (1, sum(self.shapes[part][1] for part in parts), channels), axis=1)

    def output(self, x):
        """`x` is what the last node makes."""
        self.nodes[-1].output[0] = "predictions"
        self.shapes["predictions"] = self.shapes[x]


def write(model, path):
    writer = Writer(model)
    network.build(model, writer)

    def value(name):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, writer.shapes[name])

    graph = helper.make_graph(
        writer.nodes, "network", [value("image")], [value("predictions")], list(writer.constants.values()))
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(result, full_check=True)
    onnx.save(result, path)
