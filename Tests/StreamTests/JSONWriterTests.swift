import Foundation
import TestSupport
import Testing

@testable import Stream

/// Foundation's parser is the judge of what the writer writes.
@Suite struct JSONWriterTests {
    func parsed(_ line: UnsafeRawBufferPointer) throws -> Any {
        #expect(line.last == 0x0A && !line.dropLast().contains(0x0A))
        return try JSONSerialization.jsonObject(with: Data(line), options: [.fragmentsAllowed])
    }

    @Test func anyBytesBecomeTheStringThatUTF8DecodingMakesOfThem() throws {
        var random = SeededGenerator(seed: 1)
        var json = JSONWriter(capacity: 4096)
        for round in 0..<3000 {
            // Runs of continuation and lead bytes, quotes, controls and real characters.
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.append(UInt8.random(in: 0...0x7F, using: &random))
                case 1: bytes.append(UInt8.random(in: 0x80...0xFF, using: &random))
                case 2: bytes.append([0xC0, 0xE0, 0xED, 0xA0, 0xF0, 0xF4, 0x90, 0x80].randomElement(using: &random)!)
                default: bytes += Array("é\u{2028}語🦅\"\\/\n\r\t\u{0}".randomElement(using: &random)!.utf8)
                }
            }
            json.clear()
            json.string(bytes)
            let text = try #require(try parsed(json.line()) as? String)
            // Foundation compares by canonical equivalence: bytes are what counts here.
            #expect(Array(text.utf8) == Array(String(decoding: bytes, as: UTF8.self).utf8), "round \(round)")
        }
    }

    @Test func decimalsAreTheNearest() throws {
        var random = SeededGenerator(seed: 2)
        var json = JSONWriter(capacity: 64)
        for _ in 0..<3000 {
            let decimals = Int.random(in: 0...9, using: &random)
            let magnitude = pow(10, Double.random(in: -12...8, using: &random))
            let value = Double.random(in: -1...1, using: &random) * magnitude
            json.clear()
            json.decimal(value, decimals: decimals)
            let text = String(decoding: try json.line(), as: UTF8.self).dropLast()
            let read = try #require(Double(text))
            #expect(
                abs(read - value) <= 0.5000001 * pow(10, -Double(decimals)) + abs(value) * 1e-15, "\(value) → \(text)")
            #expect((text.split(separator: ".").dropFirst().first?.count ?? 0) == decimals)
            #expect(!text.hasPrefix("-0") || read < 0)
        }
    }

    @Test func whatJSONCannotSayIsNull() throws {
        var json = JSONWriter(capacity: 256)
        json.beginArray()
        for value in [Double.nan, .infinity, -.infinity, 1e30, -1e300] { json.decimal(value, decimals: 3) }
        json.endArray()
        #expect(try parsed(json.line()) as? [NSNull] == Array(repeating: NSNull(), count: 5))
    }

    @Test func integersAndTimesAreExact() throws {
        var json = JSONWriter(capacity: 256)
        json.beginArray()
        for value in [0, 9, 10, -1, Int.max, Int.min] { json.integer(value) }
        json.integer(UInt64.max)
        json.seconds(nanoseconds: 1_700_000_000_000_000_999)
        json.seconds(nanoseconds: 5_000)
        json.beginObject()
        json.endObject()
        json.boolean(true)
        json.endArray()
        #expect(
            String(decoding: try json.line(), as: UTF8.self)
                == "[0,9,10,-1,9223372036854775807,-9223372036854775808,18446744073709551615,"
                + "1700000000.000000,0.000005,{},true]\n")
    }

    @Test(arguments: 1..<30) func whatDoesNotFitIsAnError(capacity: Int) throws {
        var json = JSONWriter(capacity: capacity)
        json.beginObject()
        json.key("key")
        json.string("0123456789")
        json.endObject()
        // {"key":"0123456789"} and a newline.
        if capacity >= 21 {
            #expect(try json.line().count == 21)
        } else {
            do {
                _ = try json.line()
                Issue.record("a line of 21 bytes in \(capacity)")
            } catch {
                #expect(error == .lineTooLong(limit: capacity))
            }
        }
        json.clear()
        let hasOverflowed = json.hasOverflowed
        #expect(!hasOverflowed)
    }
}
