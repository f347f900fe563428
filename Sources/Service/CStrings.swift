/// A C string's bytes without the terminating null.
public func bytes(_ string: UnsafePointer<CChar>) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: string, count: clinux_string_length(string)))
}

/// Its UTF-8.
public func bytes(_ text: StaticString) -> [UInt8] {
    Array(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
}

/// The text as a C string, which stays.
public func cString(_ text: StaticString) -> UnsafePointer<CChar> {
    // Static strings end with a null.
    UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// A copy of `bytes` as a C string that is never given back: for what stays as long as the process.
public func cString(_ bytes: [UInt8]) -> UnsafePointer<CChar> {
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
    for (index, byte) in bytes.enumerated() { copy[index] = CChar(bitPattern: byte) }
    copy[bytes.count] = 0
    return UnsafePointer(copy)
}

/// `bytes` as a C string that lives as long as the array.
public func terminated(_ bytes: some Sequence<UInt8>) -> [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }

/// Whether the string is `literal`, which is in capitals, in whatever case.
public func equalIgnoringCase(_ string: UnsafePointer<CChar>, _ literal: StaticString) -> Bool {
    for index in 0..<literal.utf8CodeUnitCount {
        let byte = UInt8(bitPattern: string[index])
        let capital = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte - 0x20 : byte
        if capital != literal.utf8Start[index] { return false }
    }
    return string[literal.utf8CodeUnitCount] == 0
}

/// Whether the string is `literal`, byte for byte.
public func equal(_ string: UnsafePointer<CChar>, _ literal: StaticString) -> Bool {
    for index in 0..<literal.utf8CodeUnitCount
    where UInt8(bitPattern: string[index]) != literal.utf8Start[index] { return false }
    return string[literal.utf8CodeUnitCount] == 0
}
