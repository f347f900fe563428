/// One tensor of a checkpoint, with its bytes in memory.
public struct CheckpointTensor: Sendable {
    /// Its key in the state_dict, or in the safetensors header.
    public private(set) var name: String
    /// Slowest dimension first; empty for a scalar.
    public let shape: [Int]
    /// As stored: `floats` converts from it.
    public let elementType: ElementType

    /// Elements in all: the product of the shape, 1 for a scalar.
    public let elementCount: Int

    private let file: FileBytes
    /// Of the element with all indices zero, in the file.
    private let byteOffset: Int
    /// In elements.
    private let strides: [Int]

    /// A view of a PyTorch storage with these bytes. Throws `invalidTensor` where it reaches past them.
    init(_ name: String, _ tensor: PickleGraph.TensorReference, storage bytes: FileBytes) throws(CheckpointError) {
        let storage = tensor.storage
        try storage.elementType.check(name, count: storage.elementCount, byteCount: bytes.count)
        let (offset, offsetOverflow) = tensor.offset.addingReportingOverflow(storage.firstElement)
        guard !offsetOverflow, offset >= 0, offset <= storage.elementCount,
            Self.reach(tensor.shape, tensor.strides).map({ $0 <= storage.elementCount - offset }) ?? false
        else { throw .invalidTensor(name, .outsideStorage(elements: storage.elementCount)) }
        try self.init(
            name: name, shape: tensor.shape, elementType: storage.elementType, strides: tensor.strides,
            byteOffset: bytes.start + offset * storage.elementType.size, file: bytes)
    }

    /// A contiguous tensor that takes all of `bytes`.
    init(name: String, shape: [Int], elementType: ElementType, bytes: FileBytes) throws(CheckpointError) {
        try Self.check(name, shape: shape, elementType: elementType, byteCount: bytes.count)
        try self.init(
            name: name, shape: shape, elementType: elementType, strides: Self.contiguousStrides(shape),
            byteOffset: bytes.start, file: bytes)
    }

    /// Throws `invalidTensor` where a contiguous tensor of this shape has another size.
    static func check(
        _ name: String, shape: [Int], elementType: ElementType, byteCount: Int
    ) throws(CheckpointError) {
        guard let count = product(shape) else { throw .invalidTensor(name, .shape) }
        try elementType.check(name, count: count, byteCount: byteCount)
    }

    private init(
        name: String, shape: [Int], elementType: ElementType, strides: [Int], byteOffset: Int, file: FileBytes
    ) throws(CheckpointError) {
        guard let count = Self.product(shape) else { throw .invalidTensor(name, .shape) }
        self.name = name
        self.shape = shape
        self.elementType = elementType
        // An axis of one element is never stepped along: no stride that the file claims for it may be computed with.
        self.strides = zip(shape, strides).map { $0 > 1 ? $1 : 0 }
        self.byteOffset = byteOffset
        self.file = file
        elementCount = count
    }

    /// The same tensor under another name.
    public func named(_ name: String) -> CheckpointTensor {
        var renamed = self
        renamed.name = name
        return renamed
    }

    /// The elements as float, contiguous and row-major: integers and float64 are rounded, a boolean is 0 or 1.
    public func floats() throws(CheckpointError) -> [Float] {
        if isContiguous { return file.withBytes(try contiguousRange(), convert) }
        return try bytes().withUnsafeBytes(convert)
    }

    /// The elements as they are stored (little endian), contiguous and row-major.
    public func bytes() throws(CheckpointError) -> [UInt8] {
        if isContiguous { return file.array(try contiguousRange()) }
        guard let reach = Self.reach(shape, strides) else { throw .invalidTensor(name, .shape) }
        return file.withBytes(try fileRange(elements: reach), gather)
    }

    private func contiguousRange() throws(CheckpointError) -> Range<Int> { try fileRange(elements: elementCount) }

