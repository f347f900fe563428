/// What one client has yet to get: the rest of the hello line, a notice about lost lines, and a ring of lines.
///
/// Lines go in whole. When the ring is full its oldest whole lines make room; a line that is partly sent stays and is
/// finished, and a `dropped` line takes the place of those that are gone. No system calls, no allocation.
struct ClientQueue {
    /// Bytes of the longest notice.
    static let noticeCapacity = 64

    private let ring: UnsafeMutableRawPointer
    private let capacity: Int
    private let notice: UnsafeMutablePointer<UInt8>
    private var noticeCount = 0
    private var noticeSent = 0
    private var helloSent = 0
    private var head = 0
    private var count = 0
    /// The ring begins inside a line whose first part was sent.
    private var isMidLine = false
    /// Where the line that a descriptor goes with begins, in bytes from the ring's first; nil where there is none.
    private var descriptorLine: Int?
    /// Lines lost that the client does not know of yet.
    private var lost: UInt64 = 0
    /// Bytes of the longest line so far.
    private var longest = 0
    /// Bytes at the ring's start that have been in use since `takeSpare` last gave some away.
    private var used = 0

    /// - Parameters:
    ///   - ring: at least twice the longest line, so that a partly sent line and a new one always fit.
    ///   - notice: `noticeCapacity` bytes.
    init(ring: UnsafeMutableRawBufferPointer, notice: UnsafeMutablePointer<UInt8>) {
        self.ring = ring.baseAddress!
        capacity = ring.count
        self.notice = notice
    }

    /// Forgets everything: the next client begins with the hello line.
    mutating func reset() { self = ClientQueue(ring: .init(start: ring, count: capacity), notice: notice) }

    /// Appends a whole line. Returns how many lines were lost for it.
    /// - Parameter withDescriptor: a descriptor goes with it; there is no other such line in the queue.
    mutating func append(_ line: UnsafeRawBufferPointer, withDescriptor: Bool = false) -> Int {
        guard let source = line.baseAddress else { return 0 }
        let dropped = makeRoom(for: line.count)
        lost += UInt64(dropped)
        guard capacity - count >= line.count else {
            lost += 1
            return dropped + 1
        }
        if withDescriptor { descriptorLine = count }
        let start = wrapped(head + count)
        let first = min(line.count, capacity - start)
        (ring + start).copyMemory(from: source, byteCount: first)
        ring.copyMemory(from: source + first, byteCount: line.count - first)
        count += line.count
        longest = max(longest, line.count)
        used = max(used, min(start + line.count, capacity))
        return dropped
    }

    /// Whether there is nothing to send.
    func isEmpty(hello: UnsafeRawBufferPointer) -> Bool {
        helloSent == hello.count && noticeSent == noticeCount && lost == 0 && count == 0
    }

    /// The bytes to send next, one piece of memory.
    mutating func next(hello: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        if helloSent < hello.count { return UnsafeRawBufferPointer(rebasing: hello[helloSent...]) }
        if noticeSent == noticeCount, lost > 0, !isMidLine { writeNotice() }
        if noticeSent < noticeCount {
            return UnsafeRawBufferPointer(start: notice + noticeSent, count: noticeCount - noticeSent)
        }
        // The notice belongs right behind the line that is under way, a descriptor to the first byte of its own line.
        var end = lost > 0 ? lineLength(from: 0) : count
        if let descriptorLine { end = descriptorLine > 0 ? min(end, descriptorLine) : lineLength(from: 0) }
        return UnsafeRawBufferPointer(start: ring + head, count: min(end, capacity - head))
    }

