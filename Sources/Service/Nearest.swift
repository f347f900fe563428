/// Of `candidates`, the one with the spelling closest to `word`, whatever the case of ASCII's letters; nil where none is like
/// it. For messages alone: it allocates.
public func nearest(to word: [UInt8], in candidates: some Sequence<[UInt8]>) -> [UInt8]? {
    let wanted = lowercased(word)
    // Longer ones cost too much, and are never typed.
    guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
    var minimum = min(2, wanted.count / 3) + 1
    var best: [UInt8]?
    for candidate in candidates where candidate.count < wanted.count + minimum && wanted.count < candidate.count + minimum {
        let distance = edits(wanted, lowercased(candidate), below: minimum)
        if distance < minimum { (minimum, best) = (distance, candidate) }
    }
    return best
}

/// With small letters in place of ASCII's capitals.
public func lowercased(_ word: [UInt8]) -> [UInt8] {
    word.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 0x20 : $0 }
}

/// Bytes to insert, remove or replace, or pairs to exchange, until one text is the other; `limit` for as many or more.
private func edits(_ first: [UInt8], _ second: [UInt8], below limit: Int) -> Int {
    var before: [Int] = []
    var row = Array(0...second.count)
    for i in first.indices {
        var next = [i + 1]
        for j in second.indices {
            var minimum = min(row[j] + (first[i] == second[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1)
            if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] { minimum = min(minimum, before[j - 1] + 1) }
            next.append(minimum)
        }
        if next.allSatisfy({ $0 >= limit }) { return limit }
        (before, row) = (row, next)
    }
    return min(row[second.count], limit)
}
