/// Finds the JPEG images in a run of bytes that arrives in pieces, without decoding them.
///
/// An image goes from an SOI marker to its own EOI, or, where that is missing, to the next SOI or the end: whether it is
/// complete then is the decoder's business. Segments are skipped by their length, so that the EOI of an EXIF thumbnail
/// ends nothing; between them, what is no marker is skipped as libjpeg does; in entropy-coded data only markers that may
/// stand between scans are followed. Whatever lies between images is skipped. Every byte is looked at once: after a
/// broken image the search for the next SOI continues where the fault was found, so what that image's last segment
/// claimed as its own is lost with it.
///
/// Offsets count from the start of a buffer that the caller owns, refills and moves (`discarded`).
struct JPEGSplitter {
    enum Event: Equatable {
        /// Nothing more to say before there are more bytes.
        case needsBytes
        case image(start: Int, end: Int)
        case bad(BadFrame)
    }

    private enum State {
        case betweenImages
        /// A marker has to begin at `position`.
        case atMarker
        case inEntropyData
    }

    /// Bytes between an SOI and the next marker that do not hide what it is.
    private static let strayBytes = 16
    /// Bytes that the splitter may need beyond the largest image before it judges: an SOI, what may follow it,
    /// and a marker.
    static let lookahead = strayBytes + 4

    private let limit: Int
    private var state = State.betweenImages
    private var position = 0
    private var start = 0
    private var skipped = 0
    /// The open image has come to its first scan.
    private var hasScan = false

    /// - Parameter limit: bytes of the largest image.
    init(limit: Int) { self.limit = limit }

    /// The first byte that the splitter may still need.
    var firstNeeded: Int { state == .betweenImages ? position : start }

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
            case .betweenImages: event = findStart(in: bytes)
            case .atMarker: event = readMarker(in: bytes)
            case .inEntropyData: event = skipEntropyData(in: bytes)
            }
            if state != .betweenImages, position - start > limit {
                return fail(.tooLarge(limit: limit), resumeAt: start + limit)
            }
            if let event { return event }
        }
    }

    /// The bytes have come to their end, and with them an image that is still open.
    mutating func finish(in bytes: UnsafeRawBufferPointer) -> Event? {
        guard state != .betweenImages else { return nil }
        return endWithoutMarker(at: bytes.count)
    }

    private mutating func findStart(in bytes: UnsafeRawBufferPointer) -> Event? {
        while position + 2 < bytes.count {
            let begin = position
            position = Self.find(0xFF, in: bytes, from: begin, to: bytes.count - 2)
            skipped += position - begin
            if skipped >= limit {
                skipped -= limit
                return .bad(.noImage(bytes: limit))
            }
            guard position + 2 < bytes.count, let isStart = Self.isStart(position, in: bytes) else { break }
            if isStart {
                start = position
                position += 2
                skipped = 0
                hasScan = false
                state = .atMarker
                return nil
            }
            position += 1
            skipped += 1
        }
        return .needsBytes
    }

    /// Whether an image begins here: an SOI and a marker behind it, with a few bytes between them if that marker is one
    /// that an image begins with. nil where more bytes have to tell.
    private static func isStart(_ position: Int, in bytes: UnsafeRawBufferPointer) -> Bool? {
        guard position + 2 < bytes.count else { return nil }
        guard bytes[position] == 0xFF, bytes[position + 1] == 0xD8 else { return false }
        if bytes[position + 2] == 0xFF {
            guard position + 3 < bytes.count else { return nil }
            // Of one that comes twice, the second.
            return bytes[position + 3] != 0xD8
        }
        for next in position + 3...position + 2 + strayBytes {
            guard next + 1 < bytes.count else { return nil }
            guard bytes[next] == 0xFF else { continue }
            switch bytes[next + 1] {
            case 0xC0...0xC2, 0xC4, 0xDB, 0xDD, 0xE0...0xEF, 0xFE: return true
            case 0xD8: return false
            default: break
            }
        }
        return false
    }

    private mutating func readMarker(in bytes: UnsafeRawBufferPointer) -> Event? {
        position = Self.find(0xFF, in: bytes, from: position, to: bytes.count)
        guard position + 1 < bytes.count else { return .needsBytes }
        switch bytes[position + 1] {
        case 0xFF:  // fill byte
            position += 1
        case 0xD8:
            guard let isStart = Self.isStart(position, in: bytes) else { return .needsBytes }
            if isStart { return endWithoutMarker(at: position) }
            position += 2
        case 0xD9:
            return end()
        case 0x00, 0x01, 0xD0...0xD7:
            position += 2
        case let code:
            guard position + 3 < bytes.count else { return .needsBytes }
            let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
            position += 2 + max(length, 2)
            if code == 0xDA {
                state = .inEntropyData
                hasScan = true
            }
        }
        return nil
    }

    private mutating func skipEntropyData(in bytes: UnsafeRawBufferPointer) -> Event? {
        while position < bytes.count {
            position = Self.find(0xFF, in: bytes, from: position, to: bytes.count)
            guard position + 1 < bytes.count, position - start <= limit else { return .needsBytes }
            switch bytes[position + 1] {
            case 0xFF, 0xD8, 0xD9:
                if let event = readMarker(in: bytes) { return event }
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

    /// Ends an image where another begins, or nothing more comes.
    private mutating func endWithoutMarker(at offset: Int) -> Event {
        position = offset
        state = .betweenImages
        guard hasScan else { return .bad(.truncated) }
        guard offset - start <= limit else { return .bad(.tooLarge(limit: limit)) }
        return .image(start: start, end: offset)
    }

    private mutating func end() -> Event {
        position += 2
        guard position - start <= limit else { return fail(.tooLarge(limit: limit), resumeAt: start + limit) }
        state = .betweenImages
        return .image(start: start, end: position)
    }

    private mutating func fail(_ reason: BadFrame, resumeAt offset: Int) -> Event {
        state = .betweenImages
        position = offset
        return .bad(reason)
    }

    private static func find(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, from: Int, to: Int) -> Int {
        guard from < to, let base = bytes.baseAddress else { return from }
        return from + clinux_find_byte(base + from, to - from, byte)
    }
}
