import CLinux

/// A thread of the system, which its owner joins.
public struct Thread: Sendable {
    private let handle: clinux_thread

    /// What a thread runs, on its way there.
    private final class Start {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` on a new thread; what `body` refers to lives until it returns.
    /// - Parameters:
    ///   - name: at most 15 bytes, as `top -H` shows it.
    ///   - stackByteCount: the size of its stack.
    public init(
        _ name: StaticString, stackByteCount: Int, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        var handle: clinux_thread = 0
        let start = Unmanaged.passRetained(Start(body))
        let error = clinux_thread_start(
            UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self), stackByteCount,
            { start in
                Unmanaged<Start>.fromOpaque(start!).takeRetainedValue().body()
                return nil
            }, start.toOpaque(), &handle)
        guard error == 0 else {
            start.release()
            throw SystemError(.thread, error)
        }
        self.handle = handle
    }

    /// Waits for its end. Exactly once.
    public func join() { _ = clinux_thread_join(handle) }
}
