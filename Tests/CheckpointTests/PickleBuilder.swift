import Foundation

/// Writes pickles opcode by opcode, as torch.save would, or malformed.
struct PickleBuilder {
    var bytes: [UInt8] = [0x80, 2]

    mutating func op(_ character: Unicode.Scalar) { bytes.append(UInt8(ascii: character)) }

    mutating func global(_ module: String, _ name: String) { bytes += Array("c\(module)\n\(name)\n".utf8) }

    mutating func string(_ text: String) {
        op("X")
        bytes += littleEndian(UInt32(text.utf8.count)) + Array(text.utf8)
    }

    mutating func integer(_ value: Int) {
        bytes += [0x8A, 8] + littleEndian(Int64(value))
    }

    mutating func tuple(_ values: [Int]) {
        op("(")
        for value in values { integer(value) }
        op("t")
    }

    mutating func storage(_ type: String, key: String, count: Int) {
        op("(")
        string("storage")
        global("torch", type)
        string(key)
        string("cuda:0")
        integer(count)
        op("t")
        op("Q")
    }

    mutating func tensor(
        _ type: String = "FloatStorage", key: String = "0", storageCount: Int, offset: Int = 0, shape: [Int],
        strides: [Int]
    ) {
        global("torch._utils", "_rebuild_tensor_v2")
        op("(")
        storage(type, key: key, count: storageCount)
        integer(offset)
        tuple(shape)
        tuple(strides)
        bytes.append(0x89)
        op("}")
        op("t")
        op("R")
    }

    mutating func dictionary(_ items: [(String, (inout PickleBuilder) -> Void)]) {
        op("}")
        op("(")
        for (key, value) in items {
            string(key)
            value(&self)
        }
        op("u")
    }

    /// The finished pickle.
    var stopped: [UInt8] { bytes + [UInt8(ascii: ".")] }

    /// A state_dict with the one tensor `x`.
    static func single(
        _ type: String = "FloatStorage", storageCount: Int, offset: Int = 0, shape: [Int], strides: [Int]
    ) -> [UInt8] {
        var pickle = PickleBuilder()
        pickle.dictionary([
            (
                "x",
                { $0.tensor(type, storageCount: storageCount, offset: offset, shape: shape, strides: strides) }
            )
        ])
        return pickle.stopped
    }
}

func littleEndian<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }
}