    /// The first `sent` bytes of `next` are gone. Returns how many lines from the ring that completes.
    mutating func consumed(_ sent: Int, hello: UnsafeRawBufferPointer) -> Int {
        if helloSent < hello.count {
            helloSent += sent
            return 0
        }
        if noticeSent < noticeCount {
            noticeSent += sent
            return 0
        }
        guard sent > 0 else { return 0 }
        var lines = 0
        var offset = 0
        while offset < sent {
            offset += clinux_find_byte(ring + head + offset, sent - offset, newline) + 1
            if offset <= sent { lines += 1 }
        }
        isMidLine = ring.load(fromByteOffset: head + sent - 1, as: UInt8.self) != newline
        count -= sent
        // What was sent of its line has taken the descriptor along.
        descriptorLine = descriptorLine.flatMap { $0 >= sent && $0 > 0 ? $0 - sent : nil }
        // Starting over touches no more of the ring than a client that keeps up needs.
        head = count == 0 ? 0 : wrapped(head + sent)
        return lines
    }

    /// Whether a line waits whose descriptor has not been sent.
    var hasDescriptorLine: Bool { descriptorLine != nil }

    /// Whether what `next` has just given begins with such a line.
    func isAtDescriptorLine(hello: UnsafeRawBufferPointer) -> Bool {
        descriptorLine == 0 && noticeSent == noticeCount && helloSent == hello.count
    }

    // MARK: - Memory

    /// The unused part of the ring's memory, once a client that had fallen behind has caught up; empty otherwise.
    /// Its contents are no longer used.
    mutating func takeSpare() -> UnsafeMutableRawBufferPointer {
        guard count == 0, used > longest else { return UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        defer { used = longest }
        return UnsafeMutableRawBufferPointer(start: ring + longest, count: used - longest)
    }

    /// All of it, for when the client is gone.
    var memory: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: ring, count: capacity) }

    // MARK: - Dropping

    /// Leaves only the rest of a line that is partly sent. Returns how many lines were lost.
    mutating func dropWholeLines() -> Int {
        let kept = isMidLine ? lineLength(from: 0) : 0
        var end = kept
        var lines = 0
        while end < count {
            end += lineLength(from: end)
            lines += 1
        }
        count = kept
        descriptorLine = nil
        lost += UInt64(lines)
        return lines
    }

    private mutating func makeRoom(for needed: Int) -> Int {
        guard capacity - count < needed else { return 0 }
        let kept = isMidLine ? lineLength(from: 0) : 0
        var end = kept
        var lines = 0
        while capacity - count + (end - kept) < needed, end < count {
            end += lineLength(from: end)
            lines += 1
        }
        // The partly sent line moves up to the lines that stay, last byte first: the places overlap.
        let gap = end - kept
        for offset in stride(from: kept - 1, through: 0, by: -1) {
            let byte = ring.load(fromByteOffset: wrapped(head + offset), as: UInt8.self)
            ring.storeBytes(of: byte, toByteOffset: wrapped(head + offset + gap), as: UInt8.self)
        }
        if let place = descriptorLine { descriptorLine = place < end ? nil : place - gap }
        head = wrapped(head + gap)
        count -= gap
        return lines
    }

    /// Bytes from an offset into the queued bytes to the end of that line, newline included.
    private func lineLength(from offset: Int) -> Int {
        let start = wrapped(head + offset)
        let first = min(count - offset, capacity - start)
        let found = clinux_find_byte(ring + start, first, newline)
        if found < first { return found + 1 }
        let second = count - offset - first
        return min(first + clinux_find_byte(ring, second, newline) + 1, count - offset)
    }

    private func wrapped(_ offset: Int) -> Int { offset >= capacity ? offset - capacity : offset }

    private mutating func writeNotice() {
        noticeCount = 0
        put("{\"type\":\"dropped\",\"lines\":")
        var divisor: UInt64 = 1
        while lost / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            notice[noticeCount] = UInt8(ascii: "0") + UInt8(lost / divisor % 10)
            noticeCount += 1
            divisor /= 10
        }
        put("}\n")
        noticeSent = 0
        lost = 0
    }

    private mutating func put(_ text: StaticString) {
        for index in 0..<text.utf8CodeUnitCount {
            notice[noticeCount] = text.utf8Start[index]
            noticeCount += 1
        }
    }
}

private let newline = UInt8(ascii: "\n")
