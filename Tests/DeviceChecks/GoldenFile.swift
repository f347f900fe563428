import Files

/// A safetensors file of the goldens. Trusts its contents: it is part of the repository.
final class GoldenFile {
    /// Freed with its owner: 32 bits of addresses, cut up by files that stay, have no room left for what an arena
    /// reserves.
    private let contents: FileContents
    private let dataStart: Int

    private var bytes: UnsafeRawBufferPointer { contents.bytes }

    init?(path: String) {
        guard let contents = try? FileContents(path: path, limit: 1 << 30), contents.bytes.count > 8 else { return nil }
        dataStart = 8 + Int(contents.bytes.loadUnaligned(as: UInt64.self))
        self.contents = contents
    }

    /// The shape and the stored bytes of a tensor. Finds `"NAME":{"dtype":...,"shape":[...],"data_offsets":[...]}`.
    private func tensor(_ name: String) -> (shape: [Int], data: UnsafeRawBufferPointer) {
        guard let position = position(of: name) else { preconditionFailure("the golden file lacks a tensor") }
        let shape = integers(after: Array("\"shape\"".utf8), from: position)
        let offsets = integers(after: Array("\"data_offsets\"".utf8), from: position)
        return (shape, UnsafeRawBufferPointer(rebasing: bytes[dataStart + offsets[0]..<dataStart + offsets[1]]))
    }

    private func position(of name: String) -> Int? {
        let key = Array("\"\(name)\":".utf8)
        return (8..<dataStart).first { matches(key, at: $0) }
    }

    func has(_ name: String) -> Bool { position(of: name) != nil }

    func shape(_ name: String) -> [Int] { tensor(name).shape }

    func floats(_ name: String) -> [Float] { elements(name) }

    func integers(_ name: String) -> [Int32] { elements(name) }

    func bytes(_ name: String) -> [UInt8] { elements(name) }

    private func elements<Element: BitwiseCopyable>(_ name: String) -> [Element] {
        let data = tensor(name).data
        var elements: [Element] = []
        for offset in stride(from: 0, to: data.count, by: MemoryLayout<Element>.size) {
            elements.append(data.loadUnaligned(fromByteOffset: offset, as: Element.self))
        }
        return elements
    }

    private func matches(_ text: [UInt8], at position: Int) -> Bool {
        for index in 0..<text.count where bytes[position + index] != text[index] { return false }
        return true
    }

    /// The numbers in the first brackets after `key`.
    private func integers(after key: [UInt8], from start: Int) -> [Int] {
        var position = start
        while !matches(key, at: position) { position += 1 }
        while bytes[position] != UInt8(ascii: "[") { position += 1 }
        var numbers: [Int] = [], inNumber = false
        while bytes[position] != UInt8(ascii: "]") {
            let byte = bytes[position]
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                if !inNumber { numbers.append(0) }
                numbers[numbers.count - 1] = numbers[numbers.count - 1] * 10 + Int(byte - UInt8(ascii: "0"))
                inNumber = true
            } else {
                inNumber = false
            }
            position += 1
        }
        return numbers
    }
}
