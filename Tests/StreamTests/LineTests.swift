import Foundation
import Pixels
import Testing

@testable import Stream

@Suite struct LineTests {
    func object(_ bytes: some Sequence<UInt8>) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    func hello(labels: [ArraySlice<UInt8>], limit: Int = StreamProtocol.helloLimit) throws -> [UInt8] {
        try HelloLine(
            program: "swiftletd", version: "1.2", modelName: Array("m".utf8), architecture: Array("a".utf8),
            precision: Array("fp32".utf8), inputWidth: 320, inputHeight: 256, sourceKind: "folder",
            sourcePath: [UInt8](repeating: 0x2F, count: 4000), threshold: 0.3, snapshots: true, labels: labels
        ).encoded(limit: limit)
    }

    func frame(_ image: FrameName = .index(3)) -> FrameLine {
        let pixels = PixelBuffer(
            jpeg: UnsafeRawBufferPointer(start: nil, count: 0), size: ImageSize(width: 640, height: 480))
        let times = FrameTimes(monotonic: 12_345_678_901, realtime: 1_700_000_000_123_456_789)
        return FrameLine(
            Frame(pixels: pixels, sequence: 7, times: times, name: image), age: 21_500_000, inference: 20_250_499,
            droppedFrames: 2, corruptFrames: 1)
    }

    @Test func helloSaysWhatTheNumbersMean() throws {
        let line = try object(hello(labels: [ArraySlice("background".utf8), ArraySlice("ace".utf8)]))
        #expect(line["type"] as? String == "hello")
        #expect(line["protocol"] as? Int == 1)
        #expect(line["labels"] as? [String] == ["background", "ace"])
        #expect(line["labels_omitted"] as? Int == 0)
        #expect(line["snapshots"] as? Bool == true)
        #expect((line["model"] as? [String: Any])?["height_px"] as? Int == 256)
        #expect((line["source"] as? [String: String])?["path"]?.count == StreamProtocol.textLimit)
        #expect(line["threshold"] as? Double == 0.3)
    }

    /// A label that no line can hold takes no other detection with it.
    @Test func aLabelThatIsTooLongIsLeftOutAlone() throws {
        for length in [StreamProtocol.labelLimit + 1, 31_000, 32_000, 1 << 20] {
            for place in 0..<3 {
                var writer = FrameLineWriter()
                writer.begin(frame())
                for index in 0..<3 {
                    // Of control characters, which take six bytes each.
                    let label = ArraySlice<UInt8>(repeating: 1, count: index == place ? length : StreamProtocol.labelLimit)
                    writer.add(classIndex: index, label: label, score: 0.5, left: 0, top: 0, right: 1, bottom: 1)
                }
                let line = try object(Array(try writer.finish().line))
                let found = try #require(line["detections"] as? [[String: Any]])
                #expect(found.map { $0["class"] as? Int } == [0, 1, 2].filter { $0 != place })
                #expect(line["detections_omitted"] as? Int == 1)
            }
        }
    }

    @Test func helloTakes4096LabelsAndCountsWhatItCannot() throws {
        let labels = (0..<4096).map { ArraySlice("a class with a rather long label \($0)".utf8) }
        #expect(try object(hello(labels: labels))["labels_omitted"] as? Int == 0)
        for limit in [1400, 1500, 2000, 10_000, 100_000] {
            let bytes = try hello(labels: labels, limit: limit)
            let line = try object(bytes)
            let listed = try #require(line["labels"] as? [String])
            let omitted = try #require(line["labels_omitted"] as? Int)
            #expect(bytes.count <= limit && listed.count + omitted == 4096 && omitted > 0)
            #expect(listed == labels.prefix(listed.count).map { String(decoding: $0, as: UTF8.self) })
        }
    }

    @Test func frameHasPixelsOfTheFrameAndNothingBeyond() throws {
        var writer = FrameLineWriter()
        writer.begin(frame())
        writer.add(
            classIndex: 1, label: ArraySlice("ace".utf8), score: 0.93421, left: 0.25, top: 0.5, right: 1.5, bottom: -1)
        writer.add(classIndex: 2, label: [0xFF], score: 1, left: .nan, top: -.infinity, right: .infinity, bottom: 1)
        let line = try object(try writer.finish().line)
        #expect(line["type"] as? String == "frame")
        #expect(line["sequence"] as? Int == 7)
        #expect(line["captured_monotonic_s"] as? Double == 12.345678)
        #expect(line["captured_unix_s"] as? Double == 1_700_000_000.123456)
        #expect(line["age_ms"] as? Double == 21.5)
        #expect(line["inference_ms"] as? Double == 20.25)
        #expect(line["dropped_frames"] as? Int == 2)
        #expect(line["corrupt_frames"] as? Int == 1)
        #expect(line["picture"] as? Int == 3)
        #expect(line["width_px"] as? Int == 640)
        #expect(line["height_px"] as? Int == 480)
        #expect(line["detections_omitted"] as? Int == 0)
        let detections = try #require(line["detections"] as? [[String: Any]])
        #expect(detections.map { $0["class"] as? Int } == [1, 2])
        #expect(detections.map { $0["label"] as? String } == ["ace", "\u{FFFD}"])
        #expect(detections.map { $0["score"] as? Double } == [0.9342, 1])
        #expect(detections.map { $0["box_px"] as? [Double] } == [[160, 240, 640, 0], [0, 0, 640, 480]])
    }

    @Test func everyFullLineIsWholeAndTellsWhatItLeavesOut() throws {
        let name = Array("\u{1}".utf8) + [UInt8](repeating: 0x22, count: 254)
        for capacity in stride(from: 900, to: 1500, by: 7) {
            var writer = FrameLineWriter(capacity: capacity)
            for count in [0, 3, 40] {
                let bytes = try name.withUnsafeBufferPointer { name in
                    writer.begin(frame(.file(name)))
                    for index in 0..<count {
                        writer.add(
                            classIndex: index, label: [0x61], score: 0.5, left: 0, top: 0, right: 1, bottom: 1)
                    }
                    return Array(try writer.finish().line)
                }
                let line = try object(bytes)
                let kept = try #require(line["detections"] as? [[String: Any]])
                #expect(bytes.count <= capacity)
                #expect(kept.map { $0["class"] as? Int } == Array(0..<kept.count))
                #expect(line["detections_omitted"] as? Int == count - kept.count)
                #expect((line["picture"] as? String)?.utf8.count == 255)
            }
        }
    }

    @Test func eventLines() throws {
        var writer = JSONWriter(capacity: 128)
        let end = try object(try writer.endLine(frames: 9, corruptFrames: 2))
        #expect(end["type"] as? String == "end")
        #expect(end["frames"] as? Int == 9)
        #expect(end["corrupt_frames"] as? Int == 2)
        #expect(try object(try writer.errorLine("too many clients"))["message"] as? String == "too many clients")
    }
}
