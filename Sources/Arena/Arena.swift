import CLinux

/// One anonymous mapping that holds every buffer of a plan. `init` faults its pages in, so that no frame waits for that.
public struct Arena: ~Copyable {
    public let base: UnsafeMutableRawPointer
    public let byteCount: Int

    /// Maps `byteCount` zeroed bytes; `nil` when the system refuses. A system that overcommits may refuse only later, by
    /// ending a process: bound `byteCount` first.
    public init?(byteCount: Int) {
        var address: UnsafeMutableRawPointer?
        guard clinux_map_anonymous(max(byteCount, 1), true, &address) == 0, let address else { return nil }
        base = address
        self.byteCount = byteCount
    }

    deinit {
        _ = clinux_unmap(base, max(byteCount, 1))
    }
}
