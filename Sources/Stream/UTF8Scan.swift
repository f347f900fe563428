/// Well-formed UTF-8 by table 3-7 of the Unicode standard.
enum UTF8Scan {
    /// The character at `index`, or the longest part of one ("maximal subpart") where it is broken.
    static func character(in bytes: UnsafeRawBufferPointer, at index: Int) -> (length: Int, isValid: Bool) {
        let wanted: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch bytes[index] {
        case 0x00...0x7F: return (1, true)
        case 0xC2...0xDF: wanted = 2
        case 0xE0: (wanted, second) = (3, 0xA0...0xBF)
        case 0xED: (wanted, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: wanted = 3
        case 0xF0: (wanted, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: wanted = 4
        case 0xF4: (wanted, second) = (4, 0x80...0x8F)
        default: return (1, false)
        }
        for offset in 1..<wanted {
            guard index + offset < bytes.count else { return (offset, false) }
            let range = offset == 1 ? second : 0x80...0xBF
            guard range.contains(bytes[index + offset]) else { return (offset, false) }
        }
        return (wanted, true)
    }
}
