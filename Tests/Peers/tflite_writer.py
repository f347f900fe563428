"""Writes a network as a LiteRT flatbuffer, in the operations that its XNNPACK delegate runs. Maps are NHWC."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

import network

KIND = schema.BuiltinOperator
OPTIONS = schema.BuiltinOptions
KINDS = {"relu": KIND.RELU, "relu6": KIND.RELU6, "sigmoid": KIND.LOGISTIC, "hard-swish": KIND.HARD_SWISH}
FUSED = {"relu": schema.ActivationFunctionType.RELU, "relu6": schema.ActivationFunctionType.RELU6}


class Writer:
    def __init__(self, model):
        self.model = model
        self.buffers = [schema.BufferT()]
        self.tensors, self.operators, self.codes, self.known = [], [], [], {}

    # A value is the index of its tensor.

    def _tensor(self, name, shape, kind=schema.TensorType.FLOAT32, data=None):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, [int(side) for side in shape], kind
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            tensor.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def _constant(self, name, value):
        if name not in self.known:
            value = np.asarray(value)
            kind = schema.TensorType.INT32 if value.dtype == np.int32 else schema.TensorType.FLOAT32
            self.known[name] = self._tensor(name, value.shape, kind, value)
        return self.known[name]

    def _integers(self, values):
        return self._constant("integers_" + "_".join(map(str, values)), np.array(values, np.int32))

    def _shape(self, x):
        return tuple(self.tensors[x].shape)

    def _node(self, kind, inputs, shape, options=None, **fields):
        """Appends the operation `kind`, whose table of options is named `options`, and returns its output."""
        if kind not in self.codes:
            self.codes.append(kind)
        operator = schema.OperatorT()
        operator.opcodeIndex = self.codes.index(kind)
        operator.inputs = inputs
        operator.outputs = [self._tensor(f"value_{len(self.operators)}", shape)]
        if options:
            operator.builtinOptionsType = getattr(OPTIONS, options)
            operator.builtinOptions = getattr(schema, options + "T")()
            for name, value in fields.items():
                setattr(operator.builtinOptions, name, value)
        self.operators.append(operator)
        return operator.outputs[0]

    def _reshape(self, x, shape):
        return self._node(KIND.RESHAPE, [x, self._integers(shape)], shape, "ReshapeOptions", newShape=list(shape))

    def _transpose(self, x, order):
        shape = [self._shape(x)[axis] for axis in order]
        return self._node(KIND.TRANSPOSE, [x, self._integers(order)], shape, "TransposeOptions")

    def _binary(self, name, x, y):
        shape = np.broadcast_shapes(self._shape(x), self._shape(y))
        kind = {"Add": KIND.ADD, "Sub": KIND.SUB, "Mul": KIND.MUL, "SquaredDifference": KIND.SQUARED_DIFFERENCE}[name]
        return self._node(kind, [x, y], shape, name + "Options")

    def _mean(self, x, axes):
        shape = [1 if axis in axes else side for axis, side in enumerate(self._shape(x))]
        return self._node(KIND.MEAN, [x, self._integers(axes)], shape, "ReducerOptions", keepDims=True)

    def _slice(self, x, begin, size):
        return self._node(KIND.SLICE, [x, self._integers(begin), self._integers(size)], size, "SliceOptions")

    def _product(self, x, y, shape, transposed=False):
        return self._node(KIND.BATCH_MATMUL, [x, y], shape, "BatchMatMulOptions", adjY=transposed)

    def _softmax(self, x):
        return self._node(KIND.SOFTMAX, [x], self._shape(x), "SoftmaxOptions", beta=1.0)

    def _parameters(self, name, weight, channels):
        bias = self.model.bias(name)
        bias = np.zeros(channels, np.float32) if bias is None else bias
        return [self._constant(name + ".weight", weight), self._constant(name + ".bias", bias)]

    def _convolution(self, kind, x, name, window, weight, activation, options, **fields):
        channels = weight.shape[-1 if kind == KIND.DEPTHWISE_CONV_2D else 0]
        batch, height, width, depth = self._shape(x)
        shape = (batch, *window.output(height, width), channels)
        padding = schema.Padding.SAME
        if window != same(window, height, width):
            padding = schema.Padding.VALID
            edges = [(0, 0), *zip(window.before, window.after), (0, 0)]
            if any(map(any, edges)):
                pads = self._constant(f"pads_{edges}", np.array(edges, np.int32))
                sides = [side + sum(edge) for side, edge in zip((batch, height, width, depth), edges)]
                x = self._node(KIND.PAD, [x, pads], sides, "PadOptions")
        fused = FUSED.get(activation)
        y = self._node(
            kind, [x, *self._parameters(name, weight, channels)], shape, options, padding=padding,
            strideH=window.stride[0], strideW=window.stride[1],
            dilationHFactor=window.dilation[0], dilationWFactor=window.dilation[1],
            fusedActivationFunction=fused or schema.ActivationFunctionType.NONE, **fields)
        return y if fused else self.activate(y, activation)

    # What network.build calls.

    def channels(self, x):
        return self._shape(x)[-1]

    def sides(self, x):
        return self._shape(x)[1:3]

    def input(self, height, width):
        self.image = self._tensor("image", (1, height, width, 3))
        return self.image

    def activate(self, x, activation):
        shape = self._shape(x)
        match activation:
            case None:
                return x
            case "silu":
                return self._binary("Mul", x, self.activate(x, "sigmoid"))
            case "gelu":
                return self._node(KIND.GELU, [x], shape, "GeluOptions", approximate=False)
            case _:
                return self._node(KINDS[activation], [x], shape)

    def convolution(self, x, name, window, channels, groups, activation):
        weight = self.model.weight(name).reshape(groups, *window.kernel, -1, channels // groups)
        weight = weight.transpose(0, 4, 1, 2, 3).reshape(channels, *window.kernel, -1)
        return self._convolution(KIND.CONV_2D, x, name, window, weight, activation, "Conv2DOptions")

    def depthwise(self, x, name, window, activation):
        weight = self.model.weight(name).reshape(1, *window.kernel, -1)
        return self._convolution(
            KIND.DEPTHWISE_CONV_2D, x, name, window, weight, activation, "DepthwiseConv2DOptions", depthMultiplier=1)

    def pointwise(self, x, name, activation):
        weight = self.model.weight(name).T
        if len(self._shape(x)) == 4:
            weight = weight[:, None, None]
            return self._convolution(KIND.CONV_2D, x, name, network.ONE, weight, activation, "Conv2DOptions")
        y = self._node(
            KIND.FULLY_CONNECTED, [x, *self._parameters(name, weight, weight.shape[0])],
            self._shape(x)[:-1] + weight.shape[:1], "FullyConnectedOptions", keepNumDims=True)
        return self.activate(y, activation)

    def add(self, x, y):
        return self._binary("Add", x, y)

    def multiply(self, x, factors):
        return self._binary("Mul", x, factors)

    def concatenate(self, maps):
        shape = self._shape(maps[0])[:-1] + (sum(self.channels(x) for x in maps),)
        return self._node(KIND.CONCATENATION, maps, shape, "ConcatenationOptions", axis=3)

    def mean(self, x):
        return self._mean(x, [1, 2])

    def resize(self, x, sides, align_corners):
        return self._node(
            KIND.RESIZE_BILINEAR, [x, self._integers(sides)], (1, *sides, self.channels(x)), "ResizeBilinearOptions",
            alignCorners=align_corners, halfPixelCenters=not align_corners)

    def unfold(self, x, grid, separable):
        _, height, width, channels = self._shape(x)
        rows, columns = grid
        if rows * columns > 1:
            x = self._reshape(x, (height // rows, rows, width // columns, columns, channels))
            x = self._transpose(x, [1, 3, 0, 2, 4])
        shape = (rows * columns, height * width // (rows * columns), channels)
        return self._reshape(x, (1, *shape) if separable else shape)

    def fold(self, x, grid, sides):
        channels, (height, width), (rows, columns) = self.channels(x), sides, grid
        if rows * columns > 1:
            x = self._reshape(x, (rows, columns, height // rows, width // columns, channels))
            x = self._transpose(x, [2, 0, 3, 1, 4])
        return self._reshape(x, (1, height, width, channels))

    def _normalise(self, x, name, axes):
        centre = self._mean(x, axes)
        variance = self._mean(self._binary("SquaredDifference", x, centre), axes)
        variance = self._binary("Add", variance, self._constant("epsilon", np.array([1e-5], np.float32)))
        scale = self._node(KIND.RSQRT, [variance], self._shape(variance))
        y = self._binary("Mul", self._binary("Sub", x, centre), scale)
        y = self._binary("Mul", y, self._constant(name + ".weight", self.model.weight(name)))
        return self._binary("Add", y, self._constant(name + ".bias", self.model.bias(name)))

    def layer_norm(self, x, name):
        return self._normalise(x, name, [2])

    def group_norm(self, x, name):
        return self._normalise(x, name, [1, 2, 3])

    def attention(self, x, heads):
        batch, tokens, channels = self._shape(x)
        size = channels // 3 // heads
        parts = []
        for index in range(3):
            part = self._slice(x, [0, 0, index * channels // 3], [batch, tokens, channels // 3])
            part = self._reshape(part, (batch, tokens, heads, size))
            parts.append(self._transpose(part, [0, 2, 1, 3]))
        scale = self._constant(f"scale_{size}", np.array([size ** -0.5], np.float32))
        scores = self._product(
            self._binary("Mul", parts[0], scale), parts[1], (batch, heads, tokens, tokens), transposed=True)
        y = self._product(self._softmax(scores), parts[2], (batch, heads, tokens, size))
        return self._reshape(self._transpose(y, [0, 2, 1, 3]), (batch, tokens, heads * size))

    def separable_attention(self, x):
        _, positions, tokens, channels = self._shape(x)
        size = channels // 2
        q, k, v = (
            self._slice(x, [0, 0, 0, begin], [1, positions, tokens, count])
            for begin, count in ((0, 1), (1, size), (1 + size, size)))
        scores = self._softmax(self._reshape(q, (1, positions, 1, tokens)))
        context = self._product(scores, k, (1, positions, 1, size))
        return self._binary("Mul", self._node(KIND.RELU, [v], self._shape(v)), context)

    def rows(self, maps, channels):
        parts = [self._reshape(x, (1, int(np.prod(self._shape(x))) // channels, channels)) for x in maps]
        if len(parts) == 1:
            return parts[0]
        rows = sum(self._shape(part)[1] for part in parts)
        return self._node(KIND.CONCATENATION, parts, (1, rows, channels), "ConcatenationOptions", axis=1)

    def output(self, x):
        self.predictions = x
        self.tensors[x].name = "predictions"


def same(window, height, width):
    """The window with the padding that the format calls SAME."""
    pads = []
    for side, kernel, stride, dilation in zip((height, width), *window[:3]):
        pads.append(max((-(-side // stride) - 1) * stride + dilation * (kernel - 1) + 1 - side, 0))
    return window._replace(before=tuple(pad // 2 for pad in pads), after=tuple(pad - pad // 2 for pad in pads))


def signature(writer):
    """The model's interface by name, which LiteRT's quantizer asks for."""
    result = schema.SignatureDefT()
    result.signatureKey, result.subgraphIndex = "serving_default", 0
    for name, index, maps in (("image", writer.image, "inputs"), ("predictions", writer.predictions, "outputs")):
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name, index
        setattr(result, maps, [entry])
    return result


def write(model, path):
    writer = Writer(model)
    network.build(model, writer)
    graph = schema.SubGraphT()
    graph.name, graph.tensors, graph.operators = "main", writer.tensors, writer.operators
    graph.inputs, graph.outputs = [writer.image], [writer.predictions]
    result = schema.ModelT()
    result.version, result.description = 3, "network"
    result.subgraphs, result.buffers, result.signatureDefs = [graph], writer.buffers, [signature(writer)]
    result.operatorCodes = []
    for kind in writer.codes:
        code = schema.OperatorCodeT()
        # The first versions that know all that is asked for here: keepNumDims, and adjoint products of floats.
        code.builtinCode, code.deprecatedBuiltinCode = kind, min(kind, 127)
        code.version = {KIND.FULLY_CONNECTED: 5}.get(kind, 1)
        result.operatorCodes.append(code)
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(result.Pack(builder), b"TFL3")
    with open(path, "wb") as file:
        file.write(builder.Output())
