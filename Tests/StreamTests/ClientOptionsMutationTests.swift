import Foundation
import TestSupport
import Testing

@testable import Stream

/// Foundation's parser is the judge of what is JSON; what options may say is spelled out again here.
@Suite struct ClientOptionsMutationTests {
    static let labels = ["background", "king", "ace", "king", "né\"🂡"].map { ArraySlice($0.utf8) }

    enum Value: Decodable {
        case number(Double)
        case names([String])
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else if let names = try? container.decode([String].self) {
                self = .names(names)
            } else {
                self = .other
            }
        }
    }

    /// What a line says, as read by Foundation; nil where it says nothing valid.
    func expected(_ line: [UInt8]) -> (score: Double, classes: [Int]?, every: Int)? {
        guard let object = try? JSONDecoder().decode([String: Value].self, from: Data(line)) else { return nil }
        var score = 0.0
        var every = 1.0
        var classes: [Int]?
        for (key, value) in object {
            switch (key, value) {
            case ("min_score", .number(let number)): score = number
            case ("every", .number(let number)): every = number
            case ("classes", .names(let names)):
                var found: Set<Int> = []
                for name in names {
                    let indices = (1..<Self.labels.count).filter { Self.labels[$0] == ArraySlice(name.utf8) }
                    guard !indices.isEmpty else { return nil }
                    found.formUnion(indices)
                }
                classes = found.sorted()
            default: return nil
            }
        }
        guard (0...1).contains(score), (1...1_000_000).contains(every), every == every.rounded() else { return nil }
        return (score, classes, Int(every))
    }

    @Test func mutatedLinesAreReadAsFoundationReadsThem() throws {
        let seeds = [
            #"{"min_score":0.5,"classes":["king","ace"],"every":2}"#, #"{"every":1e3}"#, "{}",
            #"{ "classes" : [ ] , "min_score" : 1 }"#, #"{"classes":["n\u00e9\"\ud83c\udca1","\u006bing"]}"#,
            #"{"min_score":0.000,"every":100000}"#, #"{"classes":["né\"🂡"]}"#,
            #"{"snapshot":true}"#, #"{"snapshot":true,"every":2}"#,
        ].map { Array($0.utf8) }
        let words = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: 1)
        words.initialize(repeating: 0)
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 1)
        defer {
            words.deallocate()
            scratch.deallocate()
        }
        var options = ClientOptions(classes: words)
        var random = SeededGenerator(seed: 3)
        let alphabet = Array(#"{}[]",:\/ 0159.eE+-kingtrue"#.utf8)
        var accepted = 0
        var snapshots = 0
        for round in 0..<60_000 {
            var line = seeds.randomElement(using: &random)!
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let place = Int.random(in: 0...line.count, using: &random)
                let byte =
                    Int.random(in: 0..<8, using: &random) == 0
                    ? UInt8.random(in: 1...255, using: &random) : alphabet.randomElement(using: &random)!
                switch Int.random(in: 0..<3, using: &random) {
                case 0: line.insert(byte, at: place)
                case 1 where place < line.count: line[place] = byte
                default: if place < line.count { line.remove(at: place) }
                }
            }
            // These end a line, or the parser takes them for blanks.
            guard !line.contains(0x0A), !line.contains(0x0D) else { continue }
            // Memory of just this size, for AddressSanitizer.
            let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: line.count, alignment: 1)
            defer { bytes.deallocate() }
            bytes.copyBytes(from: line)
            var reader = ClientOptionsReader(UnsafeRawBufferPointer(bytes))
            var failure: ClientLineError?
            var request = ClientRequest.options
            do throws(ClientLineError) {
                request = try reader.read(into: &options, labels: Self.labels, scratch: scratch)
            } catch {
                failure = error
            }
            let offset = reader.offset
            #expect(offset <= line.count)
            let text = String(decoding: line, as: UTF8.self)
            // Foundation takes the last of two, lets a comma end a list, and rejects 0e5: RFC 8259 differs.
            if failure == .repeatedKey || text.contains(#/, *[}\]]|\b0[eE]/#) { continue }
            if failure == nil, request == .snapshot {
                #expect(try JSONDecoder().decode([String: Bool].self, from: Data(line)) == ["snapshot": true])
                snapshots += 1
                continue
            }
            guard let expected = expected(line) else {
                #expect(failure != nil, "round \(round): \(text)")
                continue
            }
            #expect(failure == nil, "round \(round): \(text)")
            guard failure == nil else { continue }
            accepted += 1
            #expect(abs(Double(options.minimumScore) - expected.score) < 1e-6 && Int(options.every) == expected.every)
            let classes = (1..<Self.labels.count).filter { options.includes(class: $0, score: 1) }
            #expect(classes == expected.classes ?? Array(1..<Self.labels.count), "round \(round): \(text)")
        }
        #expect(accepted > 10_000 && snapshots > 1000)
    }
}
