/// The element type of a stored tensor; raw values are GGUF's.
public enum StorageType: UInt32, Sendable {
    case float32 = 0
    case float16 = 1
    case int8 = 24

    /// Of one element.
    public var byteCount: Int {
        switch self {
        case .float32: 4
        case .float16: 2
        case .int8: 1
        }
    }
}

/// Up to four dimensions, slowest first; unused leading dimensions are 1.
public struct TensorShape: Equatable, Sendable {
    /// Elements along each axis, at least 1 each in what the reader makes.
    public var dimensions: InlineArray<4, Int>

    /// Four dimensions, slowest first.
    public init(_ d0: Int, _ d1: Int, _ d2: Int, _ d3: Int) { dimensions = [d0, d1, d2, d3] }
    /// Two dimensions, rows x columns.
    public init(_ d2: Int, _ d3: Int) { self.init(1, 1, d2, d3) }
    /// A list of `d3` elements.
    public init(_ d3: Int) { self.init(1, 1, 1, d3) }

    /// The number of elements. Shapes made by the reader have checked products.
    public var count: Int { dimensions[0] * dimensions[1] * dimensions[2] * dimensions[3] }

    public static func == (left: TensorShape, right: TensorShape) -> Bool {
        for axis in 0..<4 where left.dimensions[axis] != right.dimensions[axis] { return false }
        return true
    }
}

/// One tensor of a model file: where its bytes lie in the mapping and what they are.
public struct ModelTensor: Sendable {
    /// The layer's name and what it contains of the layer, such as "encoder.conv_1.weight".
    public let name: Name
    /// Slowest dimension first: GGUF's order reversed.
    public let shape: TensorShape
    /// Of its elements, which are little endian and row-major.
    public let storageType: StorageType
    /// Aligned to the file's alignment; the range is inside the file and overlaps no other tensor.
    public let byteRange: Range<Int>
}
