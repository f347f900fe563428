import CLinux

/// One anonymous mapping that holds every buffer of a plan. Its pages are in memory before `init` returns, so that no
/// frame waits for a page fault.
public struct Arena: ~Copyable {
    public let base: UnsafeMutableRawPointer
    public let byteCount: Int

    /// Maps `byteCount` zeroed bytes; `nil` when the system has no memory for them.
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
