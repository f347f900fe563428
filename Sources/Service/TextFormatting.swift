/// `bytes` as text; what is not UTF-8 becomes U+FFFD.
public func text<Bytes: Sequence>(_ bytes: Bytes) -> String where Bytes.Element == UInt8 {
    String(decoding: Array(bytes), as: UTF8.self)
}

/// A C string as text; what is not UTF-8 becomes U+FFFD.
public func text(_ string: UnsafePointer<CChar>) -> String { String(cString: string) }

/// `text` with a question mark for each control character (C0, DEL and C1): what a file or its name contains must neither
/// begin a line nor reach a terminal as an escape sequence.
public func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        result.unicodeScalars.append(isControl(scalar.value) ? "?" : scalar)
    }
    return result
}

private func isControl(_ value: UInt32) -> Bool { value < 0x20 || (0x7F...0x9F).contains(value) }

/// libc's words for an errno value.
public func errorText(_ error: Int32) -> String { String(cString: clinux_error_text(error)) }

/// `value` with exactly `decimals` (0...9) digits after the point; "nan", "inf" or "-inf" where it has none, and the
/// shortest exact notation beyond 10^9.
public func fixed(_ value: Double, decimals: Int) -> String {
    precondition((0...9).contains(decimals))
    guard value.isFinite, value.magnitude < 1e9 else { return "\(value)" }
    var unit: UInt64 = 1
    for _ in 0..<decimals { unit *= 10 }
    let scaled = UInt64(value.magnitude * Double(unit) + 0.5)
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(scaled)" }
    let fraction = "\(scaled % unit)"
    return "\(sign)\(scaled / unit).\(zeros(decimals - fraction.utf8.count))\(fraction)"
}

/// A size in bytes, KiB, MiB or GiB with one decimal.
public func byteCount(_ count: Int) -> String {
    let size = Double(count)
    if count < 1024 { return "\(count) bytes" }
    if count < 1 << 20 { return "\(fixed(size / 1024, decimals: 1)) KiB" }
    if count < 1 << 30 { return "\(fixed(size / 1_048_576, decimals: 1)) MiB" }
    return "\(fixed(size / 1_073_741_824, decimals: 1)) GiB"
}

/// The texts in a row, `separator` between them.
public func joined(_ texts: [String], by separator: String) -> String {
    var result = ""
    for (index, text) in texts.enumerated() { result += (index == 0 ? "" : separator) + text }
    return result
}

/// On which side of its column a text stands.
public enum Alignment: Sendable { case left, right }

/// `text` filled up with spaces to `width` columns; text that is wider stays as it is. A column is a Unicode scalar.
public func padded(_ text: String, to width: Int, _ alignment: Alignment = .left) -> String {
    let missing = width - text.unicodeScalars.count
    guard missing > 0 else { return text }
    let space = String(repeating: " " as Unicode.Scalar, count: missing)
    return alignment == .left ? text + space : space + text
}

private func zeros(_ count: Int) -> String { String(repeating: "0" as Unicode.Scalar, count: count) }

extension String {
    init(repeating scalar: Unicode.Scalar, count: Int) {
        self = String(repeating: String(scalar), count: count)
    }
}
