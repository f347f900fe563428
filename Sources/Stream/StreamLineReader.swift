/// Reads the daemon's lines one by one. What comes out of a socket is not to be trusted: every number is checked
/// against its range, every field against being there twice or not at all. Fields and kinds of lines that are not known
/// are skipped, as the protocol requires. All memory is taken at the start.
public struct StreamLineReader: ~Copyable {
    /// More classes than any model has.
    public static var maximumClasses: Int { 4096 }
    /// More than fit into a frame's line.
    public static var maximumDetections: Int { StreamProtocol.frameLimit / FrameLineWriter.shortestDetection }
    /// Sides of a mask: a network's input is no larger.
    private static var maskSides: ClosedRange<Double> { 1...2048 }
    /// Sides of an image, in pixels.
    private static var sides: ClosedRange<Double> { 1...65_535 }
    /// Whole numbers that JSON's readers agree on (RFC 7493).
    private static var counts: ClosedRange<Double> { 0...9_007_199_254_740_991 }
    private static var milliseconds: ClosedRange<Double> { 0...1e15 }

    private let texts: UnsafeMutableRawBufferPointer
    private var textCount = 0
    private let found: UnsafeMutableBufferPointer<StreamLine.Detection>
    private var json = JSONReader(StreamLine.nothing)
    private var line = StreamLine()
    private var seen: UInt64 = 0
    /// Detections and classes in `found`.
    private var foundCount = 0

    /// Takes all memory that it will ever need.
    public init() {
        texts = .allocate(byteCount: StreamProtocol.helloLimit, alignment: 16)
        found = .allocate(capacity: Self.maximumDetections)
        found.initialize(repeating: StreamLine.Detection())
    }

    deinit {
        texts.deallocate()
        found.deallocate()
    }

    /// The byte of the line that was not understood, after an error.
    public var offset: Int { json.offset }

    /// - Parameter bytes: a line without its newline, of at most `StreamProtocol.helloLimit` bytes.
    public mutating func read(_ bytes: UnsafeRawBufferPointer) throws(StreamLineError) -> StreamLine {
        line = StreamLine()
        (seen, textCount, foundCount) = (0, 0, 0)
        json = JSONReader(bytes)
        try readKind()
        json = JSONReader(bytes)
        try eachKey { reader, key throws(StreamLineError) in try reader.readField(key) }
        guard json.hasEnded() else { throw .json(.malformed) }
        guard line.kind.isComplete(seen) else { throw .missing }
        return line
    }

    /// Looks for the type, which says what the other fields mean. It is the first one in the daemon's own lines.
    private mutating func readKind() throws(StreamLineError) {
        var isFound = false
        try eachKey { reader, key throws(StreamLineError) in
            guard !isFound, equal(key, "type") else { return try reader.skip() }
            isFound = true
            reader.line.kind = .init(try reader.text())
        }
        guard isFound else { throw .missing }
    }

    /// Calls `body` for each key of an object; it reads the value.
    private mutating func eachKey(
        _ body: (inout StreamLineReader, UnsafeRawBufferPointer) throws(StreamLineError) -> Void
    ) throws(StreamLineError) {
        guard json.take(UInt8(ascii: "{")) else { throw .notAnObject }
        if json.take(UInt8(ascii: "}")) { return }
        repeat {
            let mark = textCount
            let key = try text()
            // The key is of no use once it is recognised.
            textCount = mark
            guard json.take(UInt8(ascii: ":")) else { throw .json(.malformed) }
            try body(&self, key)
        } while json.take(UInt8(ascii: ","))
        guard json.take(UInt8(ascii: "}")) else { throw .json(.malformed) }
    }

    // MARK: - Fields

    private mutating func readField(_ name: UnsafeRawBufferPointer) throws(StreamLineError) {
        guard let field = line.kind.field(name) else { return try skip() }
        guard seen & field.bit == 0 else { throw .repeated }
        seen |= field.bit
        switch field {
        case .protocolVersion: line.protocolVersion = Int(try whole(in: 0...1e6))
        case .version: line.version = try text()
        case .model:
            try eachKey { reader, key throws(StreamLineError) in
                if equal(key, "name") {
                    reader.line.modelName = try reader.text()
                } else if equal(key, "precision") {
                    reader.line.precision = try reader.text()
                } else if equal(key, "width_px") {
                    reader.line.width = try reader.side()
                } else if equal(key, "height_px") {
                    reader.line.height = try reader.side()
                } else {
                    try reader.skip()
                }
            }
        case .snapshots: line.offersSnapshots = try boolean()
        case .sequence: line.sequence = UInt64(try whole(in: Self.counts))
        case .captured: line.captured = try number(in: 0...1e15)
        case .age: line.age = try number(in: Self.milliseconds)
        case .inference: line.inference = try number(in: Self.milliseconds)
        case .droppedFrames: line.droppedFrames = UInt64(try whole(in: Self.counts))
        case .corruptFrames: line.corruptFrames = UInt64(try whole(in: Self.counts))
        case .width: line.width = try side()
        case .height: line.height = try side()
        case .detections: line.detections = try readFound(haveBoxes: true)
        case .classes: line.classes = try readFound(haveBoxes: false)
        case .omitted, .omittedClasses: line.omitted = Int(try whole(in: Self.counts))
        case .lines, .frames: line.count = UInt64(try whole(in: Self.counts))
        case .state: line.state = try text()
        case .message: line.message = try text()
        case .format:
            line.format = try text()
            guard (1...4).contains(line.format.count) else { throw .badValue }
        case .metrics:
            json.skipBlanks()
            let start = json.offset
            try skip()
            line.metrics = json.bytes(from: start)
            guard line.metrics.first == UInt8(ascii: "{") else { throw .badValue }
        case .rate: line.rate = try number(in: 0...1e6)
        case .bytes: line.byteCount = Int(try whole(in: 1...Double(CapturedImage.maximumByteCount)))
        case .planes: try readPlanes()
        case .matrix: line.colour.matrix = equal(try text(), "bt709") ? .bt709 : .bt601
        case .fullRange: line.colour.isFullRange = try boolean()
        case .rotation:
            line.rotation = Int(try whole(in: 0...270))
            guard line.rotation % 90 == 0 else { throw .badValue }
        case .mask: try readMask()
        }
    }

