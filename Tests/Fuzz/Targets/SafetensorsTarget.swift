@testable import Checkpoint
import Foundation

/// A safetensors file: the input is its header, and behind the last line feed the tensors' bytes.
struct SafetensorsTarget: FuzzTarget {
    static let name = "safetensors"
    static let longest = 4096

    func run(_ bytes: UnsafeRawBufferPointer) throws {
        let split = bytes.lastIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        var file = withUnsafeBytes(of: UInt64(split).littleEndian) { Data($0) }
        file.append(contentsOf: bytes[..<split])
        file.append(contentsOf: bytes[split...].dropFirst())
        let checkpoint = try Checkpoint(bytes: file)
        var byteCount = 0
        for tensor in checkpoint.tensors {
            let stored = try tensor.bytes()
            guard try tensor.floats().count * tensor.elementType.size == stored.count else {
                fatalError("another number of elements than bytes")
            }
            byteCount += stored.count
        }
        guard byteCount == file.count - 8 - split else { fatalError("bytes that belong to no tensor") }
    }
}
