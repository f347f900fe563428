/// Real value = scale * (stored value - zero point), by channel or for the whole tensor.
struct Quantisation {
    let name: Name
    let scales: UnsafePointer<Float>
    let zeroPoints: UnsafePointer<Int8>
    /// 1, or the number of channels.
    let scaleCount: Int
    let zeroPointCount: Int

    /// Whether all channels share scale and zero point.
    var isUniform: Bool { scaleCount == 1 && zeroPointCount == 1 }

    func scale(_ channel: Int) -> Double { Double(scales[scaleCount == 1 ? 0 : channel]) }
    func zeroPoint(_ channel: Int) -> Int8 { zeroPoints[zeroPointCount == 1 ? 0 : channel] }
    func zero(_ channel: Int) -> Double { Double(zeroPoint(channel)) }

    /// The largest magnitude that a stored value stands for.
    func maximumMagnitude(_ channel: Int) -> Double { scale(channel) * max(127 - zero(channel), zero(channel) + 128) }

    func requireZeroPointsOfZero(channels: Int) throws(EngineError) {
        for channel in 0..<channels where zeroPoint(channel) != 0 {
            throw .model(.tensor(name.appending(".zero"), .badValues))
        }
    }

    /// The scale that all of `channels` share.
    func commonScale(_ channels: Range<Int>) throws(EngineError) -> Double {
        let common = scale(channels.lowerBound)
        for channel in channels where scale(channel) != common {
            throw .model(.tensor(name.appending(".scale"), .badValues))
        }
        return common
    }
}

/// Reads an int8 model file's tensors: each is checked once, weights stay where they lie in the mapped file.
struct Int8Weights {
    private let file: ModelFile
    /// By tensor of the file: whether the network has a use for it.
    private var isUsed: [Bool]
    /// What of the file the weights found so far lie in, in bytes.
    private(set) var weightBytes = 0..<0

    init(_ file: ModelFile) {
        self.file = file
        isUsed = Array(repeating: false, count: file.tensors.count)
    }

    /// Scales beyond these bounds are no network's, and would not survive the precision below.
    private static var scales: ClosedRange<Float> { 0x1p-60...0x1p+60 }

    func rejectUnusedTensors() throws(EngineError) {
        for index in isUsed.indices where !isUsed[index] {
            throw .model(.tensor(file.tensors[index].name, .unexpected))
        }
    }

    /// The weights of one group of a matrix [groups, rows, columns], packed for the GEMM.
    mutating func packedMatrix(
        _ node: Node, rows: Int, columns: Int, group: Int, of groups: Int
    ) throws(EngineError) -> UnsafePointer<Int8> {
        let name = node.name.appending(".weight"), shape = TensorShape(groups * ((columns + 7) / 8), rows / 4, 8, 4)
        let weights = try bytes(name, shape, isWeight: true) + group * ck_qs8_packed_size(rows, columns)
        guard ck_qs8_weights_fit(rows, columns, weights) != 0 else { throw .model(.tensor(name, .badValues)) }
        return weights
    }

    mutating func depthwise(_ node: Node, channels: Int) throws(EngineError) -> UnsafePointer<Int8> {
        let name = node.name.appending(".weight")
        guard case .depthwise(let height, let width) = node.operation.weights else { preconditionFailure() }
        let weights = try bytes(name, TensorShape(1, height, width, channels), isWeight: true)
        for index in 0..<height * width * channels where weights[index] == -128 { throw .model(.tensor(name, .badValues)) }
        return weights
    }

    /// The values of the channels `part`; nil: of all.
    mutating func floats(
        _ node: Node, _ suffix: StaticString, channels: Int, _ part: Range<Int>? = nil
    ) throws(EngineError) -> UnsafePointer<Float> {
        let name = node.name.appending(suffix), part = part ?? 0..<channels
        let values = try file.elements(of: find(name), .float32, TensorShape(channels)).assumingMemoryBound(to: Float.self)
        for index in part where !values[index].isFinite { throw .model(.tensor(name, .badValues)) }
        return values + part.lowerBound
    }

    /// How a stored tensor is quantised.
    mutating func quantisation(_ tensor: Name, channels: Int) throws(EngineError) -> Quantisation {
        let scaleName = tensor.appending(".scale"), zeroName = tensor.appending(".zero")
        let scaleCount = try count(scaleName, channels: channels)
        let scales = try scales(scaleName, TensorShape(scaleCount), 0..<scaleCount)
        let zeroPointCount = try count(zeroName, channels: channels)
        return Quantisation(
            name: tensor, scales: scales, zeroPoints: try bytes(zeroName, TensorShape(zeroPointCount)),
            scaleCount: scaleCount, zeroPointCount: zeroPointCount)
    }

    /// The stored values of the network's input that stand for 0, which is outside the image.
    mutating func inputZeroPoints() throws(EngineError) -> (UInt8, UInt8, UInt8) {
        let values = try bytes(Name("input.zero"), TensorShape(3))
        func pixel(_ channel: Int) -> UInt8 { UInt8(bitPattern: values[channel]) ^ 0x80 }
        return (pixel(0), pixel(1), pixel(2))
    }

    /// Checked in the channels `part`, of which the first is returned.
    mutating func scales(
        _ name: Name, _ shape: TensorShape, _ part: Range<Int>
    ) throws(EngineError) -> UnsafePointer<Float> {
        let values = try file.elements(of: find(name), .float32, shape).assumingMemoryBound(to: Float.self)
        for index in part where !Self.scales.contains(values[index]) { throw .model(.tensor(name, .badValues)) }
        return values + part.lowerBound
    }

    private mutating func bytes(
        _ name: Name, _ shape: TensorShape, isWeight: Bool = false
    ) throws(EngineError) -> UnsafePointer<Int8> {
        try file.elements(of: find(name, isWeight: isWeight), .int8, shape).assumingMemoryBound(to: Int8.self)
    }

    /// The number of values of a tensor that has one, or one for each channel.
    private mutating func count(_ name: Name, channels: Int) throws(EngineError) -> Int {
        try find(name).shape == TensorShape(1) ? 1 : channels
    }

    private mutating func find(_ name: Name, isWeight: Bool = false) throws(EngineError) -> ModelTensor {
        guard let index = file.index(of: name) else { throw .model(.tensor(name, .missing)) }
        let tensor = file.tensors[index], found = tensor.byteRange
        isUsed[index] = true
        if isWeight {
            weightBytes =
                weightBytes.isEmpty
                ? found : min(weightBytes.lowerBound, found.lowerBound)..<max(weightBytes.upperBound, found.upperBound)
        }
        return tensor
    }
}
