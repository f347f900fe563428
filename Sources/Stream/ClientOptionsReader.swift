/// Why a client's line is no request.
enum ClientLineError: Error {
    case notAnObject
    case malformed
    case notUTF8
    case unknownKey
    case repeatedKey
    case score
    case every
    case unknownClass
    case snapshot
    case status
    case tooLong

    var message: StaticString {
        switch self {
        case .notAnObject: "options must be one JSON object in one line"
        case .malformed: "options must be JSON as in swiftlet-stream(7)"
        case .notUTF8: "options must be UTF-8"
        case .unknownKey: "unknown option: must be min_score, classes, every, snapshot or status"
        case .repeatedKey: "an option must not be repeated"
        case .score: "min_score must be a number from 0 to 1"
        case .every: "every must be a whole number from 1 to 1000000"
        case .unknownClass: "unknown class: must be one in the hello line"
        case .snapshot: "snapshot must be true, and alone in its line"
        case .status: "status must be true, and alone in its line"
        case .tooLong: "more than 4096 bytes without a newline: closed"
        }
    }
}

/// What a client's line asks for.
enum ClientRequest {
    /// The line's options apply from here on.
    case options
    /// The next image with its detections. The options stay as they are.
    case snapshot
    /// What the daemon has counted. The options stay as they are.
    case status
}

/// Reads one line of a client: `{"min_score":0.5,"classes":["king"],"every":2}`, each of them optional, or
/// `{"snapshot":true}` or `{"status":true}`, as RFC 8259 has it. Nothing else is understood, nothing is allocated, and nothing is read
/// twice.
struct ClientOptionsReader {
    private var json: JSONReader
    /// The array of classes as the client wrote it: valid JSON.
    private(set) var classesText = 0..<0
    private var firstClass = 1

    private static var maximumEvery: Double { 1_000_000 }

    /// `line` has neither a newline nor a carriage return at its end.
    init(_ line: UnsafeRawBufferPointer) { json = JSONReader(line) }

    /// Where reading stands; after an error the byte that was not understood.
    var offset: Int { json.offset }

    /// - Parameters:
    ///   - options: of no meaning after a request for a snapshot.
    ///   - labels: UTF-8, one per class.
    ///   - firstClass: the first one that can be asked for: 1 after a background.
    ///   - scratch: as many bytes as the line.
    mutating func read(
        into options: inout ClientOptions, labels: [ArraySlice<UInt8>], firstClass: Int = 1,
        scratch: UnsafeMutableRawBufferPointer
    ) throws(ClientLineError) -> ClientRequest {
        self.firstClass = firstClass
        options.reset()
        guard json.take(UInt8(ascii: "{")) else { throw .notAnObject }
        var seen: UInt8 = 0
        if !json.take(UInt8(ascii: "}")) {
            repeat {
                try readPair(&options, &seen, labels, scratch)
            } while json.take(UInt8(ascii: ","))
            guard json.take(UInt8(ascii: "}")) else { throw .malformed }
        }
        guard json.hasEnded() else { throw .malformed }
        switch seen {
        case Self.snapshotBit: return .snapshot
        case Self.statusBit: return .status
        default: return .options
        }
    }

    /// By the places of the names in `readPair`.
    private static var snapshotBit: UInt8 { 8 }
    private static var statusBit: UInt8 { 16 }

    private mutating func readPair(
        _ options: inout ClientOptions, _ seen: inout UInt8, _ labels: [ArraySlice<UInt8>],
        _ scratch: UnsafeMutableRawBufferPointer
    ) throws(ClientLineError) {
        json.skipBlanks()
        let start = offset
        let key = try string(scratch)
        let names: InlineArray<5, StaticString> = ["min_score", "classes", "every", "snapshot", "status"]
        guard let place = names.indices.first(where: { equal(key, names[$0]) }) else { throw error(.unknownKey, at: start) }
        let bit: UInt8 = 1 << place
        guard seen & bit == 0 else { throw error(.repeatedKey, at: start) }
        seen |= bit
        guard seen == bit || seen & (Self.snapshotBit | Self.statusBit) == 0 else {
            throw error(seen & Self.snapshotBit != 0 ? .snapshot : .status, at: start)
        }
        guard json.take(UInt8(ascii: ":")) else { throw .malformed }
        switch bit {
        case 1: options.minimumScore = Float(try number(in: 0...1, else: .score))
        case 2: try readClasses(&options, labels, scratch)
        case 4:
            json.skipBlanks()
            let place = offset
            let value = try number(in: 1...Self.maximumEvery, else: .every)
            guard value == value.rounded(.towardZero) else { throw error(.every, at: place) }
            options.every = UInt64(value)
        default:
            guard json.take(word: "true") else { throw bit == Self.snapshotBit ? .snapshot : .status }
        }
    }

    private mutating func readClasses(
        _ options: inout ClientOptions, _ labels: [ArraySlice<UInt8>], _ scratch: UnsafeMutableRawBufferPointer
    ) throws(ClientLineError) {
        options.isSelective = true
        options.clearClasses()
        json.skipBlanks()
        let start = offset
        guard json.take(UInt8(ascii: "[")) else { throw .malformed }
        if !json.take(UInt8(ascii: "]")) {
            repeat {
                json.skipBlanks()
                let place = offset
                let label = try string(scratch)
                var isKnown = false
                // Labels may repeat: all of that name are meant.
                for index in labels.indices.dropFirst(firstClass) where labels[index].elementsEqual(label) {
                    options.add(class: index)
                    isKnown = true
                }
                guard isKnown else { throw error(.unknownClass, at: place) }
            } while json.take(UInt8(ascii: ","))
            guard json.take(UInt8(ascii: "]")) else { throw .malformed }
        }
        classesText = start..<offset
    }

    private mutating func number(
        in range: ClosedRange<Double>, else failure: ClientLineError
    ) throws(ClientLineError) -> Double {
        json.skipBlanks()
        let start = offset
        guard let value = try? json.number(), range.contains(value) else { throw error(failure, at: start) }
        return value
    }

    /// Goes back to the byte that is to blame.
    private mutating func error(_ error: ClientLineError, at place: Int) -> ClientLineError {
        json.offset = place
        return error
    }

    private mutating func string(
        _ scratch: UnsafeMutableRawBufferPointer
    ) throws(ClientLineError) -> UnsafeRawBufferPointer {
        do throws(JSONError) {
            return try json.string(into: scratch)
        } catch {
            throw error == .notUTF8 ? .notUTF8 : .malformed
        }
    }
}