    private mutating func readMask() throws(StreamLineError) {
        try eachKey { reader, key throws(StreamLineError) in
            if equal(key, "offset") {
                reader.line.maskOffset = Int(try reader.whole(in: 0...Double(CapturedImage.maximumByteCount)))
            } else if equal(key, "width_px") {
                reader.line.maskSize.width = Int(try reader.whole(in: Self.maskSides))
            } else if equal(key, "height_px") {
                reader.line.maskSize.height = Int(try reader.whole(in: Self.maskSides))
            } else {
                try reader.skip()
            }
        }
        guard line.maskSize.width > 0, line.maskSize.height > 0 else { throw .missing }
    }

    private mutating func readFound(
        haveBoxes: Bool
    ) throws(StreamLineError) -> UnsafeBufferPointer<StreamLine.Detection> {
        let start = foundCount, firstClass = haveBoxes ? 1.0 : 0
        try eachElement { reader throws(StreamLineError) in
            guard reader.foundCount < reader.found.count else { throw .tooManyDetections }
            var detection = StreamLine.Detection()
            var parts: UInt8 = 0
            try reader.eachKey { reader, key throws(StreamLineError) in
                if equal(key, "class") {
                    parts |= 1
                    detection.classIndex = Int(try reader.whole(in: firstClass...Double(Self.maximumClasses - 1)))
                } else if equal(key, "label") {
                    parts |= 2
                    detection.label = try reader.text()
                } else if equal(key, "score") {
                    parts |= 4
                    detection.score = try reader.number(in: 0...1)
                } else if !haveBoxes, equal(key, "share") {
                    parts |= 16
                    detection.score = try reader.number(in: 0...1)
                } else if equal(key, "box_px") {
                    parts |= 8
                    try reader.readBox(&detection)
                } else {
                    try reader.skip()
                }
            }
            // Label, class and score are 7; a segment has a share in place of the score.
            guard parts == 15 || !haveBoxes && (parts == 7 || parts == 27) else { throw .missing }
            if parts == 27 { reader.line.areSegments = true }
            reader.found[reader.foundCount] = detection
            reader.foundCount += 1
        }
        return UnsafeBufferPointer(rebasing: found[start..<foundCount])
    }

    private mutating func readBox(_ detection: inout StreamLine.Detection) throws(StreamLineError) {
        var sides: InlineArray<4, Double> = [0, 0, 0, 0]
        var count = 0
        try eachElement { reader throws(StreamLineError) in
            guard count < 4 else { throw .badValue }
            sides[count] = try reader.number(in: 0...Self.sides.upperBound)
            count += 1
        }
        guard count == 4 else { throw .badValue }
        (detection.left, detection.top, detection.right, detection.bottom) = (sides[0], sides[1], sides[2], sides[3])
    }

    private mutating func readPlanes() throws(StreamLineError) {
        var count = 0
        try eachElement { reader throws(StreamLineError) in
            guard count < 3 else { throw .badValue }
            var parts: UInt8 = 0
            try reader.eachKey { reader, key throws(StreamLineError) in
                if equal(key, "offset") {
                    parts |= 1
                    reader.line.offsets[count] = Int(try reader.whole(in: 0...Double(CapturedImage.maximumByteCount)))
                } else if equal(key, "row_bytes") {
                    parts |= 2
                    reader.line.rowBytes[count] = Int(try reader.whole(in: 1...Double(CapturedImage.maximumByteCount)))
                } else {
                    try reader.skip()
                }
            }
            guard parts == 3 else { throw .missing }
            count += 1
        }
        line.planeCount = count
    }

    // MARK: - Values

    private mutating func eachElement(
        _ body: (inout StreamLineReader) throws(StreamLineError) -> Void
    ) throws(StreamLineError) {
        guard json.take(UInt8(ascii: "[")) else { throw .badValue }
        if json.take(UInt8(ascii: "]")) { return }
        repeat { try body(&self) } while json.take(UInt8(ascii: ","))
        guard json.take(UInt8(ascii: "]")) else { throw .json(.malformed) }
    }

    private mutating func text() throws(StreamLineError) -> UnsafeRawBufferPointer {
        do throws(JSONError) {
            let text = try json.string(into: UnsafeMutableRawBufferPointer(rebasing: texts[textCount...]))
            textCount += text.count
            return text
        } catch {
            throw .json(error)
        }
    }

    private mutating func number(in range: ClosedRange<Double>) throws(StreamLineError) -> Double {
        guard let value = try? json.number(), range.contains(value) else { throw .badValue }
        return value
    }

    private mutating func whole(in range: ClosedRange<Double>) throws(StreamLineError) -> Double {
        let value = try number(in: range)
        guard value == value.rounded(.towardZero) else { throw .badValue }
        return value
    }

    private mutating func side() throws(StreamLineError) -> Int { Int(try whole(in: Self.sides)) }

    private mutating func boolean() throws(StreamLineError) -> Bool {
        do throws(JSONError) { return try json.boolean() } catch { throw .badValue }
    }

    private mutating func skip() throws(StreamLineError) {
        do throws(JSONError) { try json.skipValue() } catch { throw .json(error) }
    }
}
