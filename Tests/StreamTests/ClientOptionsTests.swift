import Foundation
import TestSupport
import Pixels
import Testing

@testable import Stream

/// Clients that request parts of each frame, over real sockets.
@Suite struct ClientOptionsTests {
    static let labels = ["background", "nine", "ten", "jack", "queen", "king", "a\u{2028}\"ce🂡"]

    func object(_ line: String?) throws -> [String: Any] {
        let line = try #require(line)
        return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    /// Publishes a frame with these detections.
    func publish(
        _ detections: [(Int, Float)], sequence: UInt64 = 0, to stream: RunningServer, _ writer: inout FrameLineWriter
    ) throws {
        writer.begin(
            FrameLine(
                Frame(
                    pixels: PixelBuffer(
                        jpeg: UnsafeRawBufferPointer(start: nil, count: 0), size: ImageSize(width: 100, height: 50)),
                    sequence: sequence, times: FrameTimes(monotonic: 1, realtime: 2), name: .index(sequence)), age: 3,
                inference: 4, droppedFrames: 0, corruptFrames: 0))
        for (index, score) in detections {
            writer.add(
                classIndex: index, label: ArraySlice(Self.labels[index].utf8), score: score, left: 0, top: 0,
                right: score, bottom: 1)
        }
        stream.server.publish(try writer.finish())
    }

    func ask(_ client: SocketClient, _ options: String) throws -> [String: Any] {
        client.send(options + "\n")
        return try object(try client.line())
    }

    @Test func eachClientGetsWhatItWants() throws {
        let stream = try RunningServer(labels: Self.labels)
        var random = SeededGenerator(seed: 7)
        var writer = FrameLineWriter()
        let plain = try stream.client()
        // A score as lines say it: what a client compares with may not lie between two of them.
        let wishes: [(SocketClient, Float, Set<Int>?)] = try (0..<12).map { number in
            let client = try stream.client()
            let score = number % 3 == 0 ? 0 : Float(Int.random(in: 0...1000, using: &random)) / 1000
            let classes = number % 4 == 0 ? nil : Set((1...6).filter { _ in Bool.random(using: &random) })
            let names = classes.map { $0.sorted().map { Self.labels[$0] } }
            var wish: [String: Any] = ["min_score": Double(score)]
            if let names { wish["classes"] = names }
            let reply = try ask(
                client, String(decoding: try JSONSerialization.data(withJSONObject: wish), as: UTF8.self))
            #expect(reply["type"] as? String == "options" && reply["every"] as? Int == 1)
            #expect(abs(try #require(reply["min_score"] as? Double) - Double(score)) < 0.00006)
            #expect(reply["classes"] as? [String] == names)
            return (client, score, classes)
        }
        for sequence in 0..<100 {
            let detections = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                (Int.random(in: 1...6, using: &random), Float(Int.random(in: 0...1000, using: &random)) / 1000)
            }
            try publish(detections, sequence: UInt64(sequence), to: stream, &writer)
            let whole = try object(try plain.line())
            let all = try #require(whole["detections"] as? [[String: Any]])
            #expect(all.map { $0["class"] as? Int } == detections.map { $0.0 })
            for (client, score, classes) in wishes {
                let line = try object(try client.line())
                let wanted = zip(all, detections).filter { _, detection in
                    detection.1 >= score && classes?.contains(detection.0) ?? true
                }
                let found = try #require(line["detections"] as? [[String: Any]])
                #expect(found as NSArray == wanted.map(\.0) as NSArray)
                // All the rest is the same.
                var rest = whole
                rest["detections"] = found
                #expect(line as NSDictionary == rest as NSDictionary)
            }
        }
    }

