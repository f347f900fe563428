import CLinux
import Service

let standardOutput: Int32 = 1
let standardError: Int32 = 2

/// Writes all of `text`. False when that failed: a full disk, or a reader that has gone.
@discardableResult
func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
}

@discardableResult
func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    guard let start = bytes.baseAddress else { return true }
    return clinux_write_all(descriptor, start, bytes.count) == 0
}