    /// Opening has checked these bounds once; this keeps a mistake there from becoming an access out of bounds.
    private func fileRange(elements: Int) throws(CheckpointError) -> Range<Int> {
        let (size, overflow) = elements.multipliedReportingOverflow(by: elementType.size)
        guard !overflow, byteOffset <= file.end, size <= file.end - byteOffset else {
            throw .invalidTensor(name, .outsideStorage(elements: (file.end - byteOffset) / elementType.size))
        }
        return byteOffset..<byteOffset + size
    }

    // MARK: Layout

    private var isContiguous: Bool {
        elementCount == 0
            || zip(shape, zip(strides, Self.contiguousStrides(shape))).allSatisfy { $0 == 1 || $1.0 == $1.1 }
    }

    /// Nil where a size is negative or the product overflows.
    static func product(_ shape: [Int]) -> Int? {
        guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
        if shape.contains(0) { return 0 }
        var product = 1
        for size in shape {
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            if overflow { return nil }
            product = next
        }
        return product
    }

    /// Elements from the first to the last that a view touches, both included; nil where that is no sound number.
    private static func reach(_ shape: [Int], _ strides: [Int]) -> Int? {
        guard shape.count == strides.count, let count = product(shape), strides.allSatisfy({ $0 >= 0 }) else {
            return nil
        }
        guard count > 0 else { return 0 }
        var last = 0
        for (size, stride) in zip(shape, strides) {
            let (step, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
            let (next, sumOverflow) = last.addingReportingOverflow(step)
            if overflow || sumOverflow || next == .max { return nil }
            last = next
        }
        return last + 1
    }

    /// Row-major. A shape with a zero has no elements and thus any strides.
    private static func contiguousStrides(_ shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.reversed().dropFirst() {
            strides[axis] = strides[axis + 1].multipliedReportingOverflow(by: shape[axis + 1]).partialValue
        }
        return strides
    }

    /// Copies a strided view, which begins where `source` does, row by row.
    private func gather(_ source: UnsafeRawBufferPointer) -> [UInt8] {
        let size = elementType.size
        let rowLength = shape[shape.count - 1]
        let step = strides[shape.count - 1] * size
        let outer = shape.count - 1
        return [UInt8](unsafeUninitializedCapacity: elementCount * size) { output, count in
            var index = [Int](repeating: 0, count: outer)
            while count < elementCount * size {
                var start = 0
                for axis in 0..<outer { start += index[axis] * strides[axis] }
                var from = start * size
                for _ in 0..<rowLength {
                    for byte in 0..<size { output[count + byte] = source[from + byte] }
                    count += size
                    from += step
                }
                var axis = outer - 1
                while axis >= 0 {
                    index[axis] += 1
                    if index[axis] < shape[axis] { break }
                    index[axis] = 0
                    axis -= 1
                }
            }
        }
    }

    // MARK: Conversion

    private func convert(_ source: UnsafeRawBufferPointer) -> [Float] {
        switch elementType {
        case .float32: copy(source)
        case .float16: map(source) { (bits: UInt16) in Float(Float16(bitPattern: bits)) }
        case .bfloat16: map(source) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
        case .float64: map(source) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
        case .int64: map(source) { (value: Int64) in Float(value) }
        case .int32: map(source) { (value: Int32) in Float(value) }
        case .int16: map(source) { (value: Int16) in Float(value) }
        case .int8: map(source) { (value: Int8) in Float(value) }
        case .uint8: map(source) { (value: UInt8) in Float(value) }
        case .bool: map(source) { (value: UInt8) in value == 0 ? 0 : 1 }
        }
    }

    private func copy(_ source: UnsafeRawBufferPointer) -> [Float] {
        [Float](unsafeUninitializedCapacity: elementCount) { output, count in
            UnsafeMutableRawBufferPointer(output).copyMemory(from: source)
            count = elementCount
        }
    }

    private func map<Stored: BitwiseCopyable>(
        _ source: UnsafeRawBufferPointer, _ transform: (Stored) -> Float
    ) -> [Float] {
        [Float](unsafeUninitializedCapacity: elementCount) { output, count in
            let size = MemoryLayout<Stored>.size
            for index in 0..<elementCount {
                output[index] = transform(source.loadUnaligned(fromByteOffset: index * size, as: Stored.self))
            }
            count = elementCount
        }
    }
}
