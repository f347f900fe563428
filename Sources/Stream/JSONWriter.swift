/// Writes one line of JSON (RFC 8259) into a buffer of fixed size. It owns the buffer; nothing is allocated per line.
///
/// Containers and keys are the caller's to balance; commas come by themselves. What does not fit is not written, and
/// `line()` then throws.
public struct JSONWriter: ~Copyable {
    private let base: UnsafeMutablePointer<UInt8>
    /// Bytes of the longest line, the newline included.
    public let capacity: Int
    private var count = 0
    private var needsComma = false
    /// Something did not fit.
    public private(set) var hasOverflowed = false

    /// Takes the buffer, the only memory that is ever needed.
    public init(capacity: Int) {
        base = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { base.deallocate() }

    /// Begins a new line.
    public mutating func clear() {
        count = 0
        needsComma = false
        hasOverflowed = false
    }

    /// Ends the line. The bytes, newline included, are valid until the next call that writes.
    public mutating func line() throws(StreamError) -> UnsafeRawBufferPointer {
        append(0x0A)
        guard !hasOverflowed else { throw .lineTooLong(limit: capacity) }
        return UnsafeRawBufferPointer(start: base, count: count)
    }

    // MARK: - Taking back

    /// A place to go back to.
    public struct Mark {
        let count: Int
        fileprivate let needsComma: Bool
        fileprivate let hasOverflowed: Bool
    }

    /// Where the line stands now.
    public var mark: Mark { Mark(count: count, needsComma: needsComma, hasOverflowed: hasOverflowed) }

    /// Bytes of the line so far.
    var byteCount: Int { count }

    /// The line so far; valid until the next call that writes.
    var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Bytes left for the rest of the line.
    public var room: Int { capacity - count }

    /// Takes back what was written since `mark`, which is of the same line.
    public mutating func rewind(to mark: Mark) {
        count = mark.count
        needsComma = mark.needsComma
        hasOverflowed = mark.hasOverflowed
    }

    // MARK: - Structure

    /// As a value: of the key before it, or of the array that it stands in.
    public mutating func beginObject() { begin(UInt8(ascii: "{")) }
    /// Closes the object that was begun last.
    public mutating func endObject() { end(UInt8(ascii: "}")) }
    /// As a value: of the key before it, or of the array that it stands in.
    public mutating func beginArray() { begin(UInt8(ascii: "[")) }
    /// Closes the array that was begun last.
    public mutating func endArray() { end(UInt8(ascii: "]")) }

    /// `name` is written as it is: it must not need escapes.
    public mutating func key(_ name: StaticString) {
        separate()
        append(UInt8(ascii: "\""))
        append(Self.bytes(name))
        append(UInt8(ascii: "\""))
        append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A name that is not known beforehand, UTF-8.
    public mutating func key(_ name: [UInt8]) { name.withUnsafeBytes { key($0) } }

    /// The same for a buffer of bytes.
    public mutating func key(_ name: UnsafeRawBufferPointer) {
        string(name)
        append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        append(bracket)
        needsComma = true
    }

    // MARK: - Members

    /// A key and its value.
    public mutating func integer(_ name: StaticString, _ value: Int) { member(name) { $0.integer(value) } }
    /// A key and its value.
    public mutating func integer(_ name: StaticString, _ value: UInt64) { member(name) { $0.integer(value) } }
    /// A key and its value, with that many decimals.
    public mutating func decimal(_ name: StaticString, _ value: Double, decimals: Int) {
        member(name) { $0.decimal(value, decimals: decimals) }
    }
    /// A key and nanoseconds as seconds.
    public mutating func seconds(_ name: StaticString, nanoseconds: UInt64) {
        member(name) { $0.seconds(nanoseconds: nanoseconds) }
    }
    /// A key and its value.
    public mutating func boolean(_ name: StaticString, _ value: Bool) { member(name) { $0.boolean(value) } }
    /// A key and its value.
    public mutating func string(_ name: StaticString, _ text: StaticString) { member(name) { $0.string(text) } }
    /// A key and its value.
    public mutating func string(_ name: StaticString, _ bytes: [UInt8]) { member(name) { $0.string(bytes) } }
    /// A key and its value.
    public mutating func string(_ name: StaticString, _ bytes: UnsafeRawBufferPointer) { member(name) { $0.string(bytes) } }
    /// A key, and the beginning of its value.
    public mutating func beginArray(_ name: StaticString) { member(name) { $0.beginArray() } }
    /// A key, and the beginning of its value.
    public mutating func beginObject(_ name: StaticString) { member(name) { $0.beginObject() } }

    private mutating func member(_ name: StaticString, _ value: (inout JSONWriter) -> Void) {
        key(name)
        value(&self)
    }

    // MARK: - Values

    /// A value that is not known.
    public mutating func null() { literal("null") }
    /// true or false.
    public mutating func boolean(_ value: Bool) { literal(value ? "true" : "false") }

    /// All digits: readers that take numbers for doubles lose those beyond 2^53.
    public mutating func integer(_ value: Int) {
        separate()
        if value < 0 { append(UInt8(ascii: "-")) }
        digits(UInt64(value.magnitude), atLeast: 1)
    }

    /// The same for what is never negative.
    public mutating func integer(_ value: UInt64) {
        separate()
        digits(value, atLeast: 1)
    }

    /// `value` with exactly `decimals` (0...9) digits after the point, the nearest such number, halves away from zero.
    /// JSON has no word for NaN and infinity: they become null, as does what is beyond 2^63 in units of the last digit.
    public mutating func decimal(_ value: Double, decimals: Int) {
        var unit: UInt64 = 1
        for _ in 0..<decimals { unit *= 10 }
        let scaled = value.magnitude * Double(unit) + 0.5
        guard scaled < 0x1p63 else { return null() }
        let number = UInt64(scaled)
        separate()
        if value < 0, number > 0 { append(UInt8(ascii: "-")) }
        digits(number / unit, atLeast: 1)
        guard decimals > 0 else { return }
        append(UInt8(ascii: "."))
        digits(number % unit, atLeast: decimals)
    }

    /// Nanoseconds as seconds with six decimals, cut, not rounded: two clocks read at once stay in step.
    public mutating func seconds(nanoseconds: UInt64) {
        separate()
        digits(nanoseconds / 1_000_000_000, atLeast: 1)
        append(UInt8(ascii: "."))
        digits(nanoseconds % 1_000_000_000 / 1000, atLeast: 6)
    }

    mutating func fourcc(_ name: StaticString, _ code: UInt32) { member(name) { $0.fourcc(code) } }

    /// A fourcc of V4L2 as text; some formats have fewer letters: "Y8  ". Nothing is allocated.
    mutating func fourcc(_ code: UInt32) {
        var letters: InlineArray<4, UInt8> = [0, 0, 0, 0]
        var length = 0
        for index in 0..<4 {
            letters[index] = UInt8(truncatingIfNeeded: code >> UInt32(8 * index))
            if letters[index] != 0x20 { length = index + 1 }
        }
        withUnsafeBytes(of: letters) { string(UnsafeRawBufferPointer(rebasing: $0[..<length])) }
    }

    /// A value that is JSON already.
    public mutating func value(_ json: UnsafeRawBufferPointer) {
        separate()
        append(json)
        needsComma = true
    }

    /// The same as for bytes.
    public mutating func string(_ text: StaticString) { string(Self.bytes(text)) }

    /// The same as for a buffer of bytes.
    public mutating func string(_ bytes: [UInt8]) { bytes.withUnsafeBytes { string($0) } }
    /// The same as for a buffer of bytes.
    public mutating func string(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { string($0) } }

    /// UTF-8 text. What is not UTF-8 becomes U+FFFD, one for each maximal part of a character.
    public mutating func string(_ bytes: UnsafeRawBufferPointer) {
        separate()
        append(UInt8(ascii: "\""))
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x80 {
                escaped(byte)
                index += 1
                continue
            }
            let (length, isValid) = UTF8Scan.character(in: bytes, at: index)
            append(isValid ? UnsafeRawBufferPointer(rebasing: bytes[index..<index + length]) : Self.bytes("\u{FFFD}"))
            index += length
        }
        append(UInt8(ascii: "\""))
        needsComma = true
    }

    // MARK: - Bytes

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            append(UInt8(ascii: "\\"))
            append(byte)
        case 0x0A:
            append(UInt8(ascii: "\\"))
            append(UInt8(ascii: "n"))
        case 0..<0x20:
            append(Self.bytes("\\u00"))
            append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
            let low = byte & 15
            append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
        default:
            append(byte)
        }
    }

    private mutating func digits(_ value: UInt64, atLeast width: Int) {
        var divisor: UInt64 = 1
        var length = 1
        while value / divisor >= 10 || length < width {
            divisor *= 10
            length += 1
        }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
        needsComma = true
    }

    private mutating func literal(_ text: StaticString) { value(Self.bytes(text)) }

    private static func bytes(_ text: StaticString) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    private mutating func separate() {
        if needsComma { append(UInt8(ascii: ",")) }
    }

    private mutating func append(_ byte: UInt8) {
        guard count < capacity else {
            hasOverflowed = true
            return
        }
        base[count] = byte
        count += 1
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= capacity - count else {
            hasOverflowed = true
            return
        }
        guard let source = bytes.baseAddress else { return }
        UnsafeMutableRawPointer(base + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }
}
