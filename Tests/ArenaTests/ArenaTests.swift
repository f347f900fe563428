import Arena
import Foundation
import Testing

@Suite struct ArenaTests {
    /// A huge page would make the first byte of a large, sparsely used mapping cost 2 MiB.
    @Test func aPageThatIsNotUsedCostsNothing() throws {
        guard let arena = Arena(byteCount: 8 << 20, populated: false) else {
            Issue.record("no memory")
            return
        }
        (arena.base + (5 << 20)).storeBytes(of: 1, as: UInt8.self)
        let address = UInt(bitPattern: arena.base)
        var isFound = false
        var isInside = false
        let file = try #require(fopen("/proc/self/smaps", "r"))
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 4096)
        while fgets(&buffer, Int32(buffer.count), file) != nil {
            let line = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
            let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
            if ends.count == 2 {
                isInside = ends[0] <= address && address < ends[1]
            } else if isInside, line.hasPrefix("VmFlags:") {
                isFound = true
                #expect(line.split(whereSeparator: \.isWhitespace).contains("nh"))
            }
        }
        #expect(isFound && arena.byteCount == 8 << 20)
    }
}
