import CLinux

/// One anonymous mapping that contains every buffer of a plan. Its pages are faulted in before the first frame, so that no
/// frame waits for that: by `init`, or by `populate`.
public struct Arena: ~Copyable {
    /// The first byte, at the start of a page. Valid as long as the arena lives, which unmaps it.
    public let base: UnsafeMutableRawPointer
    /// As asked for; the mapping ends at a whole page.
    public let byteCount: Int

    /// Maps `byteCount` zeroed bytes; `nil` when the system rejects that. A system that overcommits may do so only later, by
    /// ending a process: bound `byteCount` first.
    public init?(byteCount: Int, populated: Bool = true) {
        var address: UnsafeMutableRawPointer?
        guard clinux_map_anonymous(max(byteCount, 1), populated, &address) == 0, let address else { return nil }
        base = address
        self.byteCount = byteCount
    }

    /// Faults in the pages of an arena that began without them; nothing was written yet.
    public func populate() { clinux_populate(base, byteCount) }

    deinit {
        _ = clinux_unmap(base, max(byteCount, 1))
    }
}
