/// How one element of a tensor is stored, little endian.
public enum ElementType: Sendable, CaseIterable {
    case float32, float16, bfloat16, float64, int64, int32, int16, int8, uint8, bool

    /// Bytes per element.
    public var size: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16, .int16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    /// Throws `invalidTensor` where `count` elements of a tensor have not just `byteCount` bytes.
    func check(_ tensor: String, count: Int, byteCount: Int) throws(CheckpointError) {
        let (size, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow, size == byteCount else {
            throw .invalidTensor(tensor, .sizeMismatch(expected: overflow ? .max : size, found: byteCount))
        }
    }

    /// Whether it can hold weights; whole numbers are counters, or weights that were quantised.
    public var isFloating: Bool {
        switch self {
        case .float32, .float16, .bfloat16, .float64: true
        case .int64, .int32, .int16, .int8, .uint8, .bool: false
        }
    }
}
