import Foundation
import Pixels
import TestSupport
import Testing

@testable import Stream

/// What a client's reader makes of the real writers' lines, and of others.
@Suite struct DaemonLineTests {
    func frame(_ labels: [String], image: String = "a.jpg") throws -> [UInt8] {
        var writer = FrameLineWriter()
        return try Array(image.utf8).withUnsafeBufferPointer { name in
            writer.begin(
                FrameLine(
                    Frame(
                        pixels: PixelBuffer(
                            jpeg: UnsafeRawBufferPointer(start: nil, count: 0), size: ImageSize(width: 640, height: 480)),
                        sequence: 123_456_789, times: FrameTimes(monotonic: 1_500_000_000, realtime: 1_700_000_000_250_000_000),
                        name: .file(name)), age: 21_500_000, inference: 20_250_000, droppedFrames: 7, corruptFrames: 3))
            for (index, label) in labels.enumerated() {
                writer.add(
                    classIndex: index + 1, label: ArraySlice(label.utf8), score: 0.875, left: 0.25, top: 0.5, right: 0.75,
                    bottom: 1)
            }
            return Array(try writer.finish().line.dropLast())
        }
    }

    func hello(labels: [String] = ["background", "ace"]) throws -> [UInt8] {
        try HelloLine(
            program: "swiftletd", version: "1.2", modelName: Array("m\u{1B}[2J\"é".utf8),
            architecture: Array("a".utf8), precision: Array("int8".utf8), inputWidth: 320,
            inputHeight: 256, sourceKind: "folder", sourcePath: Array("/p".utf8), threshold: 0.3, snapshots: true,
            labels: labels.map { ArraySlice($0.utf8) }
        ).encoded().dropLast()
    }

    /// Reads bytes from memory of just their size, for AddressSanitizer.
    func read<Result>(
        _ bytes: [UInt8], _ reader: inout StreamLineReader, _ body: (StreamLine) throws -> Result
    ) throws -> Result {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        return try body(try reader.read(UnsafeRawBufferPointer(copy)))
    }

    func failure(_ text: String) -> StreamLineError? {
        var reader = StreamLineReader()
        do {
            try read(Array(text.utf8), &reader) { _ in }
            return nil
        } catch {
            return error as? StreamLineError
        }
    }

