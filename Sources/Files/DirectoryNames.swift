import CLinux

/// The names in a directory that are wanted, in any order, at most `limit` of them; none where it cannot be read.
public func names(
    in directory: UnsafePointer<CChar>, limit: Int, where isWanted: (_ name: [UInt8]) -> Bool
) -> [[UInt8]] {
    var descriptor: Int32 = -1
    guard clinux_open_read(clinux_working_directory, directory, &descriptor) == 0 else { return [] }
    defer { _ = clinux_close(descriptor) }
    var listing: UnsafeMutableRawPointer?
    guard clinux_directory_open(descriptor, &listing) == 0, let listing else { return [] }
    defer { clinux_directory_close(listing) }
    var names: [[UInt8]] = []
    var entry: UnsafePointer<CChar>?
    while names.count < limit, clinux_directory_next(listing, &entry) == 0, let entry {
        let name = Array(UnsafeRawBufferPointer(start: entry, count: clinux_string_length(entry)))
        if isWanted(name) { names.append(name) }
    }
    return names
}
