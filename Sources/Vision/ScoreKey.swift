/// A score and a position as one number whose ascending order is: higher scores first, then lower positions.
/// Scores are at least 0, where the bits of a float rise with its value.
struct ScoreKey: Comparable {
    private let bits: UInt64

    init(score: Float, index: Int) {
        bits = UInt64(~score.bitPattern) << 32 | UInt64(UInt32(index))
    }

    var score: Float { Float(bitPattern: ~UInt32(truncatingIfNeeded: bits >> 32)) }
    var index: Int { Int(bits & 0xFFFF_FFFF) }

    static func < (left: ScoreKey, right: ScoreKey) -> Bool { left.bits < right.bits }
}

/// Heapsort, ascending: in place, without recursion, and never worse than n log n (the standard library's sort
/// allocates).
func sortInPlace(_ keys: UnsafeMutableBufferPointer<ScoreKey>) {
    func sink(_ root: Int, end: Int) {
        var parent = root
        let key = keys[root]
        while true {
            var child = 2 * parent + 1
            if child >= end { break }
            if child + 1 < end, keys[child] < keys[child + 1] { child += 1 }
            if !(key < keys[child]) { break }
            keys[parent] = keys[child]
            parent = child
        }
        keys[parent] = key
    }
    var root = keys.count / 2
    while root > 0 {
        root -= 1
        sink(root, end: keys.count)
    }
    var end = keys.count
    while end > 1 {
        end -= 1
        keys.swapAt(0, end)
        sink(0, end: end)
    }
}