    @Test func everyNthFrameBeginsWithTheNextOne() throws {
        let stream = try RunningServer(labels: Self.labels)
        var writer = FrameLineWriter()
        let client = try stream.client()
        let plain = try stream.client()
        #expect(try ask(client, #"{"every":3}"#)["every"] as? Int == 3)
        for sequence in 0..<7 { try publish([(1, 0.5)], sequence: UInt64(sequence), to: stream, &writer) }
        // Lines of other kinds come all the same.
        stream.publish("{}")
        for sequence in [0, 3, 6] { #expect(try object(try client.line())["sequence"] as? Int == sequence) }
        #expect(try client.line() == "{}")
        // A later line replaces the first one, all of it.
        #expect(try ask(client, #"{"min_score":0.4}"#)["every"] as? Int == 1)
        for sequence in 7..<9 { try publish([(1, 0.5)], sequence: UInt64(sequence), to: stream, &writer) }
        for sequence in 7..<9 { #expect(try object(try client.line())["sequence"] as? Int == sequence) }
        for sequence in 0..<7 { #expect(try object(try plain.line())["sequence"] as? Int == sequence) }
    }

    @Test func aPlaceThatIsTakenAgainKnowsNothingOfItsLastClient() throws {
        var limits = StreamLimits()
        limits.clients = 1
        let stream = try RunningServer(limits, labels: Self.labels)
        var writer = FrameLineWriter()
        do {
            let first = try stream.client()
            #expect(try ask(first, #"{"classes":["ten"],"every":1000}"#)["type"] as? String == "options")
            // Half a line, which the next client must not complete.
            first.send(#"{"every":5"#)
        }
        #expect(stream.eventually { $0.clients == 0 })
        let second = try stream.client()
        #expect(try ask(second, "}")["type"] as? String == "error")
        for sequence in 0..<2 {
            try publish([(1, 0.5), (2, 0.5)], sequence: UInt64(sequence), to: stream, &writer)
            #expect((try object(try second.line())["detections"] as? [Any])?.count == 2)
        }
    }

    @Test(arguments: [
        ("hello?", 0), ("", 0), ("[]", 0), (#"{"every":0}"#, 9), (#"{"every":1.5}"#, 9), (#"{"every":1000001}"#, 9),
        (#"{"min_score":1.01}"#, 13), (#"{"min_score":-0.1}"#, 13), (#"{"min_score":+1}"#, 13),
        (#"{"min_score":nan}"#, 13), (#"{"min_score":"1"}"#, 13), (#"{"min_score":0x1}"#, 14),
        (#"{"min_score":01}"#, 13), (#"{"min_score":.5}"#, 13), (#"{"min_score":1.}"#, 13),
        (#"{"classes":["nobody"]}"#, 12), (#"{"classes":["background"]}"#, 12), (#"{"classes":"king"}"#, 11),
        (#"{"classes":["king",]}"#, 19), (#"{"score":1}"#, 1), (#"{"every":1,"every":2}"#, 11), ("{} {}", 3),
        (#"{"every":1"#, 10), (#"{"every" 1}"#, 9), (#"{"classes":["\ud800"]}"#, 19), (#"{"a\x":1}"#, 5),
    ])
    func whatIsNoOptionIsAnsweredAndChangesNothing(line: String, offset: Int) throws {
        let stream = try RunningServer(labels: Self.labels)
        var writer = FrameLineWriter()
        let client = try stream.client()
        #expect(try ask(client, #"{"classes":["king"]}"#)["type"] as? String == "options")
        let reply = try ask(client, line)
        #expect(reply["type"] as? String == "error" && (reply["message"] as? String)?.isEmpty == false)
        #expect(reply["offset"] as? Int == offset)
        try publish([(1, 0.9), (5, 0.8)], to: stream, &writer)
        let found = try object(try client.line())["detections"] as? [[String: Any]]
        #expect(found?.map { $0["label"] as? String } == ["king"])
    }

    /// Lines that come at once, in pieces, with carriage returns, and one that ends with the input.
    @Test func linesAreFoundHoweverTheyCome() throws {
        var limits = StreamLimits()
        limits.inputPause = 1_000_000
        let stream = try RunningServer(limits, labels: Self.labels)
        let client = try stream.client()
        client.send((1...50).map { "{\"every\":\($0)}\r\n" }.joined())
        for number in 1...50 { #expect(try object(try client.line())["every"] as? Int == number) }
        for byte in #" { "every" : 7e1 , "classes":["\u006bing" , "a\u2028\"ce\ud83c\udca1"]}"# + "\n" {
            client.send(String(byte))
            usleep(100)
        }
        let reply = try object(try client.line())
        #expect(reply["every"] as? Int == 70 && reply["classes"] as? [String] == ["king", Self.labels[6]])
        client.send(#"{"every":8}"#)
        shutdown(client.descriptor, Int32(SHUT_WR))
        #expect(try object(try client.line())["every"] as? Int == 8)
        stream.publish("on")
        #expect(try client.line() == "on")
    }

    @Test func aLineOf4096BytesIsReadAndALongerOneEndsTheConnection() throws {
        let stream = try RunningServer(labels: Self.labels)
        let client = try stream.client()
        let text = #"{"every":2}"#
        let reply = try ask(client, text + String(repeating: " ", count: 4095 - text.utf8.count))
        #expect(reply["every"] as? Int == 2)
        client.send(String(repeating: " ", count: 4096))
        #expect(try object(try client.line())["message"] as? String == "more than 4096 bytes without a newline: closed")
        #expect(try client.line() == nil)
        #expect(stream.eventually { $0.clients == 0 })
    }

    /// The others notice nothing, and the one that floods reads whole lines up to its end, not a reset connection.
    @Test func aFloodIsToldAndClosed() throws {
        let stream = try RunningServer(labels: Self.labels)
        let reader = try stream.client()
        let flooding = try stream.client()
        let noise = [UInt8](repeating: 0x41, count: 1 << 16)
        for _ in 0..<20 {
            _ = Glibc.send(flooding.descriptor, noise, noise.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        }
        for number in 0..<50 {
            stream.publish("\(number)")
            #expect(try reader.line() == "\(number)")
        }
        #expect(try flooding.lines().last?.contains("without a newline") == true)
        #expect(stream.eventually { $0.clients == 1 })
    }

    @Test func answersToAFloodOfLinesAreFew() throws {
        var limits = StreamLimits()
        limits.inputPause = 50_000_000
        let stream = try RunningServer(limits, labels: Self.labels)
        let client = try stream.client()
        for _ in 0..<100 {
            let lines = String(repeating: "?\n", count: 1000)
            _ = lines.withCString {
                Glibc.send(client.descriptor, $0, strlen($0), Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            }
        }
        for _ in 0..<5 { #expect(try object(try client.line())["type"] as? String == "error") }
        // At most one more can have been answered since: the pause lies between two of them.
        #expect(stream.server.counters.linesSent <= 7)
    }
}
