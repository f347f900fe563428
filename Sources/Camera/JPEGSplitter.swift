import CLinux

/// Finds the JPEG pictures in a run of bytes that arrives in pieces, without decoding them.
///
/// A picture goes from an SOI marker to its own EOI. Segments are skipped by their length, so that the EOI of an EXIF
/// thumbnail ends nothing; in entropy-coded data only markers that may stand between scans are followed. Whatever lies
/// between pictures is skipped. Every byte is looked at once: after a broken picture the search for the next SOI goes on
/// where the fault was found, so what that picture's last segment claimed as its own is lost with it.
///
/// Offsets count from the start of a buffer that the caller owns, refills and moves (`discarded`).
struct JPEGSplitter {
    enum Event: Equatable {
        /// Nothing more to say before there are more bytes.
        case needsBytes
        case picture(start: Int, end: Int)
        case bad(BadFrame)
    }

    private enum State {
        case betweenPictures
        /// A marker has to begin at `position`.
        case atMarker
        case inEntropyData
    }

    /// Bytes that the splitter may want to see beyond the largest picture before it judges: a marker and its length.
    static let lookahead = 4

    private let limit: Int
    private var state = State.betweenPictures
    private var position = 0
    private var start = 0
    private var skipped = 0

    /// - Parameter limit: bytes of the largest picture.
    init(limit: Int) { self.limit = limit }

    /// The first byte that the splitter may still need.
    var firstNeeded: Int { state == .betweenPictures ? position : start }

    /// The caller has moved the buffer's contents `count` bytes towards its start.
    mutating func discarded(_ count: Int) {
        position -= count
        start -= count
    }

    /// Goes on in `bytes`, the whole buffer as it is filled by now.
    mutating func next(in bytes: UnsafeRawBufferPointer) -> Event {
        while true {
            let event: Event?
            switch state {
            case .betweenPictures: event = findStart(in: bytes)
            case .atMarker: event = readMarker(in: bytes)
            case .inEntropyData: event = skipEntropyData(in: bytes)
            }
            if state != .betweenPictures, position - start > limit {
                return fail(.tooLarge(limit: limit), resumeAt: start + limit)
            }
            if let event { return event }
        }
    }

    /// The bytes have come to their end: a picture that is still open was cut off.
    mutating func finish() -> BadFrame? {
        guard state != .betweenPictures else { return nil }
        state = .betweenPictures
        return .truncated
    }

    private mutating func findStart(in bytes: UnsafeRawBufferPointer) -> Event? {
        while position + 2 < bytes.count {
            let begin = position
            // What follows an SOI is a marker: three bytes are a surer sign than two.
            position = Self.find(0xFF, in: bytes, from: begin, to: bytes.count - 2)
            skipped += position - begin
            if skipped >= limit {
                skipped -= limit
                return .bad(.noPicture(bytes: limit))
            }
            guard position + 2 < bytes.count else { break }
            if bytes[position + 1] == 0xD8, bytes[position + 2] == 0xFF {
                start = position
                position += 2
                skipped = 0
                state = .atMarker
                return nil
            }
            position += 1
            skipped += 1
        }
        return .needsBytes
    }

    private mutating func readMarker(in bytes: UnsafeRawBufferPointer) -> Event? {
        guard position < bytes.count else { return .needsBytes }
        guard bytes[position] == 0xFF else { return fail(.brokenStructure, resumeAt: position) }
        guard position + 1 < bytes.count else { return .needsBytes }
        switch bytes[position + 1] {
        case 0xFF:  // fill byte
            position += 1
        case 0xD8:
            return fail(.truncated, resumeAt: position)
        case 0xD9:
            return end()
        case 0x01, 0xD0...0xD7:
            position += 2
        case 0x00:
            return fail(.brokenStructure, resumeAt: position + 2)
        case let code:
            guard position + 3 < bytes.count else { return .needsBytes }
            let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
            guard length >= 2 else { return fail(.brokenStructure, resumeAt: position + 2) }
            position += 2 + length
            if code == 0xDA { state = .inEntropyData }
        }
        return nil
    }

    private mutating func skipEntropyData(in bytes: UnsafeRawBufferPointer) -> Event? {
        while position < bytes.count {
            position = Self.find(0xFF, in: bytes, from: position, to: bytes.count)
            guard position + 1 < bytes.count, position - start <= limit else { return .needsBytes }
            switch bytes[position + 1] {
            case 0xFF:
                position += 1
            case 0xD8:
                return fail(.truncated, resumeAt: position)
            case 0xD9:
                return end()
            // Tables, line count, application data, comments and the next scan.
            case 0xC4, 0xDA...0xDD, 0xE0...0xEF, 0xFE:
                state = .atMarker
                return nil
            // A stuffed zero, a restart or a bit error, which is the decoder's business.
            default:
                position += 2
            }
        }
        return .needsBytes
    }

    private mutating func end() -> Event {
        position += 2
        guard position - start <= limit else { return fail(.tooLarge(limit: limit), resumeAt: start + limit) }
        state = .betweenPictures
        return .picture(start: start, end: position)
    }

    private mutating func fail(_ reason: BadFrame, resumeAt offset: Int) -> Event {
        state = .betweenPictures
        position = offset
        return .bad(reason)
    }

    private static func find(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, from: Int, to: Int) -> Int {
        guard from < to, let base = bytes.baseAddress else { return from }
        return from + clinux_find_byte(base + from, to - from, byte)
    }
}
