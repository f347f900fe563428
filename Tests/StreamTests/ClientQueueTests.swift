import Foundation
import TestSupport
import Testing

@testable import Stream

@Suite struct ClientQueueTests {
    /// Lines of random length come and bytes go in random portions. Whatever happens, the client gets whole lines in
    /// order, and each gap is filled by a notice of just its size.
    @Test func linesStayWholeAndGapsAreCounted() throws {
        var noticesSeen = 0
        for seed in 0..<300 {
            var random = SeededGenerator(seed: UInt64(seed))
            let longest = Int.random(in: 12...200, using: &random)
            let ring = UnsafeMutableRawBufferPointer.allocate(
                byteCount: 2 * longest + Int.random(in: 0...300, using: &random), alignment: 16)
            let notice = UnsafeMutablePointer<UInt8>.allocate(capacity: ClientQueue.noticeCapacity)
            defer {
                ring.deallocate()
                notice.deallocate()
            }
            var queue = ClientQueue(ring: ring, notice: notice)
            let hello = Array("hello\n".utf8)
            var received: [UInt8] = []
            var dropped = 0
            var completed = 0
            func send(_ most: Int) {
                hello.withUnsafeBytes { hello in
                    guard !queue.isEmpty(hello: hello) else { return }
                    let bytes = queue.next(hello: hello)
                    #expect(!bytes.isEmpty)
                    received += bytes.prefix(most)
                    completed += queue.consumed(min(most, bytes.count), hello: hello)
                }
            }
            let greed = Int.random(in: 1...4, using: &random)
            for number in 0..<200 {
                var line = Array("\(number) ".utf8)
                line += [UInt8](repeating: 0x78, count: Int.random(in: 0...longest - 6, using: &random)) + [0x0A]
                dropped += line.withUnsafeBytes { queue.append($0) }
                for _ in 0..<Int.random(in: 0...greed, using: &random) {
                    send(Int.random(in: 0...longest, using: &random))
                }
            }
            while hello.withUnsafeBytes({ !queue.isEmpty(hello: $0) }) { send(17) }

            var lines = received.split(separator: 0x0A, omittingEmptySubsequences: false)
            #expect(lines.removeLast().isEmpty)
            #expect(lines.removeFirst() == Array("hello".utf8)[...])
            var expected = 0
            var told = 0
            var whole = 0
            for line in lines {
                if line.first == UInt8(ascii: "{") {
                    let notice = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
                    let count = try #require(notice?["lines"] as? Int)
                    #expect(notice?["type"] as? String == "dropped" && count > 0)
                    expected += count
                    told += count
                    noticesSeen += 1
                } else {
                    let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
                    #expect(parts.count == 2 && parts[1].allSatisfy { $0 == 0x78 })
                    #expect(Int(String(decoding: parts[0], as: UTF8.self)) == expected, "seed \(seed)")
                    expected += 1
                    whole += 1
                }
            }
            #expect(expected == 200 && told == dropped && whole == completed, "seed \(seed)")
        }
        #expect(noticesSeen > 1000)
    }
}