    /// A classifier's frames list classes without boxes, of which class 0 is one.
    @Test func classesComeBack() throws {
        let labels = ["ace", "k\n", "é🂡"]
        var writer = FrameLineWriter(.classes), reader = StreamLineReader()
        writer.begin(
            FrameLine(
                Frame(
                    pixels: PixelBuffer(
                        jpeg: UnsafeRawBufferPointer(start: nil, count: 0), size: ImageSize(width: 640, height: 480)),
                    sequence: 5, times: FrameTimes(monotonic: 1, realtime: 1), name: .index(3)), age: 0, inference: 0,
                droppedFrames: 0, corruptFrames: 0))
        for (index, label) in labels.enumerated() {
            writer.add(classIndex: index, label: ArraySlice(label.utf8), score: 0.5 / Float(index + 1))
        }
        let line = Array(try writer.finish().line.dropLast())
        #expect(
            String(decoding: line, as: UTF8.self).hasSuffix(#"{"class":2,"label":"é🂡","score":0.1667}],"classes_omitted":0}"#))
        try read(line, &reader) { line in
            #expect(line.kind == .frame && line.sequence == 5 && line.detections.isEmpty && line.omitted == 0)
            let classes = try #require(line.classes)
            #expect(classes.map { String(decoding: $0.label, as: UTF8.self) } == labels)
            #expect(classes.map(\.classIndex) == [0, 1, 2] && classes.map(\.score) == [0.5, 0.25, 0.1667])
        }
        let head = String(decoding: line, as: UTF8.self).components(separatedBy: #","classes""#)[0]
        #expect(failure(head + #","classes":[],"classes_omitted":0}"#) == nil)
        #expect(failure(head + #","classes":[]}"#) == .missing && failure(head + "}") == .missing)
        #expect(failure(head + #","classes":[],"detections_omitted":0}"#) == .missing)
        #expect(failure(head + #","classes":[{"class":0,"label":""}],"classes_omitted":0}"#) == .missing)
        #expect(
            failure(head + #","detections":[{"class":0,"label":"","score":0,"box_px":[0,0,1,1]}],"detections_omitted":0}"#)
                == .badValue)
    }

    /// A segmenter's classes have a share and a box; its snapshots tell of the mask behind the image.
    @Test func segmentsAndMasksComeBack() throws {
        var writer = FrameLineWriter(.segments), reader = StreamLineReader()
        let size = ImageSize(width: 640, height: 480)
        writer.begin(
            FrameLine(
                Frame(
                    pixels: PixelBuffer(jpeg: UnsafeRawBufferPointer(start: nil, count: 0), size: size), sequence: 5,
                    times: FrameTimes(monotonic: 1, realtime: 1), name: .index(3)), age: 0, inference: 0, droppedFrames: 0,
                corruptFrames: 0))
        writer.add(classIndex: 0, label: ArraySlice("sky".utf8), score: 0.75, left: 0, top: 0, right: 1, bottom: 0.5)
        writer.add(classIndex: 7, label: ArraySlice("sea".utf8), score: 0.25, left: 0.25, top: 0.5, right: 1, bottom: 1)
        var image = try CapturedImage()
        defer { image.close() }
        try [UInt8](repeating: 1, count: 150).withUnsafeBytes { try image.fill(PixelBuffer(jpeg: $0)) }
        try [UInt8](repeating: 7, count: 12).withUnsafeBufferPointer {
            try image.add(mask: $0, size: ImageSize(width: 4, height: 3))
        }
        var json = JSONWriter(capacity: StreamProtocol.snapshotHeadLimit)
        let words = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: 1)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: StreamProtocol.lineLimit, alignment: 16)
        defer {
            words.deallocate()
            room.deallocate()
        }
        words.initialize(repeating: 0)
        var options = ClientOptions(classes: words)
        options.minimumScore = 0.5
        let segments = try writer.finish(), frame = Array(segments.line.dropLast())
        let snapshot = Array(segments.line(for: options, as: json.snapshotHead(image), in: room).dropLast())
        let second = #"{"class":7,"label":"sea","share":0.2500,"box_px":[160.0,240.0,640.0,480.0]}"#
        #expect(String(decoding: frame, as: UTF8.self).hasSuffix(second + #"],"classes_omitted":0}"#))
        try read(frame, &reader) { line in
            let classes = try #require(line.classes)
            #expect(line.areSegments && line.detections.isEmpty && classes.map(\.classIndex) == [0, 7])
            #expect(classes.map(\.score) == [0.75, 0.25] && classes[1].left == 160 && classes[0].bottom == 240)
        }
        try read(snapshot, &reader) { line in
            #expect(line.kind == .snapshot && line.byteCount == 150 && line.classes?.count == 1)
            #expect(line.maskOffset == 150 && line.maskSize == ImageSize(width: 4, height: 3))
        }
        // What a mask cannot be, and classes with half of what they need.
        let text = String(decoding: snapshot, as: UTF8.self)
        for (from, to, error) in [
            (#""width_px":4"#, #""width_px":2049"#, StreamLineError.badValue), (#""width_px":4"#, #""width_px":0"#, .badValue),
            (#""width_px":4,"#, "", .missing), (#""offset":150"#, #""offset":8388609"#, .badValue),
            (#""share":0.7500,"#, "", .missing), (#","box_px":[0.0,0.0,640.0,240.0]"#, "", .missing),
        ] {
            try #require(text.contains(from))
            #expect(failure(text.replacingOccurrences(of: from, with: to)) == error, "\(from)")
        }
    }

    @Test func theWritersLinesComeBack() throws {
        var reader = StreamLineReader()
        let labels = ["ace", "k\u{1B}[31m\n\"\\\u{7F}", "", "é🂡"]
        try read(frame(labels), &reader) { line in
            #expect(line.kind == .frame && line.sequence == 123_456_789 && line.captured == 1_700_000_000.25)
            #expect(line.age == 21.5 && line.inference == 20.25 && line.droppedFrames == 7 && line.corruptFrames == 3)
            #expect(line.width == 640 && line.height == 480 && line.omitted == 0)
            #expect(line.detections.map { String(decoding: $0.label, as: UTF8.self) } == labels)
            #expect(line.detections.map(\.classIndex) == [1, 2, 3, 4])
            let first = line.detections[0]
            #expect(first.score == 0.875 && first.left == 160 && first.top == 240 && first.right == 480)
            #expect(first.bottom == 480)
        }
        try read(hello(), &reader) { line in
            #expect(line.kind == .hello && line.protocolVersion == 1 && line.offersSnapshots)
            #expect(String(decoding: line.modelName, as: UTF8.self) == "m\u{1B}[2J\"é")
            #expect(line.width == 320 && line.height == 256 && line.detections.isEmpty)
        }
        let many = (0..<4096).map { "a class with a rather long label \($0)" }
        try read(hello(labels: many), &reader) { #expect($0.kind == .hello) }
        var writer = JSONWriter(capacity: StreamProtocol.stateLimit)
        let mode = CameraLine.Mode(format: 0x5659_5559, width: 640, height: 480, rate: 29.97)
        let camera = Array(
            try writer.cameraLine(
                CameraLine(state: .streaming, camera: Array("c".utf8), message: Array("well\n".utf8), mode: mode)))
        try read(camera.dropLast(), &reader) { line in
            #expect(line.kind == .camera && line.rate == 29.97 && line.width == 640)
            #expect(String(decoding: line.state, as: UTF8.self) == "streaming")
            #expect(String(decoding: line.format, as: UTF8.self) == "YUYV")
            #expect(String(decoding: line.message, as: UTF8.self) == "well\n")
        }
        let end = Array(try writer.endLine(frames: 9, corruptFrames: 2))
        try read(end.dropLast(), &reader) { #expect($0.kind == .end && $0.count == 9) }
        let error = Array(try writer.errorLine("too slow", offset: 3))
        try read(error.dropLast(), &reader) {
            #expect($0.kind == .error && String(decoding: $0.message, as: UTF8.self) == "too slow")
        }
        try read(Array(#"{"type":"dropped","lines":12}"#.utf8), &reader) {
            #expect($0.kind == .dropped && $0.count == 12)
        }
    }

    @Test func aSnapshotsLineComesBack() throws {
        var image = try CapturedImage()
        defer { image.close() }
        let luma = [UInt8](repeating: 1, count: 100), chroma = [UInt8](repeating: 2, count: 50)
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        let shape = PixelShape(
            format: .nv12, size: ImageSize(width: 10, height: 10), colour: .bt709(isFullRange: false),
            rowBytes: [10, 12, 0])
        try luma.withUnsafeBytes { luma in
            try chroma.withUnsafeBytes { try image.fill(PixelBuffer(shape, planes: [luma, $0, nothing])) }
        }
        var writer = FrameLineWriter()
        writer.begin(
            FrameLine(
                Frame(
                    pixels: PixelBuffer(
                        jpeg: UnsafeRawBufferPointer(start: nil, count: 0), size: ImageSize(width: 10, height: 10)),
                    sequence: 5, times: FrameTimes(monotonic: 1, realtime: 2), name: .index(5)), age: 3, inference: 4,
                droppedFrames: 0, corruptFrames: 0))
        writer.add(classIndex: 3, label: ArraySlice("x".utf8), score: 1, left: 0, top: 0, right: 1, bottom: 1)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: StreamProtocol.lineLimit, alignment: 1)
        let words = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: 1)
        words.initialize(repeating: 0)
        defer {
            room.deallocate()
            words.deallocate()
        }
        var json = JSONWriter(capacity: StreamProtocol.snapshotHeadLimit)
        let bytes = Array(
            try writer.finish().line(for: ClientOptions(classes: words), as: json.snapshotHead(image), in: room))
        #expect(!json.hasOverflowed && bytes.last == 0x0A)
        var reader = StreamLineReader()
        try read(bytes.dropLast(), &reader) { line in
            #expect(line.kind == .snapshot && line.byteCount == 150 && line.planeCount == 2 && line.sequence == 5)
            #expect(String(decoding: line.format, as: UTF8.self) == "NV12" && line.colour == .bt709(isFullRange: false))
            #expect(line.offsets[0] == 0 && line.rowBytes[0] == 10)
            #expect(line.offsets[1] == 100 && line.rowBytes[1] == 12 && line.detections.count == 1)
        }
    }

    @Test(arguments: [
        ("", StreamLineError.notAnObject), ("[]", .notAnObject), ("{}", .missing), (#"{"type":"frame"}"#, .missing),
        (#"{"type":"dropped","lines":1,"lines":1}"#, .repeated), (#"{"type":"dropped","lines":-1}"#, .badValue),
        (#"{"type":"dropped","lines":1.5}"#, .badValue), (#"{"type":"dropped","lines":1e300}"#, .badValue),
        (#"{"type":"dropped","lines":"1"}"#, .badValue), (#"{"type":"dropped","lines":1} x"#, .json(.malformed)),
        (#"{"type":"dropped","lines":1"#, .json(.malformed)), (#"{"type":7}"#, .json(.malformed)),
        ("{\"type\":\"\u{1}\"}", .json(.malformed)),
    ]) func othersAreRejected(line: String, error: StreamLineError) {
        #expect(failure(line) == error)
    }

    @Test func whatIsNotKnownIsSkippedWithinBounds() {
        #expect(failure(#"{"type":"later","frames":"none","x":[1,{"y":[true,false,null,-0.5e+3]}]}"#) == nil)
        #expect(failure(#"{"more":{"lines":"x"},"lines":4,"type":"dropped","camera":{}}"#) == nil)
        func nested(_ depth: Int) -> String {
            #"{"type":"later","x":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
        }
        #expect(failure(nested(JSONReader.maximumDepth)) == nil)
        #expect(failure(nested(JSONReader.maximumDepth + 1)) == .json(.tooDeep))
        #expect(failure(nested(100_000)) == .json(.tooDeep))
        let one = #"{"class":1,"label":"","score":0,"box_px":[0,0,0,0]}"#
        func frame(_ count: Int) -> String {
            let all = [String](repeating: one, count: count).joined(separator: ",")
            return #"{"type":"frame","sequence":0,"captured_unix_s":0,"age_ms":0,"inference_ms":0,"dropped_frames":0,"#
                + #""corrupt_frames":0,"width_px":1,"height_px":1,"detections":["# + all + #"],"detections_omitted":0}"#
        }
        #expect(failure(frame(StreamLineReader.maximumDetections)) == nil)
        #expect(failure(frame(StreamLineReader.maximumDetections + 1)) == .tooManyDetections)
        for part in [
            #""class":0"#, #""class":4096"#, #""score":1.01"#, #""box_px":[0,0,0]"#, #""box_px":[0,0,0,0,0]"#,
        ] {
            let key = part.split(separator: ":")[0]
            let old = one.split(separator: ",\"").first { $0.contains(key.dropFirst().dropLast()) }
            #expect(old != nil)
            var text = frame(1)
            let range = text.range(of: key + ":")!
            let end =
                part.contains("[")
                ? text.range(of: "]", range: range.upperBound..<text.endIndex)!.upperBound
                : text[range.upperBound...].firstIndex(of: ",")!
            text.replaceSubrange(range.lowerBound..<end, with: part)
            #expect(failure(text) == .badValue, "\(part)")
        }
    }

    @Test func linesAreWholeWhateverPiecesCome() throws {
        var random = SeededGenerator(seed: 4)
        let lines = (0..<2000).map { "\($0) " + String(repeating: "x", count: Int.random(in: 0...90, using: &random)) }
        let bytes = Array(lines.joined(separator: "\n").utf8) + [0x0A]
        for most in [1, 7, 64, 100] {
            var buffer = LineBuffer(capacity: 100)
            var found: [String] = []
            var offset = 0
            while offset < bytes.count {
                let room = buffer.room()
                let count = min(room.count, bytes.count - offset, Int.random(in: 1...most, using: &random))
                room.copyBytes(from: bytes[offset..<offset + count])
                buffer.added(count)
                offset += count
                while let line = try buffer.next() { found.append(String(decoding: line, as: UTF8.self)) }
            }
            #expect(found == lines)
        }
    }

    @Test func aLineWithoutEndIsRejected() throws {
        var buffer = LineBuffer(capacity: 100)
        for count in [60, 39, 1] {
            #expect(try buffer.next() == nil)
            let room = buffer.room()
            room[..<count].copyBytes(from: [UInt8](repeating: 0x78, count: count))
            buffer.added(count)
        }
        #expect(throws: StreamLineError.tooLong(limit: 100)) { try buffer.next() }
        buffer.clear()
        buffer.room().copyBytes(from: Array("a\n".utf8))
        buffer.added(2)
        #expect(try buffer.next()?.count == 1)
    }
}
