import Foundation
import TestSupport
import Testing

@testable import Stream

/// Damaged lines of the daemon: Foundation's parser is the judge of what is JSON.
@Suite struct DaemonLineMutationTests {
    @Test func mutatedLinesAreReadAsFoundationReadsThem() throws {
        let tests = DaemonLineTests()
        var writer = JSONWriter(capacity: StreamProtocol.stateLimit)
        let mode = CameraLine.Mode(format: 0x4750_4A4D, width: 1280, height: 720, rate: 30)
        let camera = Array(
            try writer.cameraLine(
                CameraLine(state: .streaming, camera: Array("c".utf8), message: Array("m".utf8), mode: mode)))
        let seeds = [
            try tests.frame(["ace", "k\"\u{1}é🂡"]), try tests.hello(), camera.dropLast(), try tests.frame([]),
            Array(#"{"type":"dropped","lines":12}"#.utf8), Array(#"{"type":"error","message":"\ud83c\udca1\n"}"#.utf8),
            Array(#"{"type":"later","x":[{"y":-1.5e3},null,true,[],{}],"z":"\u00e9"}"#.utf8),
            Array(
                (#"{"type":"snapshot","format":"MJPG","bytes":9,"mask":{"offset":9,"width_px":4,"height_px":3},"sequence":1,"#
                    + #""captured_unix_s":1,"age_ms":1,"inference_ms":1,"dropped_frames":0,"corrupt_frames":0,"width_px":8,"#
                    + #""height_px":6,"classes":[{"class":0,"label":"a","share":0.5,"box_px":[0,0,8,3]}],"classes_omitted":0}"#)
                    .utf8),
            Array(#"{"type":"status","metrics":{"swiftlet_a_total":3,"swiftlet_b{why=\"c\"}":0.25}}"#.utf8),
        ]
        let mutator = Mutator(seed: 11)
        var reader = StreamLineReader()
        var random = SeededGenerator(seed: 12)
        var accepted = 0, rejected = 0
        for index in 0..<60_000 {
            // In turn damage that breaks the structure, and a byte or two that mostly do not.
            let line =
                index % 2 == 0
                ? mutator.mutation(index, of: seeds[index % seeds.count], donors: seeds)
                : lightlyDamaged(seeds[index % seeds.count], &random)
            // These end a line, or Foundation takes them for blanks.
            guard !line.contains(0x0A), !line.contains(0x0D), !line.contains(0) else { continue }
            do {
                try tests.read(line, &reader) { result in
                    accepted += 1
                    // Whatever it is, it is within what the fields' comments promise.
                    for found in result.detections {
                        #expect((1..<StreamLineReader.maximumClasses).contains(found.classIndex))
                        #expect((0...1).contains(found.score) && found.left.isFinite && found.bottom.isFinite)
                        #expect(found.label.count <= line.count)
                        #expect(String(validating: found.label, as: UTF8.self) != nil)
                    }
                    for found in result.classes ?? result.detections {
                        #expect((0..<StreamLineReader.maximumClasses).contains(found.classIndex) && (0...1).contains(found.score))
                    }
                    #expect(result.maskOffset <= 8 << 20 && result.maskSize.width * result.maskSize.height <= 1 << 22)
                    #expect(result.detections.count <= line.count && result.message.count <= line.count)
                    try agree(result, line, index)
                }
            } catch is StreamLineError {
                rejected += 1
                #expect(reader.offset <= line.count)
            }
        }
        #expect(accepted > 10_000 && rejected > 5000, "\(accepted) accepted, \(rejected) rejected")
    }

    private func lightlyDamaged(_ seed: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        let alphabet = Array(#"{}[]",:\/ 0159.eE+-framlstru"#.utf8)
        var line = seed
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let place = Int.random(in: 0..<line.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: line.insert(alphabet.randomElement(using: &random)!, at: place)
            case 1: line[place] = alphabet.randomElement(using: &random)!
            default: line.remove(at: place)
            }
        }
        return line
    }

    /// That Foundation reads the same from an accepted line.
    private func agree(_ result: StreamLine, _ line: [UInt8], _ index: Int) throws {
        let text = String(decoding: line, as: UTF8.self)
        let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
        // Foundation rejects numbers that RFC 8259 has, such as 0e5 and 1e999.
        guard let object else {
            #expect(text.contains(#/[0-9][eE]/#), "mutation \(index): \(text)")
            return
        }
        #expect(object["type"] is String, "mutation \(index): \(text)")
        switch result.kind {
        case .frame:
            // Of keys that stand twice in a detection Foundation may take the other one.
            let detections = object["detections"] as? [[String: Any]]
            #expect(detections?.count == result.detections.count, "mutation \(index): \(text)")
            #expect((object["sequence"] as? NSNumber)?.uint64Value == result.sequence, "mutation \(index): \(text)")
            #expect((object["age_ms"] as? NSNumber)?.doubleValue == result.age, "mutation \(index): \(text)")
        case .dropped: #expect((object["lines"] as? NSNumber)?.uint64Value == result.count)
        case .error: #expect(object["message"] as? String == String(decoding: result.message, as: UTF8.self))
        case .camera: #expect(object["state"] as? String == String(decoding: result.state, as: UTF8.self))
        case .hello: #expect((object["protocol"] as? NSNumber)?.intValue == result.protocolVersion)
        case .status:
            let metrics = try? JSONSerialization.jsonObject(with: Data(Array(result.metrics))) as? [String: Any]
            #expect(metrics != nil || text.contains(#/[0-9][eE]/#), "mutation \(index): \(text)")
        case .snapshot, .options, .end, .other: break
        }
    }
}
