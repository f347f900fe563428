import Foundation

/// The safetensors format: the header's length (u64), the header (JSON, from names to element type, shape and offsets),
/// then the tensors' bytes, without gap or overlap. Source: the format's README, github.com/huggingface/safetensors.
enum Safetensors {
    /// Room for the entries of some 100,000 tensors.
    static let headerLimit = 1 << 24
    static let tensorLimit = 1 << 16

    private struct Entry: Decodable {
        var elementType: String
        var shape: [Int]
        var offsets: [Int]

        enum CodingKeys: String, CodingKey {
            case elementType = "dtype"
            case shape
            case offsets = "data_offsets"
        }
    }

    private struct Header: Decodable {
        var entries: [String: Entry]

        private struct Name: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Name.self)
            entries = [:]
            for name in container.allKeys {
                if name.stringValue == Safetensors.metadataName {
                    _ = try container.decode([String: String].self, forKey: name)
                } else {
                    entries[name.stringValue] = try container.decode(Entry.self, forKey: name)
                }
            }
        }
    }

    /// A key of the header that is no tensor.
    static let metadataName = "__metadata__"

    static func isSafetensors(_ bytes: FileBytes) -> Bool {
        bytes.integer(UInt8.self, at: 8) == UInt8(ascii: "{")
    }

    /// The tensors in the order of their bytes.
    static func read(_ source: SourceFile) throws(CheckpointError) -> CheckpointContents {
        let lengthField = try source.bytes(0..<min(source.count, 8))
        var reader = ByteReader(lengthField, lengthField.range, .safetensorsHeader)
        let length = try reader.length(UInt64.self)
        guard length <= headerLimit else { throw .limitExceeded(.headerLength, offset: 0) }
        guard length <= source.count - 8 else { throw .truncated(.safetensorsHeader, offset: 8) }
        let range = 8..<8 + length
        let header = try readHeader(try source.bytes(range).array(range))
        guard header.entries.count <= tensorLimit else { throw .limitExceeded(.tensors, offset: 8) }

        // Empty tensors begin where the next one does.
        let ordered = header.entries.sorted {
            ($0.value.offsets.first ?? 0, $0.value.offsets.last ?? 0, $0.key)
                < ($1.value.offsets.first ?? 0, $1.value.offsets.last ?? 0, $1.key)
        }
        let size = source.count - range.upperBound
        var entries: [TensorDictionary.Entry] = []
        var end = range.upperBound
        for (name, entry) in ordered {
            guard entry.offsets.count == 2, 0 <= entry.offsets[0], entry.offsets[0] <= entry.offsets[1] else {
                throw .invalidTensor(name, .shape)
            }
            let from = entry.offsets[0]
            let to = entry.offsets[1]
            guard to <= size else { throw .truncated(.safetensorsData, offset: source.count) }
            let place = range.upperBound + from..<range.upperBound + to
            guard place.lowerBound >= end else { throw .invalidTensor(name, .overlap) }
            guard place.lowerBound == end else { throw .invalidTensor(name, .gap) }
            end = place.upperBound
            // Only one that is needed must be of a type that is known.
            guard let elementType = elementTypes[entry.elementType] else {
                entries.append(.init(name: name, content: .unsupported(entry.elementType, shape: entry.shape)))
                continue
            }
            try CheckpointTensor.check(name, shape: entry.shape, elementType: elementType, byteCount: place.count)
            entries.append(.init(name: name, content: .range(elementType, shape: entry.shape, place)))
        }
        guard end == source.count else { throw .malformed(.safetensorsData, offset: end) }
        return CheckpointContents(
            dictionaries: [TensorDictionary(place: [], entries: entries)], storages: SafetensorsStorages())
    }

    private static func readHeader(_ bytes: [UInt8]) throws(CheckpointError) -> Header {
        // The decoder would guess at UTF-16 and UTF-32 too: both have zero bytes.
        guard bytes.first == UInt8(ascii: "{"), !bytes.contains(0),
            let header = try? JSONDecoder().decode(Header.self, from: Data(bytes))
        else { throw .malformed(.safetensorsHeader, offset: 8) }
        var seen: Set<String> = []
        for name in topLevelNames(bytes) where !seen.insert(name).inserted { throw .duplicateTensor(name) }
        return header
    }

    /// The names in a sound JSON object, repeated ones too, which decoders drop.
    private static func topLevelNames(_ json: [UInt8]) -> [String] {
        var names: [String] = []
        var depth = 0
        var stringStart: Int?
        var lastString: Range<Int>?
        var isEscaped = false
        for (index, byte) in json.enumerated() {
            if let start = stringStart {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    lastString = start..<index + 1
                    stringStart = nil
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): stringStart = index
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ":") where depth == 1:
                guard let range = lastString else { continue }
                let quoted = json[range]
                let plain = String(decoding: quoted.dropFirst().dropLast(), as: UTF8.self)
                names.append(
                    quoted.contains(UInt8(ascii: "\\"))
                        ? (try? JSONDecoder().decode(String.self, from: Data(quoted))) ?? plain : plain)
            default: break
            }
        }
        return names
    }

    static let elementTypes: [String: ElementType] = [
        "F32": .float32, "F16": .float16, "BF16": .bfloat16, "F64": .float64, "I64": .int64, "I32": .int32,
        "I16": .int16, "I8": .int8, "U8": .uint8, "BOOL": .bool,
    ]
}

/// Tensors that know their places need none.
struct SafetensorsStorages: StorageReader {
    func storage(
        _ storage: PickleGraph.StorageReference, of tensor: String, in source: SourceFile
    ) throws(CheckpointError) -> FileBytes {
        throw .missingRecord("storage \(storage.key)")
    }
}
