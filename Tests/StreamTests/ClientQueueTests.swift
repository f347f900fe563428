import CLinux
import Foundation
import TestSupport
import Testing

@testable import Stream

@Suite struct ClientQueueTests {
    /// Lines of random length come and bytes go in random portions. Whatever happens, the client gets whole lines in
    /// order, and each gap is filled by a notice of just its size. What the queue calls spare holds nothing of them.
    @Test func linesStayWholeAndGapsAreCounted() throws {
        var noticesSeen = 0
        var spares = 0
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
                    let spare = queue.takeSpare()
                    spare.initializeMemory(as: UInt8.self, repeating: 0)
                    spares += spare.isEmpty ? 0 : 1
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
        #expect(noticesSeen > 1000 && spares > 1000)
    }

    @Test func onlyAClientThatFellBehindHasMemoryToSpare() {
        let ring = UnsafeMutableRawBufferPointer.allocate(byteCount: 1000, alignment: 16)
        let notice = UnsafeMutablePointer<UInt8>.allocate(capacity: ClientQueue.noticeCapacity)
        defer {
            ring.deallocate()
            notice.deallocate()
        }
        var queue = ClientQueue(ring: ring, notice: notice)
        let hello = UnsafeRawBufferPointer(start: nil, count: 0)
        let line = [UInt8](repeating: 0x78, count: 99) + [0x0A]
        func append(_ count: Int) {
            for _ in 0..<count { _ = line.withUnsafeBytes { queue.append($0) } }
        }
        func sendAll() {
            while !queue.isEmpty(hello: hello) { _ = queue.consumed(queue.next(hello: hello).count, hello: hello) }
        }
        for _ in 0..<20 {
            append(1)
            sendAll()
            #expect(queue.takeSpare().isEmpty)
        }
        append(4)
        #expect(queue.takeSpare().isEmpty, "lines wait in it")
        sendAll()
        let spare = queue.takeSpare()
        #expect(spare.baseAddress == ring.baseAddress! + 100 && spare.count == 300)
        #expect(queue.takeSpare().isEmpty)
        // More than there is room for.
        append(25)
        sendAll()
        #expect(queue.takeSpare().count == 900)
    }

    @Test func onlyWholePagesAreGivenBack() {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        var address: UnsafeMutableRawPointer?
        #expect(clinux_map_anonymous(4 * page, false, &address) == 0)
        let bytes = UnsafeMutableRawBufferPointer(start: address, count: 4 * page)
        bytes.initializeMemory(as: UInt8.self, repeating: 1)
        clinux_give_back(address! + page - 1, 2)
        #expect(bytes.allSatisfy { $0 == 1 })
        clinux_give_back(address! + page - 1, 2 * page)
        #expect(bytes.indices.allSatisfy { bytes[$0] == ($0 / page == 1 ? 0 : 1) })
        #expect(clinux_unmap(address, 4 * page) == 0)
    }

    /// Some lines have a descriptor. However lines are dropped and sent in pieces, it goes with the first byte of its
    /// own line or, with that line, not at all.
    @Test func descriptorsGoWithTheirOwnLines() throws {
        var sentCount = 0
        var lostCount = 0
        for seed in 0..<300 {
            var random = SeededGenerator(seed: UInt64(seed))
            let longest = Int.random(in: 12...100, using: &random)
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
            var places: [Int] = []
            func send(_ most: Int) {
                hello.withUnsafeBytes { hello in
                    guard !queue.isEmpty(hello: hello), most > 0 else { return }
                    let bytes = queue.next(hello: hello)
                    if queue.isAtDescriptorLine(hello: hello) { places.append(received.count) }
                    received += bytes.prefix(most)
                    _ = queue.consumed(min(most, bytes.count), hello: hello)
                }
            }
            let greed = Int.random(in: 1...4, using: &random)
            var marked = 0
            for number in 0..<200 {
                let isMarked = !queue.hasDescriptorLine && Int.random(in: 0..<5, using: &random) == 0
                marked += isMarked ? 1 : 0
                var line = Array("\(isMarked ? "d" : "-")\(number) ".utf8)
                line += [UInt8](repeating: 0x78, count: Int.random(in: 0...longest - 7, using: &random)) + [0x0A]
                _ = line.withUnsafeBytes { queue.append($0, withDescriptor: isMarked) }
                for _ in 0..<Int.random(in: 0...greed, using: &random) {
                    send(Int.random(in: 0...longest, using: &random))
                }
            }
            while hello.withUnsafeBytes({ !queue.isEmpty(hello: $0) }) { send(17) }
            #expect(!queue.hasDescriptorLine)
            var expected: [Int] = []
            for place in received.indices where received[place] == UInt8(ascii: "d") && received[place - 1] == 0x0A {
                expected.append(place)
            }
            #expect(places == expected, "seed \(seed)")
            sentCount += places.count
            lostCount += marked - places.count
        }
        #expect(sentCount > 1000 && lostCount > 100)
    }
}
