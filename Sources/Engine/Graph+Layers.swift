import ModelFile

/// The vocabulary in which networks are written down. Each call appends one operation and returns its output.
extension Graph {
    /// Dense 3x3 convolution of stride 2 with folded batch norm.
    public mutating func convolution3x3(
        _ x: TensorID, _ name: Name, channels: Int, _ activation: Activation
    ) -> TensorID {
        let shape = shape(x)
        return append(
            .convolution3x3(activation), [x],
            MapShape(height: (shape.height + 1) / 2, width: (shape.width + 1) / 2, channels: channels), name,
            origin: .convolutionWithBatchNorm)
    }

    /// Depthwise 3x3 convolution with folded batch norm.
    public mutating func depthwise3x3(
        _ x: TensorID, _ name: Name, stride: Int = 1, _ activation: Activation = .identity
    ) -> TensorID {
        let shape = shape(x)
        return append(
            .depthwise3x3(stride: stride, activation), [x],
            MapShape(
                height: (shape.height + stride - 1) / stride, width: (shape.width + stride - 1) / stride,
                channels: shape.channels), name, origin: .convolutionWithBatchNorm)
    }

    /// 1x1 convolution or linear layer, by `origin`.
    public mutating func pointwise(
        _ x: TensorID, _ name: Name, channels: Int, _ activation: Activation = .identity,
        origin: ParameterOrigin = .convolutionWithBatchNorm
    ) -> TensorID {
        var shape = shape(x)
        shape.channels = channels
        return append(.pointwise(activation), [x], shape, name, origin: origin)
    }

    /// a + b, both of the same shape (precondition).
    public mutating func add(_ a: TensorID, _ b: TensorID, _ name: Name) -> TensorID {
        precondition(shape(a) == shape(b))
        return append(.add, [a, b], shape(a), name)
    }

    /// [h, w, c] and [h, w, d] -> [h, w, c + d]; both have as many rows (precondition).
    public mutating func concatenateChannels(_ a: TensorID, _ b: TensorID, _ name: Name) -> TensorID {
        var shape = shape(a)
        precondition(shape.rows == self.shape(b).rows)
        shape.channels += self.shape(b).channels
        return append(.concatenateChannels, [a, b], shape, name)
    }

    /// Maps whose pixels each hold a whole number of records of `channels` values, as one list of records.
    public mutating func concatenateRows(_ maps: [TensorID], channels: Int, _ name: Name) -> TensorID {
        var rows = 0
        for map in maps {
            precondition(shape(map).channels % channels == 0)
            rows += shape(map).count / channels
        }
        return append(.concatenateRows, maps, MapShape(height: 1, width: rows, channels: channels), name)
    }

    /// [h, w, c] -> [height, width, c], bilinear by PyTorch's rule for `alignCorners`
    /// (torch.nn.functional.interpolate).
    public mutating func resize(
        _ x: TensorID, height: Int, width: Int, alignCorners: Bool, _ name: Name
    ) -> TensorID {
        append(
            .resize(alignCorners: alignCorners), [x],
            MapShape(height: height, width: width, channels: shape(x).channels), name)
    }

    /// The map's pixels as tokens, ordered as `GraphOperation.unfold` says. Height and width are even (precondition).
    public mutating func unfold(_ x: TensorID, _ name: Name) -> TensorID {
        let shape = shape(x)
        precondition(shape.height % 2 == 0 && shape.width % 2 == 0)
        return append(
            .unfold, [x], MapShape(height: 4, width: shape.rows / 4, channels: shape.channels), name)
    }

    /// The tokens as a map of `height` x `width`.
    public mutating func fold(_ x: TensorID, height: Int, width: Int, _ name: Name) -> TensorID {
        precondition(height * width == shape(x).rows && height % 2 == 0 && width % 2 == 0)
        return append(.fold, [x], MapShape(height: height, width: width, channels: shape(x).channels), name)
    }

    /// Each row over its channels, with gain and shift by channel (Ba et al., 2016, "Layer Normalization"); epsilon
    /// 1e-5.
    public mutating func layerNorm(_ x: TensorID, _ name: Name) -> TensorID {
        append(.layerNorm, [x], shape(x), name, origin: .normalisation)
    }

    /// The whole map at once, with gain and shift by channel (Wu and He, 2018, "Group Normalization", one group);
    /// epsilon 1e-5.
    public mutating func groupNorm(_ x: TensorID, _ name: Name) -> TensorID {
        append(.groupNorm, [x], shape(x), name, origin: .normalisation)
    }

    /// Multi-head self-attention (Vaswani et al., 2017): [4, n, 3c] -> [4, n, c]. A row of `qkv` holds query, key and
    /// value, c channels each; c is a multiple of `heads` (precondition).
    public mutating func attention(_ qkv: TensorID, heads: Int, _ name: Name) -> TensorID {
        var shape = shape(qkv)
        precondition(shape.channels % (3 * heads) == 0)
        shape.channels /= 3
        return append(.attention(heads: heads), [qkv], shape, name)
    }

    /// Separable self-attention (Mehta and Rastegari, 2022, "Separable Self-attention for Mobile Vision Transformers",
    /// section 3.1): [4, n, 1 + 2c] -> [4, n, c]. A row of `qkv` holds one query, c keys and c values.
    public mutating func separableAttention(_ qkv: TensorID, _ name: Name) -> TensorID {
        var shape = shape(qkv)
        precondition(shape.channels % 2 == 1)
        shape.channels /= 2
        return append(.separableAttention, [qkv], shape, name)
    }

    /// Over all rows: [h, w, c] -> [1, 1, c].
    public mutating func mean(_ x: TensorID, _ name: Name) -> TensorID {
        append(.mean, [x], MapShape(height: 1, width: 1, channels: shape(x).channels), name)
    }
}
