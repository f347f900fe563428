/// The one buffer a file source reads into. Its address space contains the largest image; only pages that an image has
/// needed cost memory.
///
/// Files are read, not mapped: a file that another process truncates or rewrites gives a bad image then, where a
/// mapping would give SIGBUS, and memory does not grow with the length of a recording.
struct FrameBuffer: ~Copyable {
    let base: UnsafeMutableRawPointer
    let capacity: Int
    private(set) var count = 0

    init(capacity: Int) throws(CameraError) {
        var address: UnsafeMutableRawPointer?
        let error = clinux_map_anonymous(capacity, false, &address)
        guard error == 0, let address else { throw .outOfMemory(error) }
        base = address
        self.capacity = capacity
    }

    deinit { _ = clinux_unmap(base, capacity) }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    mutating func clear() { count = 0 }

    /// Drops the first bytes and moves the rest to the start.
    mutating func discard(_ first: Int) {
        guard first > 0 else { return }
        base.copyMemory(from: base + first, byteCount: count - first)
        count -= first
    }

    /// Appends what one read gives, at most `limit` bytes. `got` is 0 at the end of the file.
    mutating func read(from descriptor: Int32, atMost limit: Int, got: inout Int) -> Int32 {
        let error = clinux_read(descriptor, base + count, min(limit, capacity - count), &got)
        count += got
        return error
    }
}
